//! Makes a change of one version of a file in another version of it.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Makes the change from `before` to `after` in `other`. None if `other` does not have the same lines
/// where something changes, and one line around that.
#[must_use]
pub fn merge(before: &[u8], after: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    if before == other {
        return Some(after.to_owned());
    }
    let (before, after, other) = (lines(before), lines(after), lines(other));
    let same = capture_diff_slices(Algorithm::Myers, &before, &other);
    let mut merged: Vec<&[u8]> = Vec::new();
    let mut copied = 0;
    for change in capture_diff_slices(Algorithm::Myers, &before, &after) {
        if matches!(change, DiffOp::Equal { .. }) {
            continue;
        }
        let place = locate(&change.old_range(), before.len(), other.len(), &same)?;
        merged.extend(&other[copied..place.start]);
        merged.extend(&after[change.new_range()]);
        copied = place.end;
    }
    merged.extend(&other[copied..]);
    Some(merged.concat())
}

fn lines(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').collect()
}

/// The place of some lines of one version in another one, where they and their neighbours are equal in
/// both.
fn locate(
    changed: &Range<usize>,
    length: usize,
    other_length: usize,
    same: &[DiffOp],
) -> Option<Range<usize>> {
    let around = changed.start.saturating_sub(1)..(changed.end + 1).min(length);
    same.iter().find_map(|part| {
        let DiffOp::Equal { old_index, new_index, len } = *part else { return None };
        let is_inside = old_index <= around.start && around.end <= old_index + len;
        // The first and the last line have a neighbour less, so nothing may stand there.
        let is_start_same = changed.start > 0 || new_index == 0;
        let is_end_same = changed.end < length || new_index + len == other_length;
        if !(is_inside && is_start_same && is_end_same) {
            return None;
        }
        let start = changed.start - old_index + new_index;
        Some(start..start + changed.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(before: &str, after: &str, other: &str) -> Option<String> {
        let merged = merge(before.as_bytes(), after.as_bytes(), other.as_bytes());
        merged.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    const BEFORE: &str = "1\n2\n3\n4\n5\n6\n";

    #[test]
    fn a_change_is_made_where_the_lines_are_the_same() {
        let after = "1\nTWO\n3\n4\n5\n6\n";
        assert_eq!(merged(BEFORE, after, BEFORE).unwrap(), after);
        let other = "1\n2\n3\n4\nfive\n6\nseven\n";
        assert_eq!(merged(BEFORE, after, other).unwrap(), "1\nTWO\n3\n4\nfive\n6\nseven\n");
        let other = "0\n1\n2\n3\n4\n5\n6\n";
        assert_eq!(merged(BEFORE, after, other).unwrap(), "0\n1\nTWO\n3\n4\n5\n6\n");
    }

    #[test]
    fn a_change_is_refused_where_the_lines_or_their_neighbours_differ() {
        let after = "1\n2\nTHREE\n4\n5\n6\n";
        for other in [
            "1\n2\nthree\n4\n5\n6\n",
            "1\ntwo\n3\n4\n5\n6\n",
            "1\n2\n3\nfour\n5\n6\n",
            "1\n2\nnew\n3\n4\n5\n6\n",
            "",
            "other\n",
        ] {
            assert_eq!(merged(BEFORE, after, other), None, "{other:?}");
        }
    }

    #[test]
    fn the_ends_of_a_file_have_to_be_the_same_as_well() {
        let (first, last) = ("0\n1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\n6\n7\n");
        assert_eq!(merged(BEFORE, first, "new\n1\n2\n3\n4\n5\n6\n"), None);
        assert_eq!(merged(BEFORE, last, "1\n2\n3\n4\n5\n6\nnew\n"), None);
        assert_eq!(
            merged(BEFORE, first, "1\n2\n3\n4\n5\n6\nnew\n").unwrap(),
            "0\n1\n2\n3\n4\n5\n6\nnew\n"
        );
    }

    #[test]
    fn a_missing_last_line_end_is_a_difference_like_any_other() {
        assert_eq!(merged("a\nb", "a\nb\n", "x\na\nb"), Some("x\na\nb\n".to_owned()));
        assert_eq!(merged("a\nb", "a\nb\n", "a\nb\n"), None);
    }

    #[test]
    fn every_line_that_the_change_does_not_name_stays() {
        let before: Vec<String> = (0..60).map(|number| format!("{number}\n")).collect();
        let mut seed: u64 = 7;
        let mut dice = |sides: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(seed >> 33).unwrap() % sides
        };
        let mut made = 0;
        for _ in 0..500 {
            let (mut after, mut other) = (before.clone(), before.clone());
            for _ in 0..1 + dice(3) {
                let at = dice(after.len());
                after[at] = format!("fixed {at}\n");
            }
            for round in 0..1 + dice(3) {
                let at = dice(other.len());
                other.insert(at, format!("edited {round}\n"));
            }
            let Some(merged) = merged(&before.concat(), &after.concat(), &other.concat()) else {
                continue;
            };
            made += 1;
            let count = |text: &str, what: &str| text.matches(what).count();
            assert_eq!(count(&merged, "edited"), count(&other.concat(), "edited"));
            assert_eq!(count(&merged, "fixed"), count(&after.concat(), "fixed"));
            assert_eq!(merged.lines().count(), other.len());
        }
        assert!(made > 200, "{made}");
    }
}

//! Compares two contents of a file by their lines.
//!
//! Git converts some contents on their way into the work tree. Two of these conversions are known
//! here, because they must not make every line a changed one: line endings, and the value of `$Id$`.
//! Nothing else is converted. A line that a filter of git made different counts as changed.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Instant;

use similar::{Algorithm, DiffOp};

use super::FileChange;

/// The length in bytes of the largest file that is compared by lines.
pub const MAX_LENGTH: u64 = 64 * 1024 * 1024;

/// Characters at which some tools begin a new line and others do not: a carriage return alone is
/// handled with the lines. In such a file, line numbers are not comparable.
const OTHER_ENDS: [&[u8]; 8] = [
    b"\x0b",
    b"\x0c",
    b"\x1c",
    b"\x1d",
    b"\x1e",
    "\u{85}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{2029}".as_bytes(),
];

/// A line, and whether it has an end.
#[derive(PartialEq, Eq, Hash)]
struct Line<'a>(Cow<'a, [u8]>, bool);

/// The lines of `new` that differ from `old`. What is not compared when the deadline passes counts
/// as changed.
#[must_use]
pub fn compare_contents(old: &[u8], new: &[u8], deadline: Instant) -> FileChange {
    if old == new {
        return FileChange::Unchanged;
    }
    let (Some(new), old) = (split_lines(new), split_lines(old).unwrap_or_default()) else {
        return FileChange::Whole;
    };
    let mut lines = Vec::new();
    let operations =
        similar::capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(deadline));
    for operation in operations {
        if let DiffOp::Insert { new_index, new_len, .. }
        | DiffOp::Replace { new_index, new_len, .. } = operation
        {
            let number = |index| u32::try_from(index).unwrap_or(u32::MAX);
            lines.push(number(new_index + 1)..=number(new_index + new_len));
        }
    }
    if lines.is_empty() && old.len() == new.len() {
        return FileChange::Unchanged;
    }
    FileChange::Lines(lines)
}

/// The lines of a content; none if tools count them differently.
fn split_lines(content: &[u8]) -> Option<Vec<Line<'_>>> {
    let mut lines = Vec::new();
    for text in content.split_inclusive(|byte| *byte == b'\n') {
        let (text, has_end) = match text.strip_suffix(b"\n") {
            Some(text) => (text.strip_suffix(b"\r").unwrap_or(text), true),
            None => (text, false),
        };
        if text.contains(&b'\r') {
            return None;
        }
        lines.push(Line(without_id(text), has_end));
    }
    let has = |end: &[u8]| content.windows(end.len()).any(|part| part == end);
    (!OTHER_ENDS.iter().any(|end| has(end))).then_some(lines)
}

/// A line as git stores it: `$Id: HASH $` becomes `$Id$`. Any other value is the author's own text.
fn without_id(line: &[u8]) -> Cow<'_, [u8]> {
    let mut stored = Cow::Borrowed(line);
    while let Some(value) = find_id(&stored) {
        stored.to_mut().drain(value);
    }
    stored
}

/// The place of `: HASH ` in the first `$Id: HASH $`.
fn find_id(line: &[u8]) -> Option<Range<usize>> {
    const START: &[u8] = b"$Id: ";
    for at in 0..line.len().saturating_sub(START.len()) {
        let Some(rest) = line[at..].strip_prefix(START) else { continue };
        let length = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if [40, 64].contains(&length) && rest[length..].starts_with(b" $") {
            return Some(at + 3..at + START.len() + length + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn compare(old: &str, new: &str) -> FileChange {
        let deadline = Instant::now() + Duration::from_secs(60);
        compare_contents(old.as_bytes(), new.as_bytes(), deadline)
    }

    fn lines<const N: usize>(lines: [(u32, u32); N]) -> FileChange {
        FileChange::Lines(lines.map(|(first, last)| first..=last).into())
    }

    #[test]
    fn lines_are_those_that_are_there_now() {
        assert_eq!(compare("1\n2\n3\n", "1\n2\n3\n"), FileChange::Unchanged);
        assert_eq!(compare("1\n2\n3\n", "1\nb\nc\n3\n"), lines([(2, 3)]));
        assert_eq!(compare("1\n2\n3\n", "0\n1\n2\n3\n4\n"), lines([(1, 1), (5, 5)]));
        assert_eq!(compare("1\n2\n3\n", "1\n3\n"), lines([]));
        assert_eq!(compare("", "1\n2\n"), lines([(1, 2)]));
        assert_eq!(compare("1\n", ""), lines([]));
    }

    #[test]
    fn a_line_that_loses_its_end_has_changed() {
        assert_eq!(compare("1\n2\n", "1\n2"), lines([(2, 2)]));
        assert_eq!(compare("1\n2", "1\n2\n"), lines([(2, 2)]));
        assert_eq!(compare("1\n2\n", "1\n2\r"), FileChange::Whole);
    }

    #[test]
    fn other_line_endings_change_no_line() {
        assert_eq!(compare("1\n2\n", "1\r\n2\r\n"), FileChange::Unchanged);
        assert_eq!(compare("1\r\n2\r\n", "1\nb\n"), lines([(2, 2)]));
    }

    #[test]
    fn the_whole_file_has_changed_where_tools_count_its_lines_differently() {
        for end in ["\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\u{85}", "\u{2028}", "\u{2029}"]
        {
            let new = format!("1\n2{end}3\n4\n");
            assert_eq!(compare("1\n4\n", &new), FileChange::Whole, "{end:?}");
            assert_eq!(compare(&new, &new), FileChange::Unchanged, "{end:?}");
            assert_eq!(compare(&new, "1\n"), lines([(1, 1)]), "{end:?}");
        }
    }

    #[test]
    fn the_hash_that_git_writes_for_an_id_changes_no_line() {
        let hash = "0123456789abcdef0123456789abcdef01234567";
        let expanded = format!("x\n# $Id: {hash} $ and $Id: {hash} $\n");
        assert_eq!(compare("x\n# $Id$ and $Id$\n", &expanded), FileChange::Unchanged);
        for own in ["$Id: rm -rf x $", "$Id: $", "$Id: 0123 $", "$Id"] {
            assert_eq!(compare("$Id$\n", &format!("{own}\n")), lines([(1, 1)]), "{own}");
        }
    }

    #[test]
    fn the_deadline_ends_a_comparison_with_more_changed_lines() {
        let old: String = (0..20_000).map(|line| format!("{}\n", line * 7 % 10_007)).collect();
        let new: String = (0..20_000).map(|line| format!("{}\n", line * 5 % 10_007)).collect();
        let FileChange::Lines(lines) =
            compare_contents(old.as_bytes(), new.as_bytes(), Instant::now())
        else {
            panic!("lines have changed")
        };
        assert!(!lines.is_empty());
    }
}

//! Unified diffs of the changes of fixes.
//!
//! `git apply` and `patch -p1` can apply them: the bytes are unchanged, in any encoding, and paths
//! start with `a/` and `b/`.

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

/// The number of context lines.
const CONTEXT: usize = 3;

/// The marker of a last line without a line feed.
const NO_NEWLINE: &[u8] = b"\n\\ No newline at end of file\n";

/// Renders the difference between two contents of a file; empty if they are equal.
#[must_use]
pub fn unified(path: &str, before: &[u8], after: &[u8]) -> Vec<u8> {
    if before == after {
        return Vec::new();
    }
    if [before, after].iter().any(|content| content.contains(&0)) {
        return format!("Binary files a/{path} and b/{path} differ\n").into_bytes();
    }
    let (before, after) = (lines(before), lines(after));
    let changes = capture_diff_slices(Algorithm::Myers, &before, &after);
    // A tab marks the end of a name that contains a blank.
    let end = if path.contains(' ') { "\t" } else { "" };
    let mut diff = format!("--- a/{path}{end}\n+++ b/{path}{end}\n").into_bytes();
    for group in group_diff_ops(changes, CONTEXT) {
        diff.extend(hunk(&group, &before, &after));
    }
    diff
}

fn lines(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').collect()
}

fn hunk(changes: &[DiffOp], before: &[&[u8]], after: &[&[u8]]) -> Vec<u8> {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else {
        return Vec::new();
    };
    let old = first.old_range().start..last.old_range().end;
    let new = first.new_range().start..last.new_range().end;
    let mut hunk = format!("@@ -{} +{} @@\n", span(&old), span(&new)).into_bytes();
    for change in changes {
        let (old, new) = (&before[change.old_range()], &after[change.new_range()]);
        match change.tag() {
            DiffTag::Equal => mark(&mut hunk, b' ', old),
            DiffTag::Delete | DiffTag::Insert | DiffTag::Replace => {
                mark(&mut hunk, b'-', old);
                mark(&mut hunk, b'+', new);
            }
        }
    }
    hunk
}

/// The first line and number of lines. For an empty span, the line before it.
fn span(range: &std::ops::Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        length => format!("{},{length}", range.start + 1),
    }
}

fn mark(hunk: &mut Vec<u8>, mark: u8, lines: &[&[u8]]) {
    for line in lines {
        hunk.push(mark);
        hunk.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            hunk.extend_from_slice(NO_NEWLINE);
        }
    }
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;

    fn shown(before: &str, after: &str) -> String {
        String::from_utf8(unified("src/a.py", before.as_bytes(), after.as_bytes())).unwrap()
    }

    #[test]
    fn a_change_stands_between_three_lines_of_context() {
        assert_data_eq!(
            shown("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            str![[r#"
--- a/src/a.py
+++ b/src/a.py
@@ -2,7 +2,7 @@
 2
 3
 4
-5
+five
 6
 7
 8

"#]]
        );
    }

    #[test]
    fn a_last_line_that_does_not_end_is_told_and_a_lone_return_ends_no_line() {
        assert_eq!(
            shown("a\rb", "a\rb\n"),
            "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-a\rb\n\\ No newline at end of file\n\
             +a\rb\n"
        );
    }

    #[test]
    fn what_is_added_to_nothing_comes_behind_line_zero() {
        assert_eq!(shown("", "x\n"), "--- a/src/a.py\n+++ b/src/a.py\n@@ -0,0 +1 @@\n+x\n");
        assert_eq!(shown("x\r\n", ""), "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +0,0 @@\n-x\r\n");
        assert_eq!(shown("same", "same"), "");
    }

    #[test]
    fn bytes_stay_as_they_are_and_what_is_no_text_is_only_named() {
        let latin = unified("a.py", b"x = '\xe9'\n", b"x = \"\xe9\"\n");
        assert!(latin.ends_with(b"-x = '\xe9'\n+x = \"\xe9\"\n"));
        let binary = unified("a.bin", b"\0", b"\0\0");
        assert_eq!(binary, b"Binary files a/a.bin and b/a.bin differ\n");
    }
}

use super::*;

fn only(diff: &str) -> Finding {
    let parsed = parse(diff.as_bytes());
    assert_eq!(parsed.unread, [] as [&str; 0]);
    assert_eq!(parsed.findings.len(), 1);
    parsed.findings.into_iter().next().unwrap()
}

fn edits(finding: &Finding) -> Vec<(u32, u32, u32, u32, &str)> {
    let fix = finding.fix.as_ref().unwrap();
    fix.edits
        .iter()
        .map(|edit| {
            let content = edit.content.as_str();
            (edit.line, edit.column, edit.end_line, edit.end_column, content)
        })
        .collect()
}

#[test]
fn a_hunk_is_its_changed_lines_not_their_context() {
    let finding = only("--- a.py\n+++ a.py\n@@ -4,5 +4,5 @@\n d\n-e\n f\n-g\n+G\n h\n+i\n");
    assert_eq!((finding.place.line, finding.place.end_line), (5, Some(9)));
    let expected = [(5, 1, 6, 1, ""), (7, 1, 8, 1, "G\n"), (9, 1, 9, 1, "i\n")];
    assert_eq!(edits(&finding), expected);
}

#[test]
fn a_last_line_without_an_end_ends_at_its_last_character() {
    let no_end = "\\ No newline at end of file";
    let diff = format!("--- a.py\n+++ a.py\n@@ -1 +1 @@\n-é=1\n{no_end}\n+é = 1\n");
    let finding = only(&diff);
    assert_eq!((finding.place.line, finding.place.end_line), (1, Some(1)));
    assert_eq!(edits(&finding), [(1, 1, 1, 4, "é = 1\n")]);

    let diff = format!("--- a.py\n+++ a.py\n@@ -1 +1 @@\n-a\n+b\n{no_end}\n");
    assert_eq!(edits(&only(&diff)), [(1, 1, 2, 1, "b")]);
}

#[test]
fn line_ends_of_the_file_stay_in_its_edits() {
    let finding = only("--- a.py\tnow\r\n+++ a.py\tnow\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n");
    assert_eq!(finding.place.path, "a.py");
    assert_eq!(edits(&finding), [(1, 1, 2, 1, "b\r\n")]);
}

#[test]
fn lines_that_look_like_headers_are_lines() {
    let finding = only("--- a.py\n+++ a.py\n@@ -1,2 +1 @@\n--- x\n-+++ y\n++++ z\n");
    assert_eq!(edits(&finding), [(1, 1, 3, 1, "+++ z\n")]);
}

#[test]
fn a_cell_of_a_notebook_is_named() {
    let finding = only("--- n.ipynb:cell 3\n+++ n.ipynb:cell 3\n@@ -1 +1 @@\n-x=1\n+x = 1\n");
    assert_eq!(finding.place, Place::line("n.ipynb", 1));
    assert_eq!(finding.message, "cell 3, line 1: would be reformatted");
    assert_eq!(finding.fix, None);
}

#[test]
fn what_is_cut_off_is_unread() {
    let parsed = parse(b"noise\n--- a.py\n+++ a.py\n@@ -1,9 +1,9 @@\n-a\n");
    assert_eq!(parsed.findings, []);
    assert_eq!(parsed.unread, ["noise", "the hunk `@@ -1,9 +1,9 @@` of `a.py` is cut off"]);
}

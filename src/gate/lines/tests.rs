use super::*;

fn touched(changed: &ChangedLines, path: &str) -> Vec<u32> {
    let place = |line| Place { column: Some(1), ..Place::line(path, line) };
    (1..20).filter(|line| changed.touch(&place(*line))).collect()
}

#[test]
fn lines_are_those_that_are_there_now() {
    let changed = ChangedLines::of_diff(
        b"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -2 +2,2 @@ def f():\n-x\n+y\n+z\n\
          @@ -9,3 +11,0 @@\n-a\n-b\n-c\n@@ -20 +19 @@\n-p\n\\ No newline at end of file\n+q\n",
    );
    assert_eq!(touched(&changed, "a.py"), [2, 3, 19]);
    assert!(touched(&changed, "b.py").is_empty());
}

#[test]
fn a_line_that_looks_like_a_header_is_text() {
    let changed = ChangedLines::of_diff(
        b"+++ b/a.py\n@@ -1,2 +1,2 @@\n--- b/old.py\n-x\n+++ b/evil.py\n+@@ -1 +9 @@\n@@ -7 +7 @@\n-x\n+y\n",
    );
    assert_eq!(touched(&changed, "a.py"), [1, 2, 7]);
    assert!(touched(&changed, "evil.py").is_empty());
}

#[test]
fn a_file_that_is_gone_has_no_lines() {
    let changed = ChangedLines::of_diff(
        b"diff --git a/a.py b/a.py\n--- a/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
    );
    assert_eq!(changed, ChangedLines::default());
}

#[test]
fn odd_names_are_read_as_git_writes_them() {
    assert_eq!(path("b/odd name \u{e9}.py\t").as_deref(), Some("b/odd name é.py"));
    assert_eq!(path(r#""b/a\"b\\\303\251\t.py""#).as_deref(), Some("b/a\"b\\é\t.py"));
    assert_eq!(path(r#""b/broken\3""#), None);
    assert_eq!(path("/dev/null"), None);
}

#[test]
fn a_renamed_file_has_changed_as_a_file_and_in_no_line() {
    let changed = ChangedLines::of_diff(
        b"diff --git a/a.py b/b.py\nsimilarity index 100%\nrename from a.py\nrename to b.py\n",
    );
    assert!(touched(&changed, "b.py").is_empty());
    assert!(changed.touch(&Place::line("b.py", 1)));
}

#[test]
fn every_line_of_a_new_file_has_changed() {
    let mut changed = ChangedLines::default();
    changed.add_new("odd é\n.py\0b.py\0".as_bytes());
    assert_eq!(touched(&changed, "odd é\n.py").len(), 19);
    assert_eq!(touched(&changed, "b.py").len(), 19);
}

use super::*;

fn touched(changed: &ChangedLines, path: &str) -> Vec<u32> {
    let place = |line| Place { column: Some(1), ..Place::line(path, line) };
    (1..20).filter(|line| changed.touch(&place(*line))).collect()
}

fn changed<const N: usize>(files: [(&str, FileChange); N]) -> ChangedLines {
    let mut changed = ChangedLines::new(vec![ProjectPath::new("src").unwrap()]);
    for (path, change) in files {
        changed.insert(path, change);
    }
    changed
}

#[test]
fn only_the_lines_of_a_file_count_that_changed() {
    let lines = FileChange::Lines(vec![2..=3, 19..=40]);
    let changed = changed([("src/a.py", lines), ("src/b.py", FileChange::Unchanged)]);
    assert_eq!(touched(&changed, "src/a.py"), [2, 3, 19]);
    assert!(touched(&changed, "src/b.py").is_empty());
    assert!(!changed.touch(&Place::line("src/b.py", 1)));
}

#[test]
fn a_renamed_file_has_changed_as_a_file_and_in_no_line() {
    let changed = changed([("src/b.py", FileChange::Lines(Vec::new()))]);
    assert!(touched(&changed, "src/b.py").is_empty());
    assert!(changed.touch(&Place::line("src/b.py", 1)));
}

#[test]
fn every_line_of_a_new_file_below_the_sources_has_changed() {
    let changed = changed([
        ("src/c.py", FileChange::Whole),
        ("src/inner", FileChange::Submodule),
        ("src/folder", FileChange::Unchanged),
    ]);
    for new in ["src/odd é\n.py", "src/c.py", "src/folder/x.py", "src"] {
        assert_eq!(touched(&changed, new).len(), 19, "{new}");
    }
    for other in ["srcs/a.py", "elsewhere.py", "src/inner", "src/inner/a/b.py"] {
        assert!(touched(&changed, other).is_empty(), "{other}");
    }
    assert_eq!(touched(&ChangedLines::new(vec![ProjectPath::root()]), "a.py").len(), 19);
    assert!(ChangedLines::default().touch(&Place::line("", 1)));
}

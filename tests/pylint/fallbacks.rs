//! Whatever the worker cannot be sure of, every file is linted, and the answer is right.

use std::fs;

use crate::Test;
use crate::project::{Project, copy_package};

pub(crate) const TESTS: &[Test] = &[
    ("what_was_left_is_damaged", what_was_left_is_damaged),
    ("a_configuration_among_the_files_has_changed", a_configuration_among_the_files_has_changed),
    ("a_plugin_comes_from_elsewhere", a_plugin_comes_from_elsewhere),
    ("something_went_wrong_in_a_file", something_went_wrong_in_a_file),
    ("astroid_is_not_the_one_that_is_known", astroid_is_not_the_one_that_is_known),
];

const FILES: &[(&str, &str)] =
    &[("a.py", "VALUE = 1\n"), ("b.py", "from a import VALUE, OTHER\n\nprint(VALUE, OTHER)\n")];

/// A project that was looked at once, and then changed.
fn edited() -> Project {
    let project = Project::of(FILES);
    project.agrees();
    project.write("a.py", "VALUE = OTHER = 1\n");
    project
}

fn what_was_left_is_damaged() {
    let project = edited();
    for left in ["AAAA", "no base64", ""] {
        project.leave(left);
        assert!(project.agrees().cold.contains("earlier run"));
    }
    let mut left = project.left();
    left.truncate(left.len() / 8 * 4);
    project.leave(&left);
    assert_eq!(project.agrees().cold, "what is known of an earlier run is damaged");
}

fn a_configuration_among_the_files_has_changed() {
    let project = edited();
    project.write("pyproject.toml", "[tool.pylint.main]\n");
    assert!(project.agrees().cold.contains("the configuration"));
}

fn a_plugin_comes_from_elsewhere() {
    let project = edited();
    project.write("plugin.py", "def register(_):\n    pass\n");
    let run = project
        .agrees_with(&["--init-hook=import sys; sys.path.insert(0, '.')", "--load-plugins=plugin"]);
    assert!(run.cold.contains("the plugin plugin"), "{run:?}");
    assert_eq!(project.left(), "");
}

fn something_went_wrong_in_a_file() {
    // A file that cannot be read as what it says it is.
    let project = Project::of(&[
        ("a.py", "# -*- coding: nonsense -*-\n"),
        ("b.py", "import a\n\nprint(a)\n"),
    ]);
    project.agrees();
    project.write("a.py", "VALUE = 1\n");
    assert!(project.agrees().linted.contains("b.py"));
}

fn astroid_is_not_the_one_that_is_known() {
    let project = edited();
    let folder = tempfile::tempdir().unwrap();
    copy_package("astroid", folder.path());
    let project = project.with("PYTHONPATH", folder.path().to_str().unwrap());
    project.agrees();
    assert_eq!(project.agrees().cold, "");
    let place = folder.path().join("astroid/builder.py");
    let source = fs::read_to_string(&place).unwrap();
    fs::write(&place, format!("{source}\n")).unwrap();
    let run = project.agrees();
    assert!(run.cold.contains("this release"), "{run:?}");
    assert_eq!(project.left(), "");
}

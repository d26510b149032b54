//! Messages about all files together: cycles of imports, and the score.

use std::collections::BTreeSet;

use crate::project::Project;

tests![
    the_last_file_breaks,
    cycles_are_those_of_all_files,
    a_cycle_that_is_disabled_is_none,
    cycles_are_those_that_pylint_walks_into,
    the_score_is_that_of_all_files
];

fn the_last_file_breaks() {
    let lines: String = (0..8).map(|at| format!("print({at}, 'the same in both')\n")).collect();
    let project = Project::of(&[("a.py", &lines), ("b.py", &lines), ("z.py", "print(1)\n")]);
    project.agrees();
    project.write("z.py", "print(1\n");
    project.agrees();
    project.remove("z.py");
    project.agrees();
}

fn cycles_are_those_of_all_files() {
    let project = Project::of(&[
        ("pack/__init__.py", ""),
        ("pack/a.py", "from pack import b\n\nprint(b)\n"),
        ("pack/b.py", "from pack import c\n\nprint(c)\n"),
        ("pack/c.py", "VALUE = 1\n"),
    ]);
    let before = project.agrees();
    project.write("pack/c.py", "from pack import a\n\nprint(a)\n");
    let after = project.agrees();
    assert!(!format!("{before:?}").contains("cyclic") && format!("{after:?}").contains("cyclic"));
}

fn a_cycle_that_is_disabled_is_none() {
    let project = Project::of(&[
        ("a.py", "import b  # pylint: disable=cyclic-import\n\nprint(b)\n"),
        ("b.py", "import a\n\nprint(a)\n"),
        ("c.py", "print(1)\n"),
    ]);
    assert_eq!(project.agrees().messages, BTreeSet::new());
    project.write("c.py", "print(2)\n");
    assert_eq!(project.agrees().messages, BTreeSet::new());
}

/// Which of them it names depends on the order of the imports, by way of that of its sets.
fn cycles_are_those_that_pylint_walks_into() {
    let project = Project::of(&[
        ("p/__init__.py", ""),
        ("p/a.py", "import p.d\nimport p.c\n"),
        ("p/b.py", "import p.c\n"),
        ("p/c.py", "import p.d\nimport p.b\n"),
        ("p/d.py", "import p.c\nimport p.a\nimport p.b\n"),
    ]);
    project.run(&[]);
    project.write("p/__init__.py", "print(1)\n");
    let run = project.agrees();
    assert!(format!("{run:?}").contains("cyclic"), "{run:#?}");
}

fn the_score_is_that_of_all_files() {
    let project =
        Project::of(&[("a.py", &"print(1)\n".repeat(30)), ("b.py", "import os\n"), ("c.py", "")]);
    project.run(&[]);
    project.write("c.py", "print(1)\n");
    assert_eq!(Vec::from_iter(project.agrees().linted), ["c.py"]);
}

//! A project with a check that runs isort, and the comparison of its results with plain isort.

use std::fs;

use crate::project::Project;

/// The sections of isort are in the wrong order here, and `greeting` is a module of the project.
const UNSORTED: &str = "\"\"\"Greet.\"\"\"\n\nfrom greeting import hello\nimport sys\nimport requests\n\
                        import os\n\nprint(hello, os.name, requests, sys.path)\n";

/// Compares the check and the fix with isort, started in the project's root by `plain`, where it
/// finds the same configuration by itself.
pub(crate) fn agree_with_plain_isort(
    project: &Project,
    engine: &str,
    plain: impl Fn(&str) -> (String, String),
) {
    project.configure("checks.imports = { tool = \"isort\" }");
    assert_eq!(project.pipe(&["init"]).status, Some(0));
    let config = fs::read_to_string(project.root.join(".config/.isort.cfg")).unwrap();
    // git is not installed there, and must not be asked.
    project.write(".config/.isort.cfg", format!("{config}skip_gitignore = true\n"));
    project.write(".isort.cfg", config);
    project.write("src/main.py", UNSORTED);
    project.write("src/greeting.py", "\"\"\"Greet.\"\"\"\n\nimport os\n\nhello = os.name\n");
    project.write("src/odd.py", "import sys\nimport os");

    let report = project.report(&["--engine", engine, "run", "imports"]);
    assert_eq!(report.outcome("imports"), "findings", "{report:?}");
    let mut ours: Vec<String> =
        report.found("imports").into_iter().map(|(path, ..)| path).collect();
    ours.dedup();
    let (_, complaints) = plain("--check-only src");
    let unsorted = |name: &str| complaints.contains(&format!("{name} Imports are incorrectly"));
    assert_eq!(ours, ["src/main.py", "src/odd.py"]);
    assert!(unsorted("src/main.py") && unsorted("src/odd.py"), "{complaints}");
    assert!(!unsorted("src/greeting.py"), "{complaints}");

    let expected = ["src/main.py", "src/odd.py"].map(|path| plain(&format!("--stdout {path}")).0);
    let first_party = "import requests\n\nfrom greeting import hello\n";
    assert!(expected[0].contains(first_party), "{expected:?}");
    let fixed = project.pipe(&["--engine", engine, "run", "imports", "--fix"]);
    assert_eq!(fixed.status, Some(0), "{fixed:?}");
    let written = ["src/main.py", "src/odd.py"]
        .map(|path| fs::read_to_string(project.root.join(path)).unwrap());
    assert_eq!(written, expected);
}

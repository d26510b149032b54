//! The articles' program: good, without a docstring, and without a colon.

use crate::project::{GOOD, Project, docker, without_the_colon};

tests![
    a_scaffolded_project_passes,
    a_missing_docstring_is_a_finding_of_lint_alone,
    without_the_colon_all_four_tools_name_the_line,
    remove_leaves_nothing_of_the_project,
    both_spellings_run_the_checks
];

const CHECKS: [&str; 4] = ["lint", "format", "mypy", "ruff"];

fn a_scaffolded_project_passes() {
    let project = Project::scaffolded();
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 0, "{report:#?}");
    assert_eq!(report.json["verdict"], "passed");
    for check in CHECKS {
        assert_eq!(report.outcome(check), "passed");
    }
    project.write("src/main.py", GOOD);
    assert_eq!(project.report(&["run-all"]).status, 0);
    assert_eq!(project.leftovers(), [""; 0]);
}

fn a_missing_docstring_is_a_finding_of_lint_alone() {
    let project = Project::scaffolded();
    project.write("src/main.py", "def double(number: int) -> int:\n    return number * 2\n");
    // One finding in two statements leaves nothing of the score.
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 1, "{report:#?}");
    assert_eq!(report.found("lint"), [("src/main.py".into(), 1, "C0116".into())]);
    for check in ["format", "mypy", "ruff"] {
        assert_eq!(report.outcome(check), "passed");
    }
}

fn without_the_colon_all_four_tools_name_the_line() {
    let project = Project::scaffolded();
    project.write("src/main.py", without_the_colon());
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 1, "{report:#?}");
    for check in CHECKS {
        assert_eq!(report.outcome(check), "findings", "{check}");
        let found = report.found(check);
        assert!(
            found.iter().any(|(path, line, _)| path == "src/main.py" && *line == 7),
            "{check}: {found:?}"
        );
    }
    let ended = project.pipe(&["run-all"]);
    assert_eq!(ended.status, Some(1));
    for check in CHECKS {
        assert!(ended.stdout.contains(check), "{}", ended.stdout);
    }
}

fn remove_leaves_nothing_of_the_project() {
    let project = Project::scaffolded();
    assert_eq!(project.pipe(&["build"]).status, Some(0));
    let own = format!("cargo-pipe/*:project-{}", project.id());
    let references = || docker(&["image", "ls", "--quiet", &own]).stdout;
    assert_eq!(references().lines().count(), 4);
    let ended = project.pipe(&["remove"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(references(), "");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn both_spellings_run_the_checks() {
    let project = Project::scaffolded();
    assert_eq!(project.pipe(&["pipe", "ruff"]).status, Some(0));
    assert_eq!(project.pipe(&["ruff"]).status, Some(0));
}

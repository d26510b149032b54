//! Checks on several versions of Python of this machine.

use crate::engine::without_docker;
use crate::project::Project;
use crate::two_packages::add_settings;
use crate::two_pythons::{assert_reported, write_project};

tests!(bubblewrap, [each_python_has_its_own_findings, a_missing_python_fails_its_checks_alone]);

fn project(python: &str) -> Project {
    let project = without_docker(Project::scaffolded()).with("CARGO_PIPE_CACHE", "on");
    write_project(&project, python);
    // All of these tests share the results in one cache.
    project.write("src/id.py", format!("\"\"\"{}.\"\"\"\n", project.id()));
    project
}

fn each_python_has_its_own_findings() {
    let project = project("");
    let venv = &["--engine", "venv"];
    let fresh = assert_reported(&project, venv);
    let cached = assert_reported(&project, venv);
    assert_eq!(cached.comparable(), fresh.comparable());
    for check in ["lint", "format", "mypy@3.11", "mypy@3.13"] {
        assert_eq!(cached.check(check)["cache"], "hit", "{check}");
    }
    // Each environment has the Python of its version.
    for python in ["3.11", "3.13"] {
        let check = format!("pytest@{python}");
        let ask = ["bash", &check, "--", "python3", "--version"];
        let shell = project.pipe(&[&venv[..], &ask].concat());
        assert!(shell.stdout.starts_with(&format!("Python {python}.")), "{shell:?}");
    }
    let text = project.pipe(&[&venv[..], &["run", "mypy", "--color", "never"]].concat()).stdout;
    assert_eq!(text.matches("[mypy@3.11,3.13 return-value]").count(), 1, "{text}");
    assert!(text.contains("findings: 2 findings, 2 of 2 checks did not pass"), "{text}");
    let short =
        project.pipe(&[&venv[..], &["run", "mypy", "--message-format", "short"]].concat()).stdout;
    let tools: Vec<&str> = short.lines().filter_map(|line| line.split(" [").nth(1)).collect();
    assert_eq!(tools, ["mypy@3.11]", "mypy@3.11,3.13]"], "{short}");
    let one = project.report(&[&venv[..], &["run", "@3.11"]].concat());
    let names = one.json["checks"].as_array().unwrap().iter().map(|check| &check["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["mypy@3.11", "pytest@3.11"]);
}

fn a_missing_python_fails_its_checks_alone() {
    let project = project("");
    // No release of Python 3 has this number.
    add_settings(
        &project,
        "[checks.types]\ntool = \"mypy\"\nconfig = false\npython = [\"3.98\", \"3.13\"]\n",
    );
    let report = project.report(&["--engine", "venv", "run", "types"]);
    assert_eq!(report.outcome("types@3.98"), "error", "{report:#?}");
    let reason = report.check("types@3.98")["reason"].to_string();
    assert!(reason.contains("Python 3.98 not found"), "{reason}");
    assert!(reason.contains("uv python install 3.98"), "{reason}");
    assert_eq!(report.outcome("types@3.13"), "findings");
    let doctor = project.pipe(&["--engine", "venv", "doctor"]);
    assert!(doctor.stdout.contains("Python 3.98 not found"), "{doctor:?}");
}

//! A project that is checked on Python 3.11 and 3.13, with findings on one of them and on both.

use std::fs;

use serde_json::Value;

use crate::project::{Project, Report};

/// The settings, without the table of Python.
const SETTINGS: &str = r#"
[checks.lint]
python = "3.13"
[checks.ruff]
enabled = false
[checks.mypy]
config = false
[checks.pytest]
source = ["tests"]
inputs = ["src"]
env = { PYTHONPATH = "src" }
config = false
install = false
"#;

/// `override` is in `typing` since Python 3.12.
const MAIN: &str = "\"\"\"Main.\"\"\"\n\nfrom typing import override\n\n__all__ = [\"override\"]\n\n\n\
    def wrong() -> int:\n    \"\"\"Is wrong.\"\"\"\n    return \"text\"\n";
const TESTS: &str = "import sys\n\n\ndef test_version() -> None:\n    assert sys.version_info >= (3, 12)\n\n\n\
    def test_both() -> None:\n    assert 1 == 2\n";

/// Writes the project, with these lines in the table of Python.
pub(crate) fn write_project(project: &Project, python: &str) {
    let head = "source = [\"src\"]\n[python]\nversions = [\"3.11\", \"3.13\"]\n";
    project.write("pipe.toml", format!("{head}{python}{SETTINGS}"));
    project.write("src/main.py", MAIN);
    project.write("tests/test_main.py", TESTS);
    for args in [&["init", "--no-lock"][..], &["sync"]] {
        let ended = project.pipe(args);
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }
}

/// The arguments for reports in each format that lists findings.
const REPORTS: &[&str] = &[
    "--report",
    "gitlab=gitlab.json",
    "--report",
    "sarif=sarif.json",
    "--report",
    "markdown=report.md",
    "--report",
    "html=report.html",
    "--report",
    "junit=junit.xml",
];

/// Runs all checks, and asserts what every report says about them.
pub(crate) fn assert_reported(project: &Project, args: &[&str]) -> Report {
    let report = project.report(&[&["run-all"], args, REPORTS].concat());
    let names: Vec<&Value> =
        report.json["checks"].as_array().unwrap().iter().map(|check| &check["name"]).collect();
    let expected = ["lint", "format", "mypy@3.11", "mypy@3.13", "pytest@3.11", "pytest@3.13"];
    assert_eq!(names, expected, "{report:#?}");
    let reasons: Vec<&Value> =
        report.json["checks"].as_array().unwrap().iter().map(|check| &check["reason"]).collect();
    assert!(reasons.iter().all(|reason| reason.is_null()), "{reasons:#?}");
    let found = |path: &str, line, code: &str| (path.to_owned(), line, code.to_owned());
    let wrong = found("src/main.py", 10, "return-value");
    assert_eq!(report.found("mypy@3.11"), [found("src/main.py", 3, "attr-defined"), wrong.clone()]);
    assert_eq!(report.found("mypy@3.13"), [wrong]);
    let both = found("tests/test_main.py", 9, "failed");
    assert_eq!(
        report.found("pytest@3.11"),
        [found("tests/test_main.py", 5, "failed"), both.clone()]
    );
    assert_eq!(report.found("pytest@3.13"), [both]);
    assert_eq!(report.outcome("format"), "passed");
    let environment = |name: &str| report.check(name)["inputs"]["environment"].clone();
    assert_ne!(environment("mypy@3.11"), environment("mypy@3.13"));

    let read = |name: &str| fs::read_to_string(project.root.join(name)).unwrap();
    let once =
        |text: &str, words: &str| assert_eq!(text.matches(words).count(), 1, "{words}: {text}");
    let gitlab: Value = serde_json::from_str(&read("gitlab.json")).unwrap();
    let mut names: Vec<&str> =
        gitlab.as_array().unwrap().iter().map(|it| it["check_name"].as_str().unwrap()).collect();
    names.retain(|name| !name.starts_with("lint"));
    let expected = [
        "mypy@3.11 attr-defined",
        "mypy@3.11,3.13 return-value",
        "pytest@3.11 failed",
        "pytest@3.11,3.13 failed",
    ];
    assert_eq!(names, expected);
    let sarif: Value = serde_json::from_str(&read("sarif.json")).unwrap();
    let results = |run: usize| sarif["runs"][run]["results"].as_array().unwrap();
    let pythons: Vec<&Value> =
        results(2).iter().map(|result| &result["properties"]["pythons"]).collect();
    assert_eq!(pythons, [&serde_json::json!(["3.11"]), &serde_json::json!(["3.11", "3.13"])]);
    assert!(results(3).is_empty());
    let markdown = read("report.md").replace("&#64;", "@");
    once(&markdown, "mypy@3.11,3.13");
    once(&read("report.html"), "mypy@3.11,3.13 return-value");
    let junit = read("junit.xml");
    for python in ["3.11", "3.13"] {
        let failure = format!("test_both: assert 1 == 2 [pytest@{python} failed]</failure>");
        once(&junit, &failure);
    }
    report
}

//! A monorepo of two packages, of which one imports the other.

use std::fs;

use serde_json::Value;

use crate::project::{Project, Report};

/// The settings: each package is judged by its own `pyproject.toml`.
const SETTINGS: &str = r#"source = ["src"]
[checks.format]
config = false
[checks.mypy]
config = false
[checks.ruff]
enabled = false
[checks.where]
run = ["python3", "-c", "import core, os; print(os.getcwd(), core.add(1, 2))"]
[checks.once]
run = ["sh", "-c", "ls; exit 1"]
source = ["shared"]
per-package = false
[packages.core]
path = "libs/core"
[packages.core.checks.where]
enabled = false
[packages.api]
path = "apps/api"
"#;

/// A strict package whose lines are short, and a loose one that imports it.
pub(crate) fn write_packages(project: &Project) {
    project.write("pipe.toml", SETTINGS);
    project.write("shared/a.txt", "a\n");
    let manifest = |name: &str, rest: &str| format!("[project]\nname = \"{name}\"\n{rest}");
    let strict = "version = \"1\"\n[tool.mypy]\nstrict = true\n[tool.black]\nline-length = 40\n";
    project.write("libs/core/pyproject.toml", manifest("acme-core", strict));
    project.write("libs/core/src/core/py.typed", "");
    project.write("libs/core/src/core/__init__.py", CORE);
    let loose = "version = \"1\"\ndependencies = [\"Acme_Core>=1\"]\n";
    project.write("apps/api/pyproject.toml", manifest("acme-api", loose));
    project.write("apps/api/src/api.py", API);
}

/// Adds tables to the settings.
pub(crate) fn add_settings(project: &Project, tables: &str) {
    let settings = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    project.write("pipe.toml", settings + tables);
}

/// Without an annotation: only the strict package may not have that.
const CORE: &str = "\"\"\"Core.\"\"\"\n\n\ndef add(a: int, b: int) -> int:\n    \"\"\"Adds.\"\"\"\n    \
    return a + b\n\n\ndef loose(a):  # type: ignore\n    \"\"\"Is loose.\"\"\"\n    return a\n\n\n\
    LONG = [\"aaaaaaaaaaaaaaa\", \"bbbbbbbbbbbbbbbbbb\"]\n";
const API: &str = "\"\"\"API.\"\"\"\n\nfrom core import add\n\n\ndef loose(a):\n    \"\"\"Is loose.\"\"\"\n    \
    return a\n\n\ndef wrong() -> str:\n    \"\"\"Is wrong.\"\"\"\n    return add(1, 2)\n\n\n\
    LONG = [\"aaaaaaaaaaaaaaa\", \"bbbbbbbbbbbbbbbbbb\"]\n";

/// The findings of a check as path and line.
pub(crate) fn places(report: &Report, check: &str) -> Vec<String> {
    let found = report.found(check).into_iter();
    found.map(|(path, line, _)| format!("{path}:{line}")).collect()
}

/// What the command of the package prints: its folder, and what it imports.
pub(crate) fn log<'a>(report: &'a Report, check: &str) -> &'a str {
    let stdout = &report.check(check)["log"]["stdout"];
    stdout.as_str().map(str::trim_end).unwrap_or_default()
}

/// Asserts what checks of both packages find, apart from those of pylint.
pub(crate) fn assert_judged(report: &Report) {
    assert_eq!(places(report, "core:mypy"), [""; 0], "{report:#?}");
    assert_eq!(places(report, "api:mypy"), ["apps/api/src/api.py:13"]);
    assert_eq!(places(report, "core:format"), ["libs/core/src/core/__init__.py:14"]);
    assert_eq!(report.outcome("api:format"), "passed");
    assert_eq!(log(report, "api:where"), "/app/apps/api 3");
    assert_eq!(log(report, "once"), "shared");
    let packages: Vec<&Value> =
        ["once", "core:lint", "api:lint"].map(|check| &report.check(check)["package"]).into();
    assert_eq!(packages, [&Value::Null, &Value::from("core"), &Value::from("api")]);
}

/// Two packages with other releases of the same dependency, and a check that prints them.
const OWN_DEPENDENCIES: &str = r#"source = ["src"]
[checks.lint]
enabled = false
[checks.format]
enabled = false
[checks.ruff]
enabled = false
[checks.mypy]
enabled = false
[checks.release]
run = ["python3", "-c", "import six; print(six.__version__)"]
[packages.old]
requirements = ["requirements.txt"]
[packages.new]
requirements = ["pyproject.toml"]
"#;

/// Asserts that each package sees its own dependencies, once they are locked.
pub(crate) fn assert_own_dependencies(project: &Project, args: &[&str]) {
    project.write("pipe.toml", OWN_DEPENDENCIES);
    project.write("old/requirements.txt", "six==1.16.0\n");
    // A package of the project is not looked for in the index.
    let manifest =
        "[project]\nname = \"new\"\nversion = \"1\"\ndependencies = [\"six==1.17.0\", \"old\"]\n";
    project.write("new/pyproject.toml", manifest);
    for package in ["old", "new"] {
        project.write(&format!("{package}/src/{package}.py"), "");
    }
    let before = project.report(&[args, &["run", "old:release"]].concat());
    let warnings = before.json["warnings"].to_string();
    assert!(warnings.contains("run `cargo pipe update project.old`"), "{warnings}");
    assert!(!warnings.contains("project.new"), "{warnings}");
    let updated = project.pipe(&[args, &["update", "project.old", "project.new"]].concat());
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let report = project.report(&[args, &["run", "release"]].concat());
    assert_eq!(log(&report, "old:release"), "1.16.0", "{report:#?}");
    assert_eq!(log(&report, "new:release"), "1.17.0");
}

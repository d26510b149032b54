//! Projects that lock their dependencies themselves, and packages that have no wheel.

use std::fs;

use crate::project::Project;

tests![
    checks_see_the_packages_of_a_poetry_lock,
    checks_see_the_packages_of_a_pylock,
    only_what_is_named_is_built_from_source
];

/// Uses two typed packages, one of them wrongly.
const MAIN: &str = "\"\"\"Uses packages.\"\"\"\n\nimport iniconfig\nimport pluggy\n\n\
    print(iniconfig.IniConfig(\"x\"))\nprint(pluggy.PluginManager(1))\n";

fn checks_see_the_packages_of_a_poetry_lock() {
    follows("poetry.lock", include_str!("../fixtures/dependencies/poetry.lock"));
}

fn checks_see_the_packages_of_a_pylock() {
    follows("pylock.toml", include_str!("../fixtures/dependencies/pylock.toml"));
}

/// Takes a project with a lock of its own from nothing to findings, and through a change of the lock.
fn follows(name: &str, lock: &str) {
    let project = Project::empty();
    project.write("pyproject.toml", include_str!("../fixtures/dependencies/pyproject.toml"));
    project.write(name, lock);
    project.write("src/main.py", MAIN);
    let project = project.scaffold();
    let code = "import iniconfig, pluggy; print(pluggy.__version__)";
    project.configure(&format!("checks.imports = {{ run = [\"python3\", \"-c\", \"{code}\"] }}"));
    let report = project.report(&["run", "lint", "mypy", "imports"]);
    assert_eq!(report.outcome("imports"), "passed", "{report:#?}");
    let locked = "1.7.0";
    assert!(report.check("imports")["log"].to_string().contains(locked), "{report:#?}");
    assert_eq!(report.found_with_severity("lint", "error"), [], "{report:#?}");
    let misuse = ("src/main.py".to_owned(), 7, "arg-type".to_owned());
    assert_eq!(report.found_with_severity("mypy", "error"), [misuse], "{report:#?}");

    assert_eq!(project.pipe(&["sync", "--check"]).status, Some(0));
    project.write(name, lock.replace(locked, "1.6.0"));
    let stale = project.pipe(&["sync", "--check"]);
    assert_eq!(stale.status, Some(1), "{stale:?}");
    assert!(stale.stdout.contains(".docker/requirements/project.txt"), "{stale:?}");
    assert_eq!(project.pipe(&["sync"]).status, Some(0));
    let followed = fs::read_to_string(project.root.join(".docker/requirements/project.txt"));
    assert!(followed.unwrap().contains("pluggy==1.6.0"));
}

/// A release that was never anything but a source distribution.
const DOCOPT: &str = "docopt==0.6.2 --hash=sha256:49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491\n";

fn only_what_is_named_is_built_from_source() {
    let project = Project::scaffolded();
    project.write(".docker/requirements/project.txt", DOCOPT);
    let code = "import docopt; print(docopt.__version__)";
    project.configure(&format!("checks.imports = {{ run = [\"python3\", \"-c\", \"{code}\"] }}"));
    let refused = project.report(&["run", "imports"]);
    assert_eq!(refused.status, 3, "{refused:?}");
    let reason = refused.check("imports")["reason"]["message"].to_string();
    assert!(reason.contains("docopt"), "{reason}");

    let settings = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    let named = settings.replace("[python]\n", "[python]\nfrom-source = [\"docopt\"]\n");
    project.write("pipe.toml", named);
    assert_eq!(project.pipe(&["sync"]).status, Some(0));
    let report = project.report(&["run", "imports"]);
    assert_eq!(report.outcome("imports"), "passed", "{report:?}");
    assert!(report.check("imports")["log"].to_string().contains("0.6.2"), "{report:?}");
    let warnings = report.json["warnings"].to_string();
    assert!(
        warnings.contains("so it is the same elsewhere only if its image is shared"),
        "{warnings}"
    );
    // A tool's environment has nothing of it.
    let other = project.report(&["run", "ruff"]);
    assert!(!other.json["warnings"].to_string().contains("shared"), "{other:?}");

    let elsewhere = project.report(&["--engine", "venv", "run", "imports"]);
    assert_eq!(elsewhere.status, 2, "{elsewhere:?}");
    let reason = elsewhere.check("imports")["reason"].to_string();
    assert!(reason.contains("`docopt`") && reason.contains("--allow host"), "{reason}");
}

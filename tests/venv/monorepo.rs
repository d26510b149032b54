//! Packages of a monorepo in the sandbox of this machine.

use std::fs;

use crate::engine::without_docker;
use crate::project::{Project, Report};
use crate::two_packages::{
    add_settings, assert_judged, assert_own_dependencies, places, write_packages,
};

tests!(
    bubblewrap,
    [
        each_package_is_judged_by_its_own_configuration,
        an_edit_reaches_the_packages_that_import_it,
        tests_import_their_package_and_those_that_it_depends_on,
        packages_have_their_own_dependencies
    ]
);

/// The monorepo, whose outcomes are kept.
fn project() -> Project {
    let project = without_docker(Project::scaffolded()).with("CARGO_PIPE_CACHE", "on");
    write_packages(&project);
    // All of these tests share the results in one cache.
    project.write("libs/core/src/core/id.py", format!("\"\"\"{}.\"\"\"\n", project.id()));
    project.write("apps/api/src/other.py", format!("\"\"\"{}.\"\"\"\n", project.id()));
    project
}

fn run(project: &Project, args: &[&str]) -> Report {
    project.report(&[&["--engine", "venv", "run"], args, &["--allow", "host"]].concat())
}

fn each_package_is_judged_by_its_own_configuration() {
    let report = run(&project(), &["lint", "format", "mypy", "api:where", "once"]);
    assert_judged(&report);
    assert_eq!(places(&report, "api:lint"), [""; 0]);
}

/// What an edit of one package changes in another is found, also by tools that remember earlier runs.
fn an_edit_reaches_the_packages_that_import_it() {
    let project = project();
    let checks = ["api:lint", "api:mypy", "api:format"];
    let before = run(&project, &checks);
    assert_eq!(places(&before, "api:mypy"), ["apps/api/src/api.py:13"]);
    let core = project.root.join("libs/core/src/core/__init__.py");
    let text = fs::read_to_string(&core).unwrap();
    let edited = text.replace("-> int", "-> str").replace("return a + b", "return str(a + b)");
    fs::write(&core, edited).unwrap();
    let after = run(&project, &checks);
    assert_eq!(places(&after, "api:mypy"), [""; 0]);
    let is_hit = |check: &str| after.check(check)["cache"] == "hit";
    assert_eq!(checks.map(is_hit), [false, false, true], "{after:#?}");
    fs::write(&core, text.replace("def add", "def sum_of")).unwrap();
    let gone = run(&project, &checks);
    assert_eq!(places(&gone, "api:lint"), ["apps/api/src/api.py:3"]);
    assert_eq!(places(&gone, "api:mypy"), ["apps/api/src/api.py:3"]);
    let fresh = run(&project, &[&checks[..], &["--no-cache"]].concat());
    assert_eq!(places(&fresh, "api:lint"), places(&gone, "api:lint"));
}

fn tests_import_their_package_and_those_that_it_depends_on() {
    let project = project();
    let build = "[build-system]\nrequires = [\"setuptools==80.9.0\"]\n\
                 build-backend = \"setuptools.build_meta\"\n";
    for folder in ["libs/core", "apps/api"] {
        let path = project.root.join(folder).join("pyproject.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{manifest}{build}")).unwrap();
    }
    let test = "import core\nfrom importlib.metadata import version\n\nfrom api import wrong\n\n\n\
                def test_sum() -> None:\n    assert wrong() == core.add(1, 2)\n    \
                assert version(\"acme-api\") == \"1\"\n\n\n\
                def test_fails() -> None:\n    assert core.add(1, 1) == 3\n";
    project.write("apps/api/tests/test_api.py", test);
    let check = "[packages.api.checks.test]\ntool = \"pytest\"\nsource = [\"tests\"]\n\
                 inputs = [\"src\"]\nconfig = false\n";
    add_settings(&project, check);
    let updated = project.pipe(&["--engine", "venv", "update", "build", "pytest"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let report = run(&project, &["api:test"]);
    assert_eq!(places(&report, "api:test"), ["apps/api/tests/test_api.py:13"], "{report:#?}");
}

fn packages_have_their_own_dependencies() {
    let project = without_docker(Project::scaffolded());
    assert_own_dependencies(&project, &["--engine", "venv"]);
}

//! The project itself is installed before its tests run, from its locked build system.

use std::fs;

use crate::project::Project;

tests![
    tests_run_with_the_project_installed,
    an_installation_that_fails_is_an_error_with_its_output
];

const CHECKS: &str = "source = [\"src\"]\n\
    [checks.test]\ntool = \"pytest\"\nsource = [\"tests\"]\ninputs = [\"src\"]\n";

const PYPROJECT: &str = "[build-system]\nrequires = [\"hatchling\"]\n\
    build-backend = \"hatchling.build\"\n\
    [project]\nname = \"acme-tool\"\nversion = \"1.2.3\"\nreadme = \"README.md\"\n\
    dependencies = [\"iniconfig\"]\nscripts = { acme = \"acme_tool:main\" }\n";

const PACKAGE: &str = "import importlib.metadata\n\nimport iniconfig\n\n\
    VERSION = importlib.metadata.version('acme-tool')\n\n\n\
    def main():\n    print(VERSION, iniconfig.__name__)\n";

const TESTED: &str = "import subprocess\nimport sys\n\nimport acme_tool\n\n\n\
    def test_metadata():\n    assert acme_tool.VERSION == '1.2.3'\n    \
    assert acme_tool.__file__ == '/app/src/acme_tool/__init__.py'\n\n\n\
    def test_script():\n    run = subprocess.run(['acme'], capture_output=True, check=True)\n    \
    assert run.stdout == b'1.2.3 iniconfig\\n'\n\n\n\
    def test_child():\n    subprocess.run([sys.executable, '-c', 'import acme_tool'], check=True)\n";

fn project() -> Project {
    let project = Project::empty();
    project.write("pipe.toml", CHECKS);
    project.write("pyproject.toml", PYPROJECT);
    project.write("README.md", "Acme\n");
    project.write("src/acme_tool/__init__.py", PACKAGE);
    project.write("tests/test_acme.py", TESTED);
    project.scaffold()
}

fn tests_run_with_the_project_installed() {
    let project = project();
    let updated = project.pipe(&["update", "project"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let without = project.report(&["run", "test"]);
    assert_eq!(without.outcome("test"), "findings", "{without:#?}");
    let warnings = without.json["warnings"].to_string();
    assert!(warnings.contains("run `cargo pipe update build`"), "{warnings}");

    let updated = project.pipe(&["update", "build"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let report = project.report(&["run", "test"]);
    assert_eq!(report.outcome("test"), "passed", "{report:#?}");
    assert_eq!(report.json["warnings"], serde_json::json!([]));
    assert!(!project.root.join("src/acme_tool.egg-info").exists());
    let shell = project.pipe(&["bash", "test", "--", "acme"]);
    assert_eq!(shell.stdout, "1.2.3 iniconfig\n", "{shell:?}");
    project.pipe(&["remove"]);
}

fn an_installation_that_fails_is_an_error_with_its_output() {
    let project = project();
    assert_eq!(project.pipe(&["update", "build"]).status, Some(0));
    fs::remove_file(project.root.join("README.md")).unwrap();
    let report = project.report(&["run", "test"]);
    assert_eq!((report.status, report.outcome("test")), (3, "error"), "{report:#?}");
    let reason = &report.check("test")["reason"];
    assert_eq!(reason["kind"], "environment");
    let message = reason["message"].as_str().unwrap();
    let expected =
        "the project cannot be installed: OSError: Readme file does not exist: README.md";
    assert_eq!(message, expected);
    assert!(reason["hint"].as_str().unwrap().contains("`install = false` in `[checks.test]`"));
    assert!(report.check("test")["log"].to_string().contains("Traceback"), "{report:#?}");

    project.write("pipe.toml", format!("{CHECKS}install = false\n"));
    let report = project.report(&["run", "test"]);
    assert_eq!(report.outcome("test"), "findings", "{report:#?}");
    assert_eq!(project.leftovers(), Vec::<String>::new());
}

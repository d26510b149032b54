//! Each tool of the catalogue reports and fixes what its plain command does in the project's root.

use crate::engine::without_docker;
use crate::project::Project;

tests!(
    python,
    [
        a_fix_changes_no_file_that_the_configuration_excludes,
        a_source_that_a_configuration_excludes_is_not_checked,
        a_scope_in_the_configuration_of_mypy_holds,
        the_test_paths_in_the_configuration_of_pytest_hold,
        pylint_ignores_what_its_configuration_ignores,
        every_tool_checks_a_script_that_is_named
    ]
);

/// Files of a project, and the checks of its `pipe.toml`.
fn project(files: &[(&str, &str)], settings: &str) -> Project {
    let project = without_docker(Project::scaffolded());
    std::fs::remove_dir_all(project.root.join("src")).unwrap();
    for (path, text) in files {
        project.write(path, text);
    }
    project.write("pipe.toml", settings);
    without_docker(project.scaffold())
}

const UNTIDY: &str = "import sys\nimport os\nx = { 'a':os.name }\nprint( x,sys )\n";

/// Every way to exclude the same files from the four tools that fix.
const EXCLUDING: &[&str] = &[
    "[tool.ruff]\nextend-exclude = [\"generated\", \"app/made.py\"]\n\
     [tool.black]\nextend-exclude = \"^/(generated/|app/made.py)\"\n\
     [tool.isort]\nskip = [\"generated\", \"app/made.py\"]\n",
    "[tool.ruff]\nexclude = [\"generated/**\", \"made.py\"]\n\
     [tool.black]\nexclude = \"/generated/$|made[.]py\"\n\
     [tool.isort]\nskip_glob = [\"generated/*\", \"*/made.py\"]\n",
];

fn a_fix_changes_no_file_that_the_configuration_excludes() {
    let checks = ["black", "ruff", "ruff-format", "isort"];
    let mut settings =
        "source = [\"app\", \"app/made.py\", \"generated\", \"generated/deep/b.py\"]\n".to_owned();
    for check in checks {
        let config = "config = \"pyproject.toml\"";
        settings += &format!("[checks.fix-{check}]\ntool = \"{check}\"\n{config}\n");
    }
    let excluded = ["app/made.py", "generated/a.py", "generated/deep/b.py"];
    for excluding in EXCLUDING {
        let files = [("pyproject.toml", *excluding), ("app/a.py", UNTIDY)];
        let files = files.into_iter().chain(excluded.map(|path| (path, UNTIDY)));
        let project = project(&files.collect::<Vec<_>>(), &settings);
        for check in checks {
            project.write("app/a.py", UNTIDY);
            let name = format!("fix-{check}");
            let report = project.report(&["--engine", "venv", "run", &name, "--fix"]);
            assert_eq!(report.json["changed_files"], serde_json::json!(["app/a.py"]), "{report:?}");
            for path in excluded {
                let text = std::fs::read_to_string(project.root.join(path)).unwrap();
                assert_eq!(text, UNTIDY, "{check} changed {path}");
            }
            let paths: Vec<String> = report.found(&name).into_iter().map(|it| it.0).collect();
            assert!(paths.iter().all(|path| path == "app/a.py"), "{check}: {paths:?}");
        }
    }
}

/// The paths of a check's findings.
fn paths(project: &Project, check: &str) -> Vec<String> {
    let report = project.report(&["--engine", "venv", "run", check]);
    assert_ne!(report.outcome(check), "error", "{report:?}");
    let mut paths: Vec<String> = report.found(check).into_iter().map(|it| it.0).collect();
    paths.dedup();
    paths
}

/// Wrong in the eyes of every tool.
const WRONG: &str = "import os\nx: int = undefined\nprint( x )\n";

fn a_source_that_a_configuration_excludes_is_not_checked() {
    let config = "[tool.mypy]\nexclude = [\"^tests/$\"]\n[tool.ruff]\nextend-exclude = [\"tests\"]\n\
                  [tool.black]\nextend-exclude = \"/tests/$\"\n[tool.isort]\nskip = [\"tests\"]\n\
                  [tool.pylint.main]\nignore = [\"tests\"]\n";
    let mut settings = "source = [\"src\", \"tests\"]\n".to_owned();
    let checks = ["black", "isort", "mypy", "pylint", "ruff", "ruff-format"];
    for check in checks {
        let config = "config = \"pyproject.toml\"\ninputs = [\"stubs\"]";
        settings += &format!("[checks.by-{check}]\ntool = \"{check}\"\n{config}\n");
    }
    let wrong = format!("import zlib\n{WRONG}");
    let files = [
        ("pyproject.toml", config),
        ("src/a.py", &wrong),
        ("tests/test_a.py", &wrong),
        ("stubs/b.py", &wrong),
    ];
    let project = project(&files, &settings);
    for check in checks {
        assert_eq!(paths(&project, &format!("by-{check}")), ["src/a.py"], "{check}");
    }
}

fn a_scope_in_the_configuration_of_mypy_holds() {
    let files = [
        ("mypy.ini", "[mypy]\nfiles = src, tests/*.py\n"),
        ("src/a.py", WRONG),
        ("src/deep/b.py", WRONG),
        ("tests/test_a.py", WRONG),
        ("tests/deep/c.py", WRONG),
    ];
    let settings = "source = [\"src/deep\", \"tests\"]\n[checks.mypy]\nconfig = \"mypy.ini\"\n";
    let project = project(&files, settings);
    assert_eq!(paths(&project, "mypy"), ["src/deep/b.py", "tests/test_a.py"]);
    project.write("mypy.ini", "[mypy]\nfiles = elsewhere\n");
    let report = project.report(&["--engine", "venv", "run", "mypy"]);
    assert_eq!(report.found("mypy").len(), 3, "{report:?}");
    let warnings = report.json["warnings"].to_string();
    assert!(warnings.contains("`files` in the configuration names nothing"), "{report:?}");
    project.write("mypy.ini", "[mypy]\nmodules = b\nmypy_path = src/deep\n");
    assert_eq!(paths(&project, "mypy"), ["src/deep/b.py"]);
}

fn the_test_paths_in_the_configuration_of_pytest_hold() {
    let files = [
        ("tests/unit/test_a.py", "def test_a():\n    assert True\n"),
        ("tests/net/test_b.py", "def test_b():\n    assert False\n"),
    ];
    let settings = "source = [\"tests\"]\n[checks.test]\ntool = \"pytest\"\n";
    let project = project(&files, settings);
    let allowed = ["--engine", "venv", "--allow", "host", "run", "test"];
    assert_eq!(project.report(&allowed).outcome("test"), "findings");
    for (name, text) in [
        ("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = [\"tests/u*\"]\n"),
        ("pytest.ini", "[pytest]\ntestpaths = tests/unit\n"),
        ("setup.cfg", "[tool:pytest]\ntestpaths = tests/unit\n"),
    ] {
        project.write(name, text);
        let report = project.report(&allowed);
        assert_eq!(report.outcome("test"), "passed", "{name}: {report:?}");
        std::fs::remove_file(project.root.join(name)).unwrap();
    }
}

fn pylint_ignores_what_its_configuration_ignores() {
    let files = [
        ("app/__init__.py", ""),
        ("app/migrations/__init__.py", ""),
        ("app/migrations/m1.py", WRONG),
        ("app/legacy/__init__.py", ""),
        ("app/legacy/old.py", WRONG),
        ("app/made_pb2.py", WRONG),
        ("app/a.py", WRONG),
        ("tools/b.py", WRONG),
    ];
    let settings = "source = [\"app\", \"tools\"]\n[checks.lint]\nconfig = \".pylintrc\"\n";
    let project = project(&files, settings);
    let common =
        "[MAIN]\nignore=migrations,b.py\nignore-paths=app/legacy\nignore-patterns=.*_pb2.py\n";
    project.write(".pylintrc", common);
    assert_eq!(paths(&project, "lint"), ["app/a.py"]);
    project.write(".pylintrc", "[MAIN]\nignore=app,tools\n");
    let report = project.report(&["--engine", "venv", "run", "lint"]);
    let reason = report.check("lint")["reason"].to_string();
    assert!(reason.contains("nothing to check: pylint found no Python files"), "{report:?}");
}

fn every_tool_checks_a_script_that_is_named() {
    let checks = ["black", "isort", "mypy", "pylint", "ruff", "ruff-format"];
    let mut settings = "source = [\"lib\", \"bin/deploy\"]\n".to_owned();
    for check in checks {
        settings += &format!("[checks.by-{check}]\ntool = \"{check}\"\n");
    }
    let files =
        [("lib/a.py", "\"\"\"Tidy.\"\"\"\n"), ("bin/deploy", &format!("import zlib\n{WRONG}"))];
    let project = project(&files, &settings);
    for check in checks {
        assert_eq!(paths(&project, &format!("by-{check}")), ["bin/deploy"], "{check}");
    }
    // Alone, too.
    let alone = ["--engine", "venv", "--source", "bin/deploy", "run", "by-pylint", "by-mypy"];
    assert_eq!(project.report(&alone).json["verdict"], "findings");
}

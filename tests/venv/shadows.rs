//! A project with modules that tools could import in place of their own, without a sandbox.
//!
//! Each of them writes to a file outside of the project when it is executed.

use crate::engine::{without_docker, without_sandbox};
use crate::project::{Project, Report};
use crate::start;

tests!(python, [no_tool_executes_a_module_of_the_project]);

/// Modules of the tools' environments, modules that Python or a tool only imports where they exist, and
/// some that are named like a rare module of Python.
const NAMES: &str = "bandit blacken_docs codespell_lib flake8 interrogate pbr pre_commit_hooks py pycodestyle \
    pyflakes pygments rich ruamel stevedore tabulate vulture yaml yamllint \
    astroid attr black blackd blib2to3 click colorama dill isort isort_plugin librt lxml \
    mccabe mypy_extensions numpy orjson packaging pathspec pkg_resources platformdirs psutil pylint \
    pytokens setuptools sitecustomize six tomli tomlkit typing_extensions usercustomize uvloop \
    winreg msvcrt _winapi nt";

/// The tools of the catalogue that run without the grant `host`.
const TOOLS: [&str; 8] = [
    "bandit",
    "blacken-docs",
    "codespell",
    "flake8",
    "interrogate",
    "pre-commit-hooks",
    "vulture",
    "yamllint",
];

const WRONG: &str = "\"\"\"Wrong.\"\"\"\n\nVALUE: int = undefined\nprint( VALUE )\n";

/// The modules of Python itself.
fn standard_names() -> Vec<String> {
    let code = "import sys; print(*sorted(getattr(sys, 'stdlib_module_names', ['json'])))";
    let output = start::command("python3").args(["-I", "-c", code]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

/// What the checks find in a file, by check.
fn found(report: &Report) -> Vec<String> {
    let checks = report.json["checks"].as_array().unwrap();
    let mut found = Vec::new();
    for check in checks {
        let name = check["name"].as_str().unwrap();
        for finding in report.found(name).iter().filter(|(path, ..)| path == "src/main.py") {
            found.push(format!("{name} {finding:?}"));
        }
    }
    found
}

fn no_tool_executes_a_module_of_the_project() {
    for is_open in [true, false] {
        let project = Project::scaffolded();
        let project = if is_open { without_sandbox(project) } else { project };
        let project = without_docker(project);
        let settings = std::fs::read_to_string(project.root.join("pipe.toml")).unwrap();
        let others: String = TOOLS.map(|tool| format!("[checks.{tool}]\n")).concat();
        let settings = format!("{settings}\n[checks.imports]\ntool = \"isort\"\n{others}");
        project.write("pipe.toml", &settings);
        let project = project.scaffold();
        project.write("src/main.py", WRONG);
        project.write("src/a.yaml", "---\na: 1\n");
        let run = || project.report(&["--engine", "venv", "run-all"]);
        let expected = found(&run());
        let marker = project.root.with_file_name("marker");
        let source = format!(
            "\"\"\"Runs.\"\"\"\n\nwith open({:?}, \"a\", encoding=\"utf-8\") as file:\n    \
             file.write(__name__)\n",
            marker.display()
        );
        let names: Vec<String> = NAMES.split_whitespace().map(str::to_owned).collect();
        let mut imports = String::new();
        for name in &names {
            // mypy refuses sources of these names.
            if !name.ends_with("_extensions") {
                project.write(&format!("src/{name}.py"), &source);
            }
            imports.push_str(&format!("import {name}\nimport {name}.missing\n"));
        }
        project.write("src/importing.py", imports);
        // In the working directory a tool may find those of Python as well; mypy refuses them.
        let at_root: Vec<String> = names.into_iter().chain(standard_names()).collect();
        for name in &at_root {
            project.write(&format!("{name}.py"), &source);
        }
        let inputs = format!("inputs = [\"{}.py\"]\n", at_root.join(".py\", \""));
        let mut settings = settings;
        for check in ["lint", "format", "ruff", "imports"].into_iter().chain(TOOLS) {
            let heading = format!("[checks.{check}]\n");
            settings = settings.replace(&heading, &format!("{heading}{inputs}"));
        }
        project.write("pipe.toml", settings);
        let report = run();
        assert_eq!(std::fs::read_to_string(&marker).unwrap_or_default(), "", "{is_open}");
        assert_eq!(found(&report), expected);
        for check in report.json["checks"].as_array().unwrap() {
            assert_ne!(check["outcome"], "error", "{}", check["reason"]);
        }
    }
}

//! A project whose commands report any findings, and the pages of its runs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::start;

/// A project in a folder of its own.
pub(crate) struct Project {
    root: PathBuf,
    folder: TempDir,
}

/// A command that prints the findings in a file, and has the exit status that belongs to them.
const PRINT: &str = "import pathlib, sys\ntext = pathlib.Path(sys.argv[1]).read_text(\"utf-8\")\n\
                     print(text, end=\"\")\nsys.exit(1 if text else 0)\n";

impl Project {
    /// A project with one source and these checks.
    pub(crate) fn new(checks: &str) -> Project {
        let folder = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("project");
        fs::create_dir(&root).unwrap();
        let project = Project { root, folder };
        project.configure(checks);
        project.write("tools/print.py", PRINT);
        project.write("src/main.py", "import os\nimport sys\n");
        project
    }

    /// Makes these the only checks.
    pub(crate) fn configure(&self, checks: &str) {
        let names = ["lint", "format", "mypy", "ruff"];
        let off = names.map(|name| format!("{name}.enabled = false\n")).concat();
        self.write("pipe.toml", &format!("source = [\"src\"]\n[checks]\n{off}{checks}"));
    }

    /// A project with the check `style`, which has these findings.
    pub(crate) fn with_findings(findings: &[Value]) -> Project {
        let project = Project::new(&printing("style"));
        project.set_findings("style", findings);
        project
    }

    /// Sets the findings of a check.
    pub(crate) fn set_findings(&self, check: &str, findings: &[Value]) {
        let lines: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
        self.write(&format!("tools/{check}.jsonl"), &lines);
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A file of the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Runs all checks, writes a page and a JSON report of these names, and expects an exit status.
    pub(crate) fn run(&self, name: &str, status: i32) -> PathBuf {
        let reports = ["html", "json"].map(|format| format!("{format}=../{name}.{format}"));
        let mut command = start::command(env!("CARGO_BIN_EXE_cargo-pipe"));
        command.args(["run-all", "--report", &reports[0], "--report", &reports[1]]);
        command.current_dir(&self.root).env("HOME", self.folder.path());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        self.folder.path().join(format!("{name}.html"))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // Images stay for the next test; only this project's references go.
        let mut command = start::command(env!("CARGO_BIN_EXE_cargo-pipe"));
        command.arg("remove").current_dir(&self.root).env("HOME", self.folder.path());
        let _ = command.output();
    }
}

/// A check that prints the findings of a file.
pub(crate) fn printing(check: &str) -> String {
    format!(
        "[checks.{check}]\nrun = [\"python3\", \"tools/print.py\", \"tools/{check}.jsonl\"]\n\
         inputs = [\"tools\"]\nfindings = \"json-lines\"\n"
    )
}

/// A finding.
pub(crate) fn finding(path: &str, line: u32, code: &str, message: &str) -> Value {
    json!({
        "path": path, "line": line, "column": 1, "code": code, "severity": "warning",
        "message": message,
    })
}

/// The JSON report next to a page.
pub(crate) fn json_of(page: &Path) -> PathBuf {
    page.with_extension("json")
}

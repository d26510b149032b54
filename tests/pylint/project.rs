//! A project that both the worker and plain pylint lint.
//!
//! The locked pylint is installed once for all tests. The comparison covers every message with its place,
//! the score and the exit status.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::python::{copy_tree, list_sources, locked_python, package_folder};
use crate::start;

/// The messages of the tests: all that depends on other files, and a few that do not.
const OPTIONS: &[&str] = &["--disable=C,R", "--enable=R0401,R0801,C0411,E,W,R0901"];

/// Some files, and what the worker left the last time.
pub(crate) struct Project {
    folder: TempDir,
    left: RefCell<String>,
    variables: BTreeMap<&'static str, String>,
}

/// What the worker did.
#[derive(Debug)]
pub(crate) struct Run {
    /// Why every file was linted, if it was.
    pub(crate) cold: String,
    /// What to type so that not every file has to be linted.
    pub(crate) hint: String,
    /// The files that were linted.
    pub(crate) linted: BTreeSet<String>,
    /// How many were parsed.
    pub(crate) parsed: u64,
    /// Every message as `path:line:column:symbol: text [module:object]`.
    pub(crate) messages: BTreeSet<String>,
    /// What is otherwise than it was known, by file.
    pub(crate) refuted: BTreeMap<String, String>,
    /// What pylint's own command printed, where that was asked.
    pub(crate) plain: Value,
}

impl Run {
    /// The messages about a file.
    pub(crate) fn of(&self, path: &str) -> BTreeSet<&str> {
        let about = |message: &&String| message.starts_with(&format!("{path}:"));
        self.messages.iter().filter(about).map(String::as_str).collect()
    }
}

impl Project {
    /// A project with these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Project {
        let folder = tempfile::tempdir().unwrap();
        let variables = [("PYTHONHASHSEED", "0"), ("LC_ALL", "C.UTF-8")];
        let variables = variables.into_iter().chain([("PYTHONDONTWRITEBYTECODE", "1")]);
        let variables = variables.map(|(name, value)| (name, value.to_owned())).collect();
        let project = Project { folder, left: RefCell::default(), variables };
        fs::create_dir_all(project.root()).unwrap();
        files.iter().for_each(|(path, text)| project.write(path, text));
        project
    }

    /// A project with a copy of this package at its root.
    pub(crate) fn of_package(package: &Path) -> Project {
        let project = Project::of(&[]);
        copy_tree(package, &project.root().join(package.file_name().unwrap()));
        project
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("app")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let place = self.root().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.root().join(path).exists()
    }

    /// Every Python file, sorted.
    pub(crate) fn sources(&self) -> Vec<String> {
        let mut files = Vec::new();
        list_sources(&self.root(), "", &mut files);
        files.sort();
        files
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.root().join(path)).unwrap();
    }

    /// With modules that are not the project's own.
    pub(crate) fn with_modules(self, modules: &[(&str, &str)]) -> Project {
        let site = self.folder.path().join("site");
        for (path, text) in modules {
            fs::create_dir_all(site.join(path).parent().unwrap()).unwrap();
            fs::write(site.join(path), text).unwrap();
        }
        self.with("PYTHONPATH", site.to_str().unwrap())
    }

    /// With a variable.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Project {
        self.variables.insert(name, value.to_owned());
        self
    }

    /// What was left the last time.
    pub(crate) fn left(&self) -> String {
        self.left.borrow().clone()
    }

    /// Has the next run believe that this was left.
    pub(crate) fn leave(&self, left: &str) {
        *self.left.borrow_mut() = left.to_owned();
    }

    /// Runs the worker with what it left the last time, and asserts that plain pylint says the same.
    pub(crate) fn agrees(&self) -> Run {
        self.agrees_with(&[])
    }

    /// The same with further options.
    pub(crate) fn agrees_with(&self, options: &[&str]) -> Run {
        let run = self.run(options);
        let (worker, plain) = (&run.0, self.plain(options));
        assert_eq!(answer(worker), answer(&plain), "worker, then plain pylint: {:#?}", run.1);
        run.1
    }

    /// Runs the worker with what it left the last time.
    pub(crate) fn run(&self, options: &[&str]) -> (Output, Run) {
        self.run_to("lint", options)
    }

    /// Audits: the worker compares its records of the last run with a run from scratch.
    pub(crate) fn audit(&self) -> Run {
        self.run_to("audit", &[]).1
    }

    /// The same, and has pylint's own command look at the files.
    pub(crate) fn audit_plain(&self) -> Run {
        self.run_to("audit-plain", &[]).1
    }

    /// How the worker ends, whatever it says.
    pub(crate) fn ended(&self) -> Output {
        self.started("lint", &[])
    }

    /// Has the next runs know that code of the project may run, and why.
    pub(crate) fn allow_code(&self, reason: &str) {
        let pipe = self.folder.path().join("pipe");
        fs::create_dir_all(&pipe).unwrap();
        fs::write(pipe.join("own-code"), reason).unwrap();
    }

    fn started(&self, task: &str, options: &[&str]) -> Output {
        let pipe = self.folder.path().join("pipe");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &pipe);
        fs::write(pipe.join("state"), format!("{task} key\n{}", self.left())).unwrap();
        let mut command = self.python();
        command.arg(pipe.join("launcher.py"));
        command.args([
            "module",
            "pylint",
            "--keep-own",
            "--worker",
            "pylint_worker",
            "--",
            "--jobs=1",
        ]);
        command.args(OPTIONS).args(options).args(self.files()).output().unwrap()
    }

    fn run_to(&self, task: &str, options: &[&str]) -> (Output, Run) {
        let mut output = self.started(task, options);
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let (report, left) = text.split_once("\ncargo-pipe-state: ").unwrap_or((&text, "{}\n"));
        let mut lines = left.lines();
        let summary = lines.next().unwrap();
        self.leave(lines.next().unwrap_or_default());
        let plain = lines.next().filter(|line| !line.is_empty()).unwrap_or("null");
        let plain = serde_json::from_str(plain).unwrap();
        output.stdout = report.as_bytes().to_vec();
        let summary: Value = serde_json::from_str(summary).unwrap();
        let linted = summary["checked"].as_object().into_iter().flatten();
        let run = Run {
            cold: summary["cold"].as_str().unwrap_or_default().to_owned(),
            hint: summary["hint"].as_str().unwrap_or_default().to_owned(),
            linted: linted.map(|(path, _)| path.clone()).collect(),
            parsed: summary["parsed"].as_u64().unwrap_or_default(),
            messages: answer(&output).0.into_keys().collect(),
            refuted: serde_json::from_value(summary["refuted"].clone()).unwrap_or_default(),
            plain,
        };
        (output, run)
    }

    pub(crate) fn plain(&self, options: &[&str]) -> Output {
        let mut command = self.python();
        command.args(["-m", "pylint", "--jobs=1"]).args(OPTIONS).args(options).args(self.files());
        command.output().unwrap()
    }

    /// Runs pylint's own command so that it imports its own modules, whatever the project has.
    pub(crate) fn plain_apart(&self) -> Output {
        let mut command = self.python();
        command.arg(self.folder.path().join("pipe/launcher.py"));
        command.args(["module", "pylint", "--keep-own", "--", "--jobs=1"]);
        command.args(OPTIONS).args(self.files()).output().unwrap()
    }

    fn python(&self) -> Command {
        let mut command = start::command(&*PYTHON);
        command.current_dir(self.root()).envs(&self.variables);
        command
    }

    /// What a piece of Python prints.
    pub(crate) fn evaluate(&self, code: &str) -> String {
        let output = self.python().args(["-B", "-c", code]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Has a piece of Python make something else of what was left.
    pub(crate) fn falsify(&self, code: &str) {
        let script = format!(
            "import base64, json, sys, zlib\n\
             state = json.loads(zlib.decompress(base64.b64decode(sys.argv[1])))\n\
             {code}\n\
             print(base64.b64encode(zlib.compress(json.dumps(state).encode())).decode())"
        );
        let output = self.python().args(["-c", &script, &self.left()]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        self.leave(String::from_utf8(output.stdout).unwrap().trim_end());
    }

    /// The options that both get behind their own, and every Python file.
    fn files(&self) -> Vec<String> {
        let canonical = ["--rcfile=/dev/null", "--output-format=json2", "--persistent=n"];
        canonical.into_iter().map(str::to_owned).chain(self.sources()).collect()
    }
}

/// Every message with its number, the score, and the exit status.
pub(crate) fn answer(output: &Output) -> (BTreeMap<String, usize>, String, Option<i32>) {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {output:?}");
    });
    let mut messages = BTreeMap::new();
    for message in report["messages"].as_array().unwrap() {
        let text = message["message"].as_str().unwrap();
        // The lines that it quotes are taken from any of the files.
        let text: Vec<&str> = match message["messageId"] == "R0801" {
            true => text.lines().filter(|line| line.starts_with("==")).collect(),
            false => vec![text],
        };
        let place = ["path", "line", "column", "symbol"].map(|name| match &message[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let home = ["module", "obj"].map(|name| message[name].as_str().unwrap());
        let text = format!("{}: {} [{}]", place.join(":"), text.join(" "), home.join(":"));
        *messages.entry(text).or_default() += 1;
    }
    (messages, report["statistics"].to_string(), output.status.code())
}

fn copy(source: &Path, target: &Path) {
    copy_tree(&source.join("pylint_worker"), &target.join("pylint_worker"));
    fs::copy(source.join("launcher.py"), target.join("launcher.py")).unwrap();
}

/// Copies an installed package into a folder.
pub(crate) fn copy_package(name: &str, target: &Path) {
    copy_tree(&package_folder(&PYTHON, name), &target.join(name));
}

/// The Python of an environment with the locked pylint.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| locked_python("pylint"));

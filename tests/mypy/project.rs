//! A project that the worker checks, with what it left the last time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::python::{copy_tree, list_sources, locked_python};
use crate::start;

/// The configuration of a project that has none: whatever can depend on other files.
const STRICT: &str = "[mypy]\npython_version = 3.13\nstrict = True\nwarn_unreachable = True\n\
                      enable_error_code = deprecated, explicit-override\n";

/// The options of cargo pipe, as far as they matter here.
const OPTIONS: &[&str] = &[
    "--config-file=mypy.ini",
    "--output=json",
    "--no-native-parser",
    "--cache-dir=/dev/null",
    "--num-workers=0",
    "--no-fast-exit",
    "--no-pretty",
    "--hide-error-context",
];

/// Some files, and what the worker left the last time.
pub(crate) struct Project {
    folder: TempDir,
    left: RefCell<String>,
    variables: BTreeMap<&'static str, String>,
    is_other_release: bool,
}

/// What the worker says and did.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Run {
    /// Every line of mypy, sorted.
    pub(crate) lines: Vec<String>,
    /// Its standard error.
    pub(crate) complaints: String,
    /// Its exit status.
    pub(crate) code: Option<i32>,
    /// Why every file was checked, if it was.
    pub(crate) cold: String,
    /// What to type so that not every file has to be checked.
    pub(crate) hint: String,
    /// Why each file was checked.
    pub(crate) checked: BTreeMap<String, String>,
    /// What is otherwise than it was known, by file.
    pub(crate) refuted: BTreeMap<String, String>,
    /// What mypy's own command printed, where that was asked.
    pub(crate) plain: Value,
}

impl Run {
    /// What mypy says, without what the worker did.
    pub(crate) fn answer(&self) -> (&[String], &str, Option<i32>) {
        (&self.lines, &self.complaints, self.code)
    }

    /// The files that were checked.
    pub(crate) fn files(&self) -> Vec<&str> {
        self.checked.keys().map(String::as_str).collect()
    }
}

impl Project {
    /// A project with these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Project {
        let folder = tempfile::tempdir().unwrap();
        let variables =
            [("PYTHONHASHSEED", "0"), ("LC_ALL", "C.UTF-8"), ("PYTHONDONTWRITEBYTECODE", "1")];
        let variables = variables.map(|(name, value)| (name, value.to_owned())).into();
        let left = RefCell::default();
        let project = Project { folder, left, variables, is_other_release: false };
        fs::create_dir_all(project.root()).unwrap();
        project.write("mypy.ini", STRICT);
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

    /// Writes a file. Its time is that of every file, as in a snapshot.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let place = self.root().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, text).unwrap();
        let file = fs::File::options().append(true).open(&place).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.root().join(path).exists()
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.root().join(path)).unwrap();
    }

    /// Every Python file, sorted.
    pub(crate) fn sources(&self) -> Vec<String> {
        let mut files = Vec::new();
        list_sources(&self.root(), "", &mut files);
        files.sort();
        files
    }

    /// With a variable.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Project {
        self.variables.insert(name, value.to_owned());
        self
    }

    /// With a release of mypy that the worker does not know.
    pub(crate) fn with_other_release(mut self) -> Project {
        self.is_other_release = true;
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

    /// Runs the worker with what it left the last time, and asserts that it says the same from nothing.
    pub(crate) fn agrees(&self) -> Run {
        let before = self.left();
        self.leave("");
        let cold = self.run();
        self.leave(&before);
        let warm = self.run();
        assert_eq!(
            warm.answer(),
            cold.answer(),
            "warm, then cold: {:?} {:?}",
            warm.cold,
            warm.checked
        );
        warm
    }

    /// Runs the worker with what it left the last time.
    pub(crate) fn run(&self) -> Run {
        self.run_to("lint")
    }

    /// Runs the worker for this task.
    pub(crate) fn run_to(&self, task: &str) -> Run {
        let output = self.started(task);
        let text = String::from_utf8(output.stdout).unwrap();
        let (printed, left) = text.split_once("\ncargo-pipe-state: ").unwrap_or((&text, "{}\n"));
        let mut rest = left.lines();
        let summary: Value = serde_json::from_str(rest.next().unwrap()).unwrap();
        self.leave(rest.next().unwrap_or_default());
        let plain = rest.next().filter(|line| !line.is_empty()).unwrap_or("null");
        let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
        lines.sort();
        let text = |name: &str| summary[name].as_str().unwrap_or_default().to_owned();
        Run {
            lines,
            complaints: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
            cold: text("cold"),
            hint: text("hint"),
            checked: serde_json::from_value(summary["checked"].clone()).unwrap_or_default(),
            refuted: serde_json::from_value(summary["refuted"].clone()).unwrap_or_default(),
            plain: serde_json::from_str(plain).unwrap(),
        }
    }

    fn started(&self, task: &str) -> Output {
        let pipe = self.folder.path().join("pipe");
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        for worker in ["mypy_worker", "scope_worker"] {
            copy_tree(&templates.join(worker), &pipe.join(worker));
        }
        fs::copy(templates.join("launcher.py"), pipe.join("launcher.py")).unwrap();
        if self.is_other_release {
            let guard = pipe.join("mypy_worker/guard.py");
            let text = fs::read_to_string(&guard).unwrap();
            fs::write(&guard, text.replace("KNOWN = frozenset({\"", "KNOWN = frozenset({\"no"))
                .unwrap();
        }
        fs::write(pipe.join("state"), format!("{task} key\n{}", self.left())).unwrap();
        let mut command = self.python();
        command.arg(pipe.join("launcher.py"));
        command.args(["module", "mypy", "--keep-own", "--worker", "mypy_worker", "--"]);
        command.args(OPTIONS).args(["--", "."]).output().unwrap()
    }

    /// What was left the last time, as if it was about other contents of these files.
    pub(crate) fn falsify(&self, contents: &[(&str, &str)]) -> String {
        let script = "import base64, hashlib, json, sys, zlib\n\
            head, rest = zlib.decompress(base64.b64decode(sys.stdin.read())).split(b'\\n', 1)\n\
            state = json.loads(head)\n\
            for path, text in zip(sys.argv[1::2], sys.argv[2::2]):\n\
            \x20   hash = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()\n\
            \x20   state['sources'][path] = hash\n\
            packed = zlib.compress(json.dumps(state).encode() + b'\\n' + rest)\n\
            print(base64.b64encode(packed).decode(), end='')\n";
        let file = self.folder.path().join("left");
        fs::write(&file, self.left()).unwrap();
        let mut command = self.python();
        command.args(["-c", script]).stdin(fs::File::open(&file).unwrap());
        command.args(contents.iter().flat_map(|(path, text)| [path, text]));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs mypy's own command, and returns its lines and exit status.
    pub(crate) fn plain(&self) -> (Vec<String>, Option<i32>) {
        let mut command = self.python();
        let output = command.args(["-m", "mypy"]).args(OPTIONS).args(["--", "."]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let is_message = |line: &&str| line.starts_with('{');
        (text.lines().filter(is_message).map(str::to_owned).collect(), output.status.code())
    }

    /// What a piece of Python prints.
    pub(crate) fn evaluate(&self, code: &str) -> String {
        let output = self.python().args(["-c", code]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn python(&self) -> Command {
        let mut command = start::command(&*PYTHON);
        command.current_dir(self.root()).envs(&self.variables);
        command
    }
}

/// The Python of an environment with the locked mypy.
pub(crate) static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| locked_python("mypy"));

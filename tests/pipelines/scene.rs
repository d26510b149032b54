//! A repository whose pipeline is run, and the same checks on the host.
//!
//! Both use the published files of cargo-pipe, which `cargo xtask pipelines` has built.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_pipe::env_vars::EnvVars;
use serde_json::Value;
use tempfile::TempDir;

use crate::start;

/// The image with the docker CLI, rsync and pip that stands for that of a runner's helper, too.
pub(crate) const IMAGE: &str = "cargo-pipe.local/pipelines";

/// A syntax error is a finding of each of the four tools.
pub(crate) const BROKEN: &str = "\"\"\"A colon is missing.\"\"\"\n\nif True\n    print(1)\n";

/// What one check alone objects to.
pub(crate) const ONLY: [(&str, &str); 4] = [
    ("lint", "\"\"\"Fine.\"\"\"\n\n\ndef nothing() -> None:\n    print(1)\n"),
    ("format", "\"\"\"Fine.\"\"\"\n\nVALUE  =  1\n"),
    ("mypy", "\"\"\"Fine.\"\"\"\n\nVALUE: int = \"1\"\n"),
    ("ruff", "\"\"\"Fine.\"\"\"\n\nl = 1\n"),
];

/// A repository with a pipeline.
pub(crate) struct Scene {
    pub(crate) root: PathBuf,
    folder: TempDir,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) output: String,
}

/// Whether everything is there that the tests need.
pub(crate) fn is_ready() -> bool {
    ["DIST", "RUNNER", "TOOLCHAIN"]
        .iter()
        .all(|name| variable(&format!("CARGO_PIPE_TEST_{name}")).is_some())
}

/// The folder of what is published.
pub(crate) fn dist() -> PathBuf {
    PathBuf::from(variable("CARGO_PIPE_TEST_DIST").unwrap())
}

/// `gitlab-ci-local`.
pub(crate) fn runner() -> PathBuf {
    PathBuf::from(variable("CARGO_PIPE_TEST_RUNNER").unwrap())
}

/// The folder of the Rust toolchain.
pub(crate) fn toolchain() -> PathBuf {
    PathBuf::from(variable("CARGO_PIPE_TEST_TOOLCHAIN").unwrap())
}

fn variable(name: &str) -> Option<String> {
    EnvVars::of_process().get(name).map(str::to_owned)
}

impl Scene {
    /// A scaffolded repository with these options of `init`.
    pub(crate) fn new(options: &[&str]) -> Scene {
        Scene::empty().scaffolded(options)
    }

    /// The same with what is there already.
    pub(crate) fn scaffolded(self, options: &[&str]) -> Scene {
        let made = self.pipe(&[&["init"], options].concat());
        assert_eq!(made.status, Some(0), "{}", made.output);
        self.in_git()
    }

    /// A repository with a project in a folder of it.
    pub(crate) fn in_folder(folder: &str, options: &[&str]) -> Scene {
        let scene = Scene::empty().in_git();
        let made = scene.pipe(&[&["init", folder], options].concat());
        assert_eq!(made.status, Some(0), "{}", made.output);
        scene
    }

    fn in_git(self) -> Scene {
        self.git(&["init", "--quiet", "--initial-branch", "main"]);
        self.git(&["remote", "add", "origin", "git@gitlab.example.org:grp/proj.git"]);
        self
    }

    /// A repository with what one of the folders holds that `init` is tested with, committed.
    pub(crate) fn of_shape(name: &str) -> Scene {
        let scene = Scene::empty();
        let shape = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/init").join(name).join("in");
        if shape.is_dir() {
            let from = format!("{}/.", shape.display());
            let to = scene.root.display().to_string();
            let copied = scene.run(Path::new("cp"), &["--recursive", &from, &to]);
            assert_eq!(copied.status, Some(0), "{}", copied.output);
        }
        scene.git(&["init", "--quiet", "--initial-branch", "main"]);
        scene.git(&["add", "--all"]);
        scene.git(&["commit", "--quiet", "--allow-empty", "--message", "begin"]);
        scene
    }

    /// An empty folder.
    pub(crate) fn empty() -> Scene {
        let folder = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("proj");
        fs::create_dir(&root).unwrap();
        Scene { root, folder }
    }

    /// What git sees that is not committed, ignored files included.
    pub(crate) fn status(&self) -> String {
        let ended = self.run(Path::new("git"), &["status", "--porcelain", "--ignored"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        ended.output
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), text).unwrap();
    }

    /// Writes a file next to the repository, and returns its path.
    pub(crate) fn write_next_to(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Replaces a text in a file.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.root.join(path)).unwrap();
        assert!(text.contains(from), "{text}");
        self.write(path, &text.replace(from, to));
    }

    /// Commits everything.
    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
    }

    /// The same, as pushed to the default branch.
    pub(crate) fn push(&self) {
        self.commit();
        self.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        let head = ["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"];
        self.git(&head);
    }

    /// The program that is published, on the host.
    pub(crate) fn pipe(&self, args: &[&str]) -> Ended {
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().ends_with("-linux");
        let mut files = fs::read_dir(dist()).unwrap().map(|entry| entry.unwrap().path());
        self.run(&files.find(|path| name(path)).unwrap(), args)
    }

    /// Runs a script where the repository is at `/checkout` and what is published at `/dist`.
    pub(crate) fn script(&self, text: &str) -> Ended {
        let mounts = [
            format!("type=bind,source={},target=/checkout", self.root.display()),
            format!("type=bind,source={},target=/dist,readonly", dist().display()),
            "type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock".to_owned(),
        ];
        let mut args = vec!["run", "--rm", "--workdir", "/checkout", "--env", "CI=true"];
        args.extend(mounts.iter().flat_map(|mount| ["--mount", mount.as_str()]));
        args.extend([IMAGE, "bash", "-e", "-c", text]);
        self.run(Path::new("docker"), &args)
    }

    /// The report of a run on the host, and its exit status.
    pub(crate) fn on_the_host(&self, words: &[&str]) -> (Option<i32>, Value) {
        let path = self.folder.path().join("host.json");
        let report = format!("json={}", path.display());
        let ended = self.pipe(&[words, &["--engine", "docker", "--report", &report]].concat());
        (ended.status, read(&path))
    }

    /// Runs a program in the repository.
    pub(crate) fn run(&self, program: &Path, args: &[&str]) -> Ended {
        let mut command = start::command(program);
        command.args(args).current_dir(&self.root);
        command.env("HOME", self.folder.path()).env_remove("CI");
        let output = command.output().unwrap();
        let streams = [output.stdout, output.stderr].concat();
        Ended { status: output.status.code(), output: String::from_utf8(streams).unwrap() }
    }

    fn git(&self, args: &[&str]) {
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        let ended = self.run(Path::new("git"), &[&who, args].concat());
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }
}

/// A JSON report.
pub(crate) fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path);
    serde_json::from_str(&text.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .unwrap()
}

/// What may not differ between two runs of one fingerprint.
pub(crate) fn comparable(report: &Value) -> Value {
    let mut report = report.clone();
    for key in ["engine", "warnings", "duration_ms", "phases"] {
        report.as_object_mut().unwrap().remove(key);
    }
    for check in report["checks"].as_array_mut().unwrap() {
        for key in ["duration_ms", "started_ms", "since_last", "work", "cache", "log"] {
            check.as_object_mut().unwrap().remove(key);
        }
    }
    report
}

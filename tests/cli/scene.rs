//! The scene of a test: a temporary home, a project and a fake docker.
//!
//! A process sees no other variables than those of its scene. Paths, hashes and versions are redacted.
//! [`Run::ends`] asserts the exit status and both streams together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::PipeReader;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use cargo_pipe::env_vars::EnvVars;
use snapbox::{IntoData, Redactions, assert_data_eq, str};
use tempfile::TempDir;

use crate::fake_docker::FakeDocker;
use crate::session::Session;
use crate::start;

/// A home, a project, and a docker.
pub(crate) struct Scene {
    root: PathBuf,
    docker: FakeDocker,
    _folder: TempDir,
}

impl Scene {
    /// A scene with nothing in it.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["home", "project", "tmp"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let docker = FakeDocker::new(&root.join("docker"));
        Scene { root, docker, _folder: folder }
    }

    /// A scene whose project has a `pipe.toml` that says nothing and a clean source.
    pub(crate) fn with_project() -> Self {
        Scene::new()
            .file("pipe.toml", "source = [\"src\"]\n")
            .file("src/main.py", "\"\"\"Nothing.\"\"\"\n")
    }

    /// Adds a file to the project.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A folder next to the project, such as `home`.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The project's folder.
    pub(crate) fn project(&self) -> PathBuf {
        self.root.join("project")
    }

    /// What the fake docker answers and was asked.
    pub(crate) fn docker(&self) -> &FakeDocker {
        &self.docker
    }

    /// `cargo-pipe` with these words, typed in the project's folder.
    pub(crate) fn pipe(&self, words: &str) -> Run<'_> {
        Run {
            scene: self,
            words: words.split_whitespace().map(OsString::from).collect(),
            variables: self.variables(),
        }
    }

    /// What a process sees of this machine: almost nothing.
    fn variables(&self) -> BTreeMap<String, OsString> {
        let path = EnvVars::of_process().get("PATH").unwrap_or_default().to_owned();
        let folder = |name: &str| OsString::from(self.root.join(name));
        BTreeMap::from([
            ("PATH".to_owned(), OsString::from(path)),
            ("HOME".to_owned(), folder("home")),
            ("TMPDIR".to_owned(), folder("tmp")),
            ("LC_ALL".to_owned(), OsString::from("C.UTF-8")),
            ("TERM".to_owned(), OsString::from("dumb")),
            ("CARGO_PIPE_DOCKER".to_owned(), OsString::from(self.docker.program())),
            // The engine is fixed, so that no test finds a podman or Python of this machine. Choosing an
            // engine is tested with real ones in `tests/venv`.
            ("CARGO_PIPE_ENGINE".to_owned(), OsString::from("docker")),
        ])
    }

    /// The text without what differs from run to run. The longest path goes first.
    fn redacted(&self, text: &str) -> String {
        let mut redactions = Redactions::new();
        redactions.insert("[PROJECT]", self.project()).unwrap();
        redactions.insert("[DOCKER]", self.docker.program()).unwrap();
        redactions.insert("[SCENE]", self.root.clone()).unwrap();
        redactions.insert("[VERSION]", env!("CARGO_PKG_VERSION")).unwrap();
        hashes(&redactions.redact(text))
    }
}

/// A command that is about to be run.
#[must_use]
pub(crate) struct Run<'a> {
    scene: &'a Scene,
    words: Vec<OsString>,
    variables: BTreeMap<String, OsString>,
}

impl Run<'_> {
    /// With a variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), OsString::from(value));
        self
    }

    /// With one more argument, spaces and all.
    pub(crate) fn arg(mut self, word: impl Into<OsString>) -> Self {
        self.words.push(word.into());
        self
    }

    /// With more words.
    pub(crate) fn arg_all(mut self, words: &str) -> Self {
        self.words.extend(words.split_whitespace().map(OsString::from));
        self
    }

    /// Runs it, and compares how it ends with the status and what it wrote to both streams.
    #[track_caller]
    pub(crate) fn ends(self, status: i32, stdout: impl IntoData, stderr: impl IntoData) {
        let ended = self.ended();
        assert_data_eq!(ended.stderr, stderr);
        assert_data_eq!(ended.stdout, stdout);
        assert_eq!(ended.status, Some(status));
    }

    /// Runs it, and asserts that it fails because no project is found.
    #[track_caller]
    pub(crate) fn finds_no_project(self) {
        self.ends(
            2,
            "",
            str![[r#"
error: [PROJECT]: `pipe.toml` not found in this folder or any folder above

hint: run `cargo pipe init` to set up a project in this folder

"#]],
        );
    }

    /// Runs it.
    pub(crate) fn ended(self) -> Ended {
        let output = self.command().output().unwrap();
        self.scene.ended(output)
    }

    /// Runs it in this folder.
    pub(crate) fn ended_in(self, folder: &Path) -> Ended {
        let output = self.command().current_dir(folder).output().unwrap();
        self.scene.ended(output)
    }

    /// Runs it with a standard output that is closed at the other end.
    pub(crate) fn ends_unread(self) -> Ended {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = self.command().stdout(writer).output().unwrap();
        self.scene.ended(output)
    }

    /// Starts it, for a test that does something meanwhile; [`Scene::ended`] takes its output.
    pub(crate) fn start(self) -> Child {
        self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts it with one pipe for both of its streams, in which lines keep their order.
    pub(crate) fn start_joined(self) -> (Child, PipeReader) {
        start_joined(self.command())
    }

    /// Runs it under strace, which notes in a file every program that is started.
    pub(crate) fn traced(self, strace: &Path, notes: &Path) -> Ended {
        let mut command = start::command(strace);
        command
            .args(["-f", "-e", "trace=execve,fork,vfork", "-o"])
            .arg(notes)
            .arg(program())
            .args(&self.words);
        self.scene.ended(self.at_home(&mut command).output().unwrap())
    }

    /// Runs it as root of mounts that `wrapper` makes and a shell prepares, whose `$0` is `folder`.
    pub(crate) fn behind(self, wrapper: &[&str], prepare: &str, folder: &Path) -> Ended {
        self.scene.ended(self.prepared(wrapper, prepare, folder).output().unwrap())
    }

    /// Starts it in the same way, as [`Run::start_joined`] does.
    pub(crate) fn start_behind(self, wrapper: &[&str], prepare: &str) -> (Child, PipeReader) {
        let folder = self.scene.project();
        start_joined(self.prepared(wrapper, prepare, &folder))
    }

    fn prepared(&self, wrapper: &[&str], prepare: &str, folder: &Path) -> Command {
        let mut command = start::command(wrapper[0]);
        command.args(&wrapper[1..]).args(["sh", "-c", &format!("{prepare} && exec \"$@\"")]);
        command.arg(folder).arg(program()).args(&self.words);
        self.at_home(&mut command);
        command
    }

    /// Starts it on a terminal of its own.
    pub(crate) fn on_terminal(self) -> Session {
        Session::start(self.command())
    }

    /// Runs it with 4 GiB of address space, and kills it after a minute, which no status of its own
    /// looks like.
    pub(crate) fn within_limits(self) -> Ended {
        let mut command = start::command("/bin/sh");
        let script = "ulimit -v 4194304; exec timeout -s KILL 60 \"$0\" \"$@\"";
        command.args(["-c", script]).arg(program()).args(&self.words);
        self.scene.ended(self.at_home(&mut command).output().unwrap())
    }

    fn command(&self) -> Command {
        let mut command = start::command(program());
        self.at_home(command.args(&self.words));
        command
    }

    /// In the scene's project, with its variables alone.
    fn at_home<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env_clear().envs(&self.variables).current_dir(self.scene.project())
    }

    /// The program with these arguments behind a shell's redirections, such as `>/dev/full`.
    pub(crate) fn redirected(self, redirection: &str) -> Ended {
        let mut command = start::command("/bin/sh");
        command
            .arg("-c")
            .arg(format!("\"$0\" \"$@\" {redirection}"))
            .arg(program())
            .args(&self.words);
        self.scene.ended(self.at_home(&mut command).output().unwrap())
    }
}

impl Scene {
    /// What a process left behind, redacted.
    pub(crate) fn ended(&self, output: Output) -> Ended {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let unredacted_stdout = text(output.stdout);
        Ended {
            status: output.status.code(),
            stdout: self.redacted(&unredacted_stdout),
            stderr: self.redacted(&text(output.stderr)),
            unredacted_stdout,
        }
    }
}

/// What a process left behind, redacted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Its exit status; none if a signal ended it.
    pub(crate) status: Option<i32>,
    /// What it wrote to standard output.
    pub(crate) stdout: String,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
    /// What it wrote to standard output, for a reader that is a program.
    pub(crate) unredacted_stdout: String,
}

fn start_joined(mut command: Command) -> (Child, PipeReader) {
    let (reader, writer) = std::io::pipe().unwrap();
    let child = command.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    (child, reader)
}

/// The program that is tested.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cargo-pipe"))
}

/// Hashes, long and short, become `[HASH]`.
fn hashes(text: &str) -> String {
    let is_hash = |word: &str| {
        matches!(word.len(), 16 | 64)
            && word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    text.split_inclusive(|c: char| !c.is_ascii_alphanumeric())
        .map(|piece| {
            let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            if is_hash(word) { piece.replacen(word, "[HASH]", 1) } else { piece.to_owned() }
        })
        .collect()
}

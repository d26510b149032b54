//! The fake docker, as tests prepare and inspect it.
//!
//! A test writes replies into its folder and reads the calls there. The program itself is
//! `tests/fake-docker/docker.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::start;

/// A fake docker of one scene.
pub(crate) struct FakeDocker {
    folder: PathBuf,
}

impl FakeDocker {
    /// A docker in a folder of its own, that succeeds at everything and says nothing.
    pub(crate) fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder.join("replies")).unwrap();
        let program = folder.join("docker");
        let compiled = compiled();
        // The program knows its folder by its own path.
        if fs::hard_link(&compiled, &program).is_err() {
            fs::copy(&compiled, &program).unwrap();
        }
        FakeDocker { folder: folder.to_owned() }
    }

    /// The program, for `CARGO_PIPE_DOCKER`.
    pub(crate) fn program(&self) -> PathBuf {
        self.folder.join("docker")
    }

    /// Prepares the reply to calls with these words, each part of an argument, in this order. What
    /// was prepared first is tried first.
    pub(crate) fn on(&self, words: &[&str]) -> Reply {
        let number = fs::read_dir(self.folder.join("replies")).unwrap().count();
        let folder = self.folder.join("replies").join(format!("{number:03}"));
        fs::create_dir(&folder).unwrap();
        let reply = Reply { folder };
        reply.file("words", &words.join("\n"))
    }

    /// Every call so far: its arguments.
    pub(crate) fn calls(&self) -> Vec<Vec<String>> {
        let calls = fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        let words = |line: &str| line.split('\t').map(str::to_owned).collect();
        calls.lines().map(words).collect()
    }
}

/// A reply that is being prepared.
pub(crate) struct Reply {
    folder: PathBuf,
}

impl Reply {
    /// Prints this to standard output.
    pub(crate) fn stdout(self, text: &str) -> Self {
        self.file("stdout", text)
    }

    /// Prints this to standard error.
    pub(crate) fn stderr(self, text: &str) -> Self {
        self.file("stderr", text)
    }

    /// Ends with this exit status.
    pub(crate) fn code(self, code: u8) -> Self {
        self.file("code", &code.to_string())
    }

    /// Prints, then waits until the container is stopped by its name.
    pub(crate) fn hangs(self) -> Self {
        self.file("hangs", "")
    }

    /// Serves a single call.
    pub(crate) fn once(self) -> Self {
        self.file("once", "")
    }

    /// Runs a shell script instead, with the call's arguments; `$FAKE` is the fake's folder.
    pub(crate) fn script(self, text: &str) -> Self {
        self.file("script", text)
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.join(name), text).unwrap();
        self
    }
}

/// The compiled program, made once for all tests and again when its source changes.
fn compiled() -> PathBuf {
    let source = include_str!("../fake-docker/docker.rs");
    let name = format!("fake-docker-{}", blake3::hash(source.as_bytes()).to_hex());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.join(&name);
    if program.exists() {
        return program;
    }
    // Several tests may do this at once: each its own file, and the last rename wins.
    let building = tempfile::tempdir_in(folder).unwrap();
    let output = building.path().join("docker");
    let done = start::command("rustc")
        .args([
            "--edition",
            "2024",
            "-C",
            "opt-level=1",
            "-C",
            "debuginfo=0",
            "--crate-name",
            "docker",
        ])
        .arg("-o")
        .arg(&output)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-docker/docker.rs"))
        .status()
        .unwrap();
    assert!(done.success(), "the fake docker does not compile");
    fs::rename(&output, &program).unwrap();
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(docker: &FakeDocker, words: &str) -> (Option<i32>, String) {
        let output = start::command(docker.program()).args(words.split(' ')).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn a_reply_serves_the_calls_it_was_prepared_for() {
        let folder = tempfile::tempdir().unwrap();
        let docker = FakeDocker::new(folder.path());
        docker.on(&["run", "pylint"]).stdout("once").code(32).once();
        docker.on(&["run", "pylint"]).stdout("again").stderr("odd");
        docker.on(&["version"]).script("echo \"$1 in $(basename \"$FAKE\")\"");
        assert_eq!(call(&docker, "run --rm x-pylint"), (Some(32), "once".to_owned()));
        assert_eq!(call(&docker, "run --rm x-pylint"), (Some(0), "again".to_owned()));
        assert_eq!(call(&docker, "pylint run"), (Some(0), String::new()));
        assert!(call(&docker, "version").1.starts_with("version in "));
        assert_eq!(docker.calls().len(), 4);
        assert_eq!(docker.calls()[2], ["pylint", "run"]);
    }

    #[test]
    fn a_call_hangs_until_its_container_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let docker = FakeDocker::new(folder.path());
        docker.on(&["run"]).hangs();
        let mut hanging = start::command(docker.program())
            .args(["run", "--name", "it", "image"])
            .spawn()
            .unwrap();
        assert_eq!(call(&docker, "rm -f other").0, Some(0));
        assert!(hanging.try_wait().unwrap().is_none());
        assert_eq!(call(&docker, "rm -f it").0, Some(0));
        assert_eq!(hanging.wait().unwrap().code(), Some(137));
    }
}

//! Containers in which a test runs programs.
//!
//! A container ends with its standard input, so it outlives no test, however that ends.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::project::{Ended, docker, lines};
use crate::start;

/// The image that holds engines, a client of one and a registry.
pub(crate) fn image() -> &'static str {
    const IMAGE: &str = "cargo-pipe.local/machine";
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/docker/machine");
        let ended = docker(&["build", "--quiet", "--tag", IMAGE, folder.to_str().unwrap()]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
    });
    IMAGE
}

/// A container that runs until this is dropped.
pub(crate) struct Container {
    pub(crate) name: String,
    /// The client whose standard input keeps it running; none if another process started it.
    client: Option<Child>,
}

impl Container {
    /// Starts one with these options of `docker create` and these files, which must print
    /// `ready` and then read its standard input to the end.
    pub(crate) fn start(options: &[&str], files: &[(&Path, &str)], command: &[&str]) -> Container {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cargo-pipe-test-{}-{number}", std::process::id());
        let create = ["create", "--rm", "--interactive", "--name", &name];
        let created = docker(&[&create, options, &[image()], command].concat());
        assert_eq!(created.status, Some(0), "{created:?}");
        let mut start = start::command("docker");
        start.args(["start", "--attach", "--interactive", &name]);
        let started = files.iter().all(|(from, to)| {
            let to = format!("{name}:{to}");
            docker(&["cp", from.to_str().unwrap(), &to]).status == Some(0)
        });
        let mut client = start.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = client.stdout.take().unwrap();
        let mut container = Container { name, client: Some(client) };
        assert!(started, "its files are not copied");
        let mut lines = BufReader::new(stdout).lines();
        let printed: Vec<String> =
            lines.by_ref().map(Result::unwrap).take_while(|line| line != "ready").collect();
        let ended = container.client.as_mut().unwrap().try_wait().unwrap();
        assert!(ended.is_none(), "{printed:#?}");
        container
    }

    /// Uses a container that another process has started and will remove.
    pub(crate) fn attach(name: String) -> Container {
        Container { name, client: None }
    }

    /// Runs a program in it, with these options of `docker exec`.
    pub(crate) fn run(&self, options: &[&str], command: &[&str]) -> Ended {
        docker(&[&["exec"], options, &[&self.name], command].concat())
    }

    /// Copies a file or folder into it.
    pub(crate) fn copy(&self, from: &Path, to: &str) {
        let to = format!("{}:{to}", self.name);
        let ended = docker(&["cp", "--archive", from.to_str().unwrap(), &to]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }

    /// Where one of its ports is reached from here.
    pub(crate) fn address(&self, port: &str) -> String {
        lines(&["port", &self.name, port]).remove(0)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(client) = &mut self.client {
            // The engine removes what ended. That can take a minute.
            docker(&["kill", &self.name]);
            let _ = client.kill();
            let _ = client.wait();
        }
    }
}

//! The engine that answers, and one of our own where none does.
//!
//! Owns the start of a `dockerd` that outlives the task, with all its data in one folder, by
//! which it is recognised later. Must not know of images. The engine that answers goes to
//! whoever asks for one.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::packages;
use super::{System, say};
use crate::failure::{Failure, Result};
use crate::process::{self, Command};
use crate::workspace;

/// Everything that is ours on the system.
pub(super) const FOLDER: &str = "/var/lib/cargo-pipe";
const DATA: &str = "/var/lib/cargo-pipe/docker";
const LOG: &str = "/var/lib/cargo-pipe/dockerd.log";

/// Files that name a process by its number, and the program that must be behind it.
const NUMBERS: &[(&str, &str)] = &[
    ("/var/run/docker.pid", "dockerd"),
    ("/var/run/docker/containerd/containerd.pid", "containerd"),
];

/// It is ready after five seconds on a small machine, later where many containers are restored.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Readiness is announced nowhere but on the socket, so that is asked again this often.
const QUESTION_INTERVAL: Duration = Duration::from_millis(100);

/// An engine that answers.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) version: String,
    /// It was started by this task, now or in an earlier run: its images are ours to name.
    pub(super) is_ours: bool,
}

/// The engine that runs; on request one is installed and started where none does.
///
/// # Errors
///
/// When none runs, and none may or can be started.
pub(super) fn running(system: System) -> Result<Engine> {
    let silence = match ask()? {
        Answer::Engine(engine) => return Ok(engine),
        Answer::Silence(silence) => silence,
    };
    if silence.contains("permission denied") {
        return Err(Failure::new(format!("the engine does not answer this user: {silence}"))
            .hint("`sudo usermod -aG docker \"$USER\"`, then log in again"));
    }
    if system == System::Keep {
        return Err(packages::for_install(&format!("no engine answers: {silence}")));
    }
    if !process::is_installed("dockerd") {
        packages::install(packages::ENGINE)?;
        // Where services are started on installation, this one runs by now.
        if let Answer::Engine(engine) = ask()? {
            return Ok(engine);
        }
    }
    start()
}

enum Answer {
    Engine(Engine),
    Silence(String),
}

fn ask() -> Result<Answer> {
    let question = ["info", "--format", "{{.ServerVersion}} {{.DockerRootDir}}"];
    let output = Command::new("docker", question)
        .attempt()
        .map_err(|error| Failure::new(format!("`docker` cannot be started: {error}")))?;
    let answer = String::from_utf8_lossy(&output.stdout);
    // Some releases succeed without a server and leave both values empty.
    Ok(match answer.trim().split_once(' ') {
        Some((version, data)) if output.status.success() => {
            Answer::Engine(Engine { version: version.to_owned(), is_ours: data == DATA })
        }
        _ => Answer::Silence(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    })
}

fn start() -> Result<Engine> {
    if !process::is_root() {
        return Err(packages::for_install("starting an engine needs root"));
    }
    say(&format!("starting an engine with its data in {DATA}"));
    workspace::create_folder(Path::new(FOLDER))?;
    for (file, program) in NUMBERS {
        remove_stale(Path::new(file), program)?;
    }
    let daemon = Command::new("dockerd", ["--data-root", DATA]).start_apart(Path::new(LOG))?;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if let Answer::Engine(engine) = ask()? {
            return Ok(engine);
        }
        // Wakes at once if the engine ends.
        let ended = daemon
            .wait_timeout(QUESTION_INTERVAL)
            .map_err(|error| Failure::new(format!("`dockerd`: {error}")))?;
        if ended.is_some() {
            return Err(not_ready("the engine ended before it was ready"));
        }
        if Instant::now() > deadline {
            return Err(not_ready(&format!(
                "the engine is not ready after {} s",
                START_LIMIT.as_secs()
            )));
        }
    }
}

/// Removes the number of a process that is gone: another program may have it by now, and an
/// engine refuses to start beside it. What still runs is left to the engine to judge.
fn remove_stale(file: &Path, program: &str) -> Result<()> {
    let Ok(number) = fs::read_to_string(file) else {
        return Ok(());
    };
    let name = fs::read_to_string(format!("/proc/{}/comm", number.trim())).unwrap_or_default();
    if name.trim() == program {
        return Ok(());
    }
    fs::remove_file(file).map_err(|error| Failure::file(file, &error))
}

fn not_ready(message: &str) -> Failure {
    let log = fs::read_to_string(LOG).unwrap_or_default();
    Failure::new(format!("{message}\n\n{}", process::last_lines(&log)))
        .hint(format!("its log is {LOG}"))
}

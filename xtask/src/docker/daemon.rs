//! Finds the docker engine that answers, and starts one if none does and the system may be changed.
//!
//! A `dockerd` that is started here outlives the task. All its data is in one folder, by which
//! later runs recognise it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::packages;
use super::{Origin, System, say};
use crate::failure::{Failure, Result};
use crate::process::{self, Command};
use crate::workspace;

/// Holds everything that this task leaves on the system.
pub(super) const FOLDER: &str = "/var/lib/cargo-pipe";
const DATA: &str = "/var/lib/cargo-pipe/docker";
const LOG: &str = "/var/lib/cargo-pipe/dockerd.log";

/// Files with the id of a process, and the program that the process must run.
const PID_FILES: &[(&str, &str)] = &[
    ("/var/run/docker.pid", "dockerd"),
    ("/var/run/docker/containerd/containerd.pid", "containerd"),
];

/// The time limit of a start. It takes five seconds on a small machine, and longer where many
/// containers are restored.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The time between two questions whether the engine is ready, which only its socket can answer.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// An engine that answers.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) version: String,
    /// Whether this task started it, now or in an earlier run, so that its images may be renamed.
    pub(super) is_ours: bool,
}

/// Finds the running engine; on request installs and starts one if none runs.
///
/// # Errors
///
/// When none runs and none may or can be started.
pub(super) fn find_or_start(system: System) -> Result<Engine> {
    let silence = match ask()? {
        Answer::Engine(engine) => return Ok(engine),
        Answer::Silence(silence) => silence,
    };
    if silence.contains("permission denied") {
        return Err(Failure::new(format!("this user may not use the docker engine: {silence}"))
            .hint("`sudo usermod -aG docker \"$USER\"`, then log in again"));
    }
    if system == System::Keep {
        return Err(packages::suggest_install(&format!("no docker engine answers: {silence}")));
    }
    if !process::is_installed("dockerd") {
        packages::install(packages::ENGINE, Origin::Newer)?;
        // Some systems start a service when they install it.
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
        return Err(packages::suggest_install("starting an engine needs root"));
    }
    say(&format!("starting an engine with its data in {DATA}"));
    workspace::create_folder(Path::new(FOLDER))?;
    for (file, program) in PID_FILES {
        remove_stale_pid(Path::new(file), program)?;
    }
    let daemon = Command::new("dockerd", ["--data-root", DATA]).start_apart(Path::new(LOG))?;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if let Answer::Engine(engine) = ask()? {
            return Ok(engine);
        }
        // Wakes at once if the engine ends.
        let ended = daemon
            .wait_timeout(POLL_INTERVAL)
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

/// Removes the file of a process that has ended. Another program may have got its id since, and
/// then an engine would refuse to start.
fn remove_stale_pid(file: &Path, program: &str) -> Result<()> {
    let Ok(id) = fs::read_to_string(file) else {
        return Ok(());
    };
    let name = fs::read_to_string(format!("/proc/{}/comm", id.trim())).unwrap_or_default();
    if name.trim() == program {
        return Ok(());
    }
    fs::remove_file(file).map_err(|error| Failure::file(file, &error))
}

fn not_ready(message: &str) -> Failure {
    let log = fs::read_to_string(LOG).unwrap_or_default();
    Failure::new(format!("{message}\n\n{}", process::last_lines(&log)))
        .hint(format!("see the log `{LOG}`"))
}

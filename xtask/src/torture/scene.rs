//! The place of one try: the project, the machine around it, and the faults that were found.

mod faults;
mod signals;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cargo_pipe::env_vars::EnvVars;
use fastrand::Rng;
use serde_json::Value;

use super::arena::{self, Arena};
use super::score::Faults;
use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::test::attempt;
use crate::test::signals::Interrupted;
use crate::workspace;

/// How long a run may take that has nothing to wait for.
pub(super) const LIMIT: Duration = Duration::from_secs(240);

/// The time limit of a check. A tool may hang by itself, and the program has to end it.
const TIMEOUT: &str = "40s";

/// Address space of a run, in KiB. What reads without a limit ends there.
const ADDRESS_SPACE: u64 = 4 << 20;

/// The engines and sandboxes of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// Neither docker nor bubblewrap works.
    Bare,
    /// Docker works and bubblewrap does not. The engine is not chosen.
    DockerAlone,
    /// Bubblewrap works.
    Bubblewrap,
    /// A program stands in for docker.
    Fake,
    /// The docker engine of this machine.
    Docker,
}

/// One try.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    arena: &'a Arena,
    place: usize,
    stop: &'a Interrupted,
    /// The number of the case.
    pub(super) case: usize,
    pub(super) random: Rng,
    name: String,
    faults: Faults,
    transcript: String,
    outside: Files,
    environments: Files,
    /// Whether a normal run came last, after which nothing may be left.
    is_settled: bool,
    uses_engine: bool,
}

type Files = BTreeMap<PathBuf, (u64, u32, i64)>;

/// An end of the program.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit status; none if it was killed.
    pub(super) status: Option<i32>,
    /// Both streams.
    pub(super) output: String,
}

impl<'a> Scene<'a> {
    /// Creates the scene of a try.
    ///
    /// # Errors
    ///
    /// When its place cannot be prepared.
    pub(super) fn create(
        arena: &'a Arena,
        place: usize,
        case: usize,
        random: Rng,
        stop: &'a Interrupted,
    ) -> Result<Scene<'a>> {
        arena.prepare(place)?;
        let root = arena.place(place);
        Ok(Scene {
            arena,
            place,
            stop,
            case,
            random,
            name: String::new(),
            faults: Faults::default(),
            transcript: String::new(),
            outside: arena::survey(&root.join("outside")),
            environments: arena::survey(&root.join("cache/environments")),
            is_settled: false,
            uses_engine: false,
        })
    }

    /// Names the try, for the report of a fault.
    pub(super) fn name(&mut self, name: impl Into<String>) {
        self.name = name.into();
    }

    /// The faults that were found.
    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The runs of this try and their output.
    pub(super) fn transcript(&self) -> String {
        format!("{}\n{}", self.name, self.transcript)
    }

    /// A folder of the place.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.arena.place(self.place).join(name)
    }

    /// A file of the project.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder("project").join(path)
    }

    /// The file that hostile code writes.
    pub(super) fn marker(&self) -> PathBuf {
        self.folder("outside").join("marker")
    }

    /// Writes a file of the project, also over a link.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(path);
        if let Some(folder) = path.parent() {
            workspace::create_folder(folder)?;
        }
        arena::remove(&path)?;
        fs::write(&path, text).map_err(|error| Failure::file(&path, &error))
    }

    /// Adds text to a file of the project.
    ///
    /// # Errors
    ///
    /// When it cannot be read or written.
    pub(super) fn append(&self, path: &str, text: &str) -> Result<()> {
        let before = fs::read_to_string(self.path(path)).unwrap_or_default();
        self.write(path, before + text)
    }

    /// Prepares a run of the program on a machine.
    pub(super) fn pipe(&self, machine: Machine, words: &[&str]) -> Command {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let program = self.arena.program.to_string_lossy();
        let limited = format!("ulimit -v {ADDRESS_SPACE}; ulimit -c 0; exec \"$0\" \"$@\"");
        let command = Command::new("/bin/sh", ["-c", &limited, &program]);
        let command = command.arguments(words.iter().map(String::as_str));
        self.settle_at(machine, command)
    }

    /// Lets a command see only the place and a machine.
    pub(super) fn settle_at(&self, machine: Machine, command: Command) -> Command {
        let own = EnvVars::of_process();
        let path = own.get("PATH").unwrap_or_default();
        let path = match machine {
            Machine::Bare | Machine::DockerAlone => {
                format!("{}:{path}", self.arena.root().join("bare").display())
            }
            _ => path.to_owned(),
        };
        let home = own.get("HOME").unwrap_or("/root");
        let pyenv = own.get("PYENV_ROOT").map_or(format!("{home}/.pyenv"), str::to_owned);
        let folder = |name: &str| self.folder(name).to_string_lossy().into_owned();
        let mut command = command
            .alone()
            .folder(&self.folder("project"))
            .variable("PATH", &path)
            .variable("HOME", &folder("home"))
            .variable("TMPDIR", &folder("tmp"))
            .variable("LC_ALL", "C.UTF-8")
            .variable("TERM", "dumb")
            .variable("CARGO_PIPE_CACHE_DIR", &folder("cache"))
            .variable("CARGO_PIPE_TIMEOUT", TIMEOUT)
            .variable("GIT_CONFIG_GLOBAL", "/dev/null")
            .variable("PYENV_ROOT", &pyenv);
        // Without these, rustup would set itself up in the home.
        for name in ["RUSTUP_HOME", "CARGO_HOME"] {
            let usual = format!("{home}/.{}", name.to_lowercase().replace("_home", ""));
            command = command.variable(name, own.get(name).unwrap_or(&usual));
        }
        command = match machine {
            Machine::Bare | Machine::Bubblewrap => {
                command.variable("DOCKER_HOST", "unix:///nowhere/docker.sock")
            }
            Machine::Fake => command
                .variable("CARGO_PIPE_DOCKER", &folder("docker/docker"))
                .variable("CARGO_PIPE_ENGINE", "docker"),
            Machine::DockerAlone => command,
            Machine::Docker => command.variable("CARGO_PIPE_ENGINE", "docker"),
        };
        command
    }

    /// Runs a command to its end, and judges the end: it must come in time, with one of these
    /// statuses and not by a crash.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(super) fn run(
        &mut self,
        command: &Command,
        limit: Duration,
        allowed: &[i32],
    ) -> Result<Ended> {
        self.is_settled = false;
        let attempt = attempt::run(command, limit, self.stop)?;
        Ok(self.judge_end(command, attempt, allowed))
    }

    /// Runs the program on a machine, with the usual limit and any documented status.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(super) fn try_pipe(&mut self, machine: Machine, words: &[&str]) -> Result<Ended> {
        let command = self.pipe(machine, words);
        self.run(&command, LIMIT, &[0, 1, 2, 3])
    }

    /// Restores the project and runs checks on it: the result must be the right one.
    ///
    /// # Errors
    ///
    /// When a run cannot be started.
    pub(super) fn expect_right(&mut self, machine: Machine, checks: &[&str]) -> Result<()> {
        self.arena.restore_project(self.place)?;
        let right = self.read_right_results()?;
        self.uses_engine |= machine == Machine::Docker;
        let results = self.results(machine, checks, &[])?;
        self.compare(&results, &right, checks);
        self.is_settled = true;
        Ok(())
    }

    /// Compares the results of the project as it is with those of a run without a cache.
    ///
    /// # Errors
    ///
    /// When a run cannot be started.
    pub(super) fn expect_like_uncached(&mut self, machine: Machine, checks: &[&str]) -> Result<()> {
        let results = self.results(machine, checks, &[])?;
        let right = self.results(machine, checks, &["--cache", "off"])?;
        self.compare(&results, &right, checks);
        self.is_settled = true;
        Ok(())
    }

    /// The results of a run, by check.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(super) fn results(
        &mut self,
        machine: Machine,
        checks: &[&str],
        options: &[&str],
    ) -> Result<BTreeMap<String, Value>> {
        let report = self.folder("report.json");
        arena::remove(&report)?;
        let argument = format!("json={}", report.display());
        let words = [&["run", "--check", "--report", &argument], options, checks].concat();
        let command = self.pipe(machine, &words);
        self.run(&command, LIMIT * 4, &[0, 1])?;
        let text = fs::read_to_string(&report).unwrap_or_default();
        Ok(arena::results_of(&serde_json::from_str(&text).unwrap_or_default()))
    }

    /// The right results, from a run of the clean project that also builds its environments.
    fn read_right_results(&mut self) -> Result<BTreeMap<String, Value>> {
        let path = self.arena.results(self.place);
        if !path.exists() {
            self.build()?;
        }
        let text = workspace::read(&path)?;
        serde_json::from_str(&text).map_err(|error| Failure::new(error.to_string()))
    }

    /// Builds the environments of the place, if that was not done before.
    ///
    /// # Errors
    ///
    /// When a check of the clean project cannot be run.
    pub(super) fn build(&mut self) -> Result<()> {
        let path = self.arena.results(self.place);
        if path.exists() {
            return Ok(());
        }
        let saved = self.folder("saved");
        arena::remove(&saved)?;
        let project = self.folder("project");
        fs::rename(&project, &saved).map_err(|error| Failure::file(&project, &error))?;
        self.arena.restore_project(self.place)?;
        let checks = ["lint", "format", "mypy", "ruff"];
        let right = self.results(Machine::Bubblewrap, &checks, &["--cache", "off"])?;
        let has_all = checks.iter().all(|check| {
            right.get(*check).is_some_and(|result| result[0].as_str() == Some("findings"))
        });
        if !has_all || !self.faults.is_held() {
            let message = "the checks of a clean project cannot be run in virtual environments";
            return Err(Failure::new(format!("{message}\n\n{}", self.transcript)));
        }
        arena::remove(&project)?;
        fs::rename(&saved, &project).map_err(|error| Failure::file(&project, &error))?;
        let text =
            serde_json::to_string(&right).map_err(|error| Failure::new(error.to_string()))?;
        workspace::write(&path, &text)?;
        self.environments = arena::survey(&self.folder("cache/environments"));
        Ok(())
    }

    /// The path of the program.
    pub(super) fn program(&self) -> String {
        self.arena.program.to_string_lossy().into_owned()
    }

    /// The signal that ends all tries.
    pub(super) fn stop(&self) -> &'a Interrupted {
        self.stop
    }

    /// Takes what is outside now as what was there before.
    pub(super) fn note_outside(&mut self) {
        self.outside = arena::survey(&self.folder("outside"));
    }

    /// Waits for a moment of the try.
    pub(super) fn wait(&self, duration: Duration) {
        let end = Instant::now() + duration;
        let (_sender, receiver) = std::sync::mpsc::channel::<()>();
        while !self.stop.happened() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let _ = receiver.recv_timeout(left.min(attempt::STEP));
        }
    }
}

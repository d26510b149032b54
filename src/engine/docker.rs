//! The engine behind the docker CLI, which also drives podman.
//!
//! It finds the program, labels everything that a run starts, and removes leftovers by their
//! labels. `image` builds images, `job` runs jobs, `topology` gets trees into containers, and
//! [`podman`] has the differences between docker and podman.

pub mod argv;
mod base;
mod image;
mod image_info;
mod job;
mod job_image;
mod limits;
mod network;
mod owner;
pub mod podman;
mod remove;
mod shell;
mod topology;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::argv::{Container, ContainerNetwork, ContainerStdin};
use self::owner::Owner;
use self::podman::{Dialect, PodmanRights};
use self::topology::Placement;
use super::{Engine, EngineError, EngineOptions, Job, PreparedEnvironment, Recipe, RunError};
use crate::config::EngineChoice;
use crate::engine_info::{EngineInfo, SandboxKind, Topology};
use crate::env_vars::DOCKER;
use crate::env_vars::EnvVars;
use crate::outcome::RawOutput;
use crate::plan::Shell;
use crate::process::{self, Cancel, Emitter, Invocation, Until};
use crate::snapshot::{Changes, Inventory, Tree};

/// The label with the run of a container or volume.
const RUN_LABEL: &str = "dev.cargo-pipe.run";
/// The label with the project of a container or volume.
const PROJECT_LABEL: &str = "dev.cargo-pipe.project";
/// The label with the process that started a container or volume.
const OWNER_LABEL: &str = "dev.cargo-pipe.owner";
/// The label with the time when a container or volume may be removed, in seconds since 1970.
const DEADLINE_LABEL: &str = "dev.cargo-pipe.deadline";

/// The time limit of a docker command that moves no data.
const LIMIT: Duration = Duration::from_secs(60);

/// The time limit of a docker command that moves data.
const DATA_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The time limit of a build or a pull.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The time after the end of a run until its containers and volumes count as left behind.
const EXTRA_TIME: Duration = Duration::from_secs(3600);

/// The program of an engine with containers: that of the variable, or the default one.
pub(crate) fn program(choice: EngineChoice, variables: &EnvVars) -> &str {
    let own = match choice {
        EngineChoice::Podman => "podman",
        _ => "docker",
    };
    variables.get(DOCKER).unwrap_or(own)
}

/// The engine behind the docker CLI.
pub struct Docker<'a> {
    settings: EngineOptions,
    emitter: &'a Emitter<'a>,
    placement: Placement,
    /// The warnings for the report, without duplicates.
    notes: Mutex<BTreeSet<String>>,
    program: PathBuf,
    dialect: Dialect,
    version: String,
    /// Whether the engine can limit memory. Docker itself says so when it cannot.
    limits_memory: bool,
    /// The number of processors of a container; all of the engine's if none.
    cpus: Option<usize>,
    cancel: &'a Cancel,
    labels: BTreeMap<String, String>,
    /// Whether leftovers may exist that must be found by their label.
    untidy: AtomicBool,
}

impl<'a> Docker<'a> {
    /// Finds the docker CLI and connects to its engine.
    ///
    /// # Errors
    ///
    /// When the program is not found, or the engine does not answer.
    pub fn connect(
        settings: EngineOptions,
        cancel: &'a Cancel,
        emitter: &'a Emitter<'a>,
    ) -> Result<Self, EngineError> {
        let program = which::which(&settings.docker)
            .map_err(|_| EngineError::NotInstalled(settings.docker.clone()))?;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let deadline = (seconds + settings.longest + EXTRA_TIME).as_secs();
        let mut labels = BTreeMap::from([
            (RUN_LABEL.to_owned(), settings.run.clone()),
            (PROJECT_LABEL.to_owned(), settings.project.clone()),
            (DEADLINE_LABEL.to_owned(), deadline.to_string()),
        ]);
        if let Some(owner) = Owner::this_process() {
            labels.insert(OWNER_LABEL.to_owned(), owner.label());
        }
        let placement = Placement::new(settings.topology);
        let mut docker = Docker {
            settings,
            emitter,
            placement,
            notes: Mutex::default(),
            program,
            dialect: Dialect::Docker,
            version: String::new(),
            limits_memory: true,
            cpus: None,
            cancel,
            labels,
            untidy: AtomicBool::new(false),
        };
        let output = docker.call(["version", "--format", podman::VERSION_TEMPLATE])?;
        if output.code != 0 {
            return Err(unavailable(&output));
        }
        let answer = text(&output.stdout);
        docker.version = answer.split(' ').next().unwrap_or_default().to_owned();
        (docker.dialect, docker.limits_memory) = docker.detect_dialect(&answer)?;
        if let Some(wanted) = docker.settings.cpus {
            docker.cpus = docker.limit_cpus(wanted)?;
        }
        Ok(docker)
    }

    /// Detects docker or podman by its answer to the version query, and whether it can limit
    /// memory.
    fn detect_dialect(&self, answer: &str) -> Result<(Dialect, bool), EngineError> {
        let name = || self.settings.docker.clone();
        match (podman::is_podman(answer), self.settings.choice) {
            (false, EngineChoice::Podman) => Err(EngineError::NotPodman(name())),
            (false, _) => Ok((Dialect::Docker, true)),
            (true, _) => {
                let output = self.succeed(&self.docker(podman::ROOTLESS_QUERY))?;
                let answer = text(&output.stdout);
                let rights = match answer.ends_with("true") {
                    true => PodmanRights::Rootless,
                    false => PodmanRights::Rootful,
                };
                Ok((Dialect::Podman(rights), podman::limits_memory(&answer)))
            }
        }
    }

    /// This number of processors; none if the engine's machine has as few.
    fn limit_cpus(&self, wanted: usize) -> Result<Option<usize>, EngineError> {
        let invocation = self.docker(["info", "--format", "{{.NCPU}}"]);
        let output = self.succeed(&invocation)?;
        let all: usize = text(&output.stdout).parse().map_err(|_| failed(&invocation, &output))?;
        Ok(Some(wanted).filter(|wanted| *wanted < all))
    }

    /// Removes all containers and volumes with a label.
    fn sweep(&self, label: &str, value: &str) -> (Vec<String>, Vec<String>) {
        let filter = format!("label={label}={value}");
        let list = |args: &[&str]| match self.call_anyway(args.iter().copied()) {
            Ok(output) => text(&output.stdout).lines().map(str::to_owned).collect(),
            Err(_) => Vec::new(),
        };
        let containers = list(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]);
        self.remove_containers(&containers);
        let volumes = list(&["volume", "ls", "--filter", &filter, "--format", "{{.Name}}"]);
        self.remove_volumes(&volumes);
        (containers, volumes)
    }

    fn remove_containers(&self, names: &[String]) {
        if !names.is_empty() {
            let args = self.dialect.removal().iter().copied();
            // A container may be gone already, and one that remains is found by its label later.
            let _ = self.call_anyway(args.chain(names.iter().map(String::as_str)));
        }
    }

    fn remove_volumes(&self, names: &[String]) {
        if !names.is_empty() {
            let args = ["volume", "rm", "--force"].into_iter();
            let _ = self.call_anyway(args.chain(names.iter().map(String::as_str)));
        }
    }

    /// Runs a docker command that is stopped with the run.
    fn call<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<RawOutput, EngineError> {
        let until = Until { cancel: Some(self.cancel), limit: LIMIT };
        Ok(process::run(&self.docker(args), until, self.emitter)?)
    }

    /// Runs a docker command even when the run stops, for cleaning up.
    fn call_anyway<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<RawOutput, EngineError> {
        let until = Until { cancel: None, limit: LIMIT };
        Ok(process::run(&self.docker(args), until, self.emitter)?)
    }

    /// Runs a docker command that has to succeed.
    fn succeed(&self, invocation: &Invocation) -> Result<RawOutput, EngineError> {
        let until = Until { cancel: Some(self.cancel), limit: LIMIT };
        let output = process::run(invocation, until, self.emitter)?;
        match output.code {
            0 => Ok(output),
            _ => Err(failed(invocation, &output)),
        }
    }

    /// Runs a docker command that has to succeed and moves data.
    fn move_data(&self, invocation: &Invocation) -> Result<RawOutput, EngineError> {
        let output = self.follow(invocation, DATA_LIMIT, |_| {})?;
        match output.code {
            0 => Ok(output),
            _ => Err(failed(invocation, &output)),
        }
    }

    /// Runs a long docker command, and passes on the lines of its standard error.
    fn follow(
        &self,
        invocation: &Invocation,
        limit: Duration,
        on_line: impl FnMut(&str),
    ) -> Result<RawOutput, EngineError> {
        let until = Until { cancel: Some(self.cancel), limit };
        Ok(process::stream(invocation, until, self.emitter, on_line)?)
    }

    fn docker<A: Into<OsString>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        let options = self.dialect.options().iter().map(OsString::from);
        Invocation::new(&self.program, options.chain(args.into_iter().map(Into::into)))
    }

    /// The description of a container of this run, without mounts and with a command that does
    /// nothing.
    fn container(&self, name: &str, image: &str) -> Container {
        Container {
            dialect: self.dialect,
            name: format!("cargo-pipe-{}-{name}", self.settings.run),
            labels: self.labels.clone(),
            image: image.to_owned(),
            platform: self.settings.platform.clone(),
            cpus: self.cpus,
            memory: None,
            user: (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw()),
            env: BTreeMap::new(),
            mounts: Vec::new(),
            network: ContainerNetwork::None,
            socket_group: None,
            stdin: ContainerStdin::Closed,
            command: vec!["true".to_owned()],
        }
    }

    /// Adds a warning to the report.
    fn note(&self, message: String) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).insert(message);
    }

    /// Marks that the run must search for leftovers at its end.
    fn mark_untidy(&self) {
        self.untidy.store(true, Ordering::Relaxed);
    }
}

impl Engine for Docker<'_> {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            kind: self.dialect.kind().to_owned(),
            version: self.version.clone(),
            topology: self.placement.topology(),
            sandbox: Some(SandboxKind::Container),
        }
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.iter().cloned().collect()
    }

    fn prepare(&self, recipes: &[Recipe]) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>> {
        self.prepare_images(recipes)
    }

    fn reap(&self) {
        let format =
            format!("{{{{.Label \"{OWNER_LABEL}\"}}}} {{{{.Label \"{DEADLINE_LABEL}\"}}}}");
        let filter = format!("label={RUN_LABEL}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let left_behind = |names: RawOutput| -> Vec<String> {
            let stdout = text(&names.stdout);
            let judged = stdout.lines().filter_map(|line| {
                let mut words = line.split(' ');
                let (name, owner, deadline) = (words.next()?, words.next()?, words.next()?);
                owner::is_left_behind(owner, deadline, now).then(|| name.to_owned())
            });
            judged.collect()
        };
        let containers = format!("{{{{.Names}}}} {format}");
        if let Ok(names) = self.call(["ps", "--all", "--filter", &filter, "--format", &containers])
        {
            self.remove_containers(&left_behind(names));
        }
        let label = |label| self.dialect.volume_label(label);
        let volumes = format!("{{{{.Name}}}} {} {}", label(OWNER_LABEL), label(DEADLINE_LABEL));
        if let Ok(names) = self.call(["volume", "ls", "--filter", &filter, "--format", &volumes]) {
            self.remove_volumes(&left_behind(names));
        }
    }

    fn place(&self, trees: Vec<Tree>) {
        self.placement.expect(trees);
    }

    fn run(&self, job: &Job<'_>) -> Result<RawOutput, RunError> {
        self.placement.run(|topology| self.attempt(job, topology))
    }

    fn run_shell(&self, job: &Job<'_>, shell: &Shell) -> Result<i32, RunError> {
        self.placement.run(|topology| self.attach_shell(job, shell, topology))
    }

    fn changes(&self, job: &Job<'_>, inventory: &Inventory) -> Result<Changes, EngineError> {
        Ok(match self.placement.topology() {
            Some(Topology::Stream) => Changes::in_archive(&self.fetch(job)?, inventory)?,
            _ => Changes::in_folder(&job.app.folder, inventory)?,
        })
    }
}

impl Drop for Docker<'_> {
    fn drop(&mut self) {
        if self.untidy.load(Ordering::Relaxed) || std::thread::panicking() {
            self.sweep(RUN_LABEL, &self.settings.run.clone());
        }
    }
}

/// The error for a failed version query.
fn unavailable(output: &RawOutput) -> EngineError {
    let line = last_line(&output.stderr, "no message");
    if text(&output.stderr).contains("permission denied") {
        EngineError::NoPermission(line)
    } else {
        EngineError::NotRunning(line)
    }
}

fn failed(invocation: &Invocation, output: &RawOutput) -> EngineError {
    // Options before the command apply to every command.
    let mut words = invocation.args.iter().map(|word| word.to_string_lossy());
    let word = words.find(|word| !word.starts_with("--"));
    let program = invocation.program.file_name().unwrap_or_default().to_string_lossy();
    EngineError::Docker {
        command: format!("{program} {}", word.unwrap_or_default()),
        message: last_line(&output.stderr, &format!("exit status {}", output.code)),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

fn last_line(bytes: &[u8], otherwise: &str) -> String {
    let text = text(bytes);
    // Docker ends its errors with a hint about its own command line.
    let is_message = |line: &&str| !line.is_empty() && !line.starts_with("Run 'docker");
    text.lines().map(str::trim).rfind(is_message).unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_of_docker_is_not_its_error() {
        assert_eq!(
            last_line(b"docker: no such image\n\nRun 'docker run --help'\n", ""),
            "docker: no such image"
        );
    }
}

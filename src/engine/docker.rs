//! The engine behind the docker CLI, which also drives podman.
//!
//! It finds the program and labels everything that a run starts. `call` runs the program, `cleanup`
//! removes leftovers by their labels, `image` builds images, `job` runs jobs, `topology` gets trees
//! into containers, `proof` checks that they arrived, `unused` selects the images that no project needs, and
//! [`podman`] has the differences between docker and podman.

pub mod argv;
mod base;
mod build_context;
mod call;
mod cleanup;
mod client_image;
mod end_cause;
mod image;
mod image_info;
mod job;
mod job_image;
mod limits;
mod network;
mod owner;
pub mod podman;
mod proof;
mod remove;
mod shell;
mod topology;
mod unused;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::argv::{Container, ContainerNetwork, ContainerStdin};
use self::call::{failed, last_line, text};
use self::cleanup::CleanUp;
pub(crate) use self::cleanup::LIMIT as CLEANUP_LIMIT;
use self::owner::Owner;
use self::podman::{Dialect, PodmanRights};
pub(crate) use self::remove::ImageUsage;
use self::topology::Placement;
use super::{
    Engine, EngineError, EngineOptions, Job, PreparedEnvironment, Recipe, RunError, started,
};
use crate::config::EngineChoice;
use crate::container::APP;
use crate::engine_info::{EngineInfo, SandboxKind, Topology};
use crate::env_vars::DOCKER;
use crate::env_vars::EnvVars;
use crate::event::Event;
use crate::outcome::RawOutput;
use crate::plan::{Shell, ShellFiles};
use crate::process::{Cancel, Emitter};
use crate::snapshot::{Changes, Inventory, SnapshotError, Tree};

/// The label with the run of a container or volume.
const RUN_LABEL: &str = "dev.cargo-pipe.run";
/// The label with the project of a container or volume.
const PROJECT_LABEL: &str = "dev.cargo-pipe.project";
/// The label with the process that started a container or volume.
const OWNER_LABEL: &str = "dev.cargo-pipe.owner";
/// The label with the time when a container or volume may be removed, in seconds since 1970.
const DEADLINE_LABEL: &str = "dev.cargo-pipe.deadline";

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
    /// Whether an image is used for the first time today.
    has_marked_use: AtomicBool,
    cleanup: CleanUp,
    is_cleaned: AtomicBool,
    /// Whether the run has noted that it starts something.
    has_started: Mutex<bool>,
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
        let cleanup = CleanUp::new(settings.answer_limit);
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
            has_marked_use: AtomicBool::new(false),
            cleanup,
            is_cleaned: AtomicBool::new(false),
            has_started: Mutex::new(false),
        };
        let output = docker.call(["version", "--format", podman::VERSION_TEMPLATE])?;
        if output.code != 0 {
            return Err(unavailable(&output));
        }
        let answer = text(&output.stdout);
        docker.version = answer.split(' ').next().unwrap_or_default().to_owned();
        (docker.dialect, docker.limits_memory) = docker.detect_dialect(&answer)?;
        if docker.dialect == Dialect::Docker {
            let proxies = network::client_proxies(&docker.settings.variables);
            docker.settings.network.add_proxies(proxies);
        }
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
            passed: Vec::new(),
            mounts: Vec::new(),
            network: ContainerNetwork::None,
            socket: None,
            stdin: ContainerStdin::Closed,
            folder: APP.to_owned(),
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

    /// The engine as the note of a run identifies it.
    fn description(&self) -> String {
        started::describe(self.settings.choice, &self.settings.variables)
    }

    /// Notes that the run starts something, before it does.
    fn note_start(&self) -> Result<(), EngineError> {
        let mut has_started = self.has_started.lock().unwrap_or_else(PoisonError::into_inner);
        if !*has_started {
            let folder = &self.settings.folder;
            started::write(folder, &self.description())
                .map_err(SnapshotError::io("write", folder))?;
            self.cancel.set_leftovers(Some(self.describe_left()));
            *has_started = true;
        }
        Ok(())
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

    fn reap(&self, dead: &BTreeMap<String, String>) -> Result<Vec<String>, EngineError> {
        let mut runs = dead.clone();
        runs.retain(|_, engine| *engine == self.description());
        let runs: Vec<String> = runs.into_keys().collect();
        self.reap_dead(&runs)?;
        self.collect_images();
        Ok(runs)
    }

    fn clean_up(&self) {
        if !self.is_cleaned.swap(true, Ordering::Relaxed) {
            self.remove_left();
        }
    }

    fn place(&self, trees: Vec<Tree>) {
        self.placement.expect(trees);
    }

    fn run(&self, job: &Job<'_>) -> Result<RawOutput, RunError> {
        self.placement.run(|topology| self.attempt(job, topology))
    }

    fn run_shell(&self, job: &Job<'_>, shell: &Shell) -> Result<i32, RunError> {
        match shell.files {
            ShellFiles::Copy => {
                self.placement.run(|topology| self.attach_shell(job, shell, topology))
            }
            // A volume would have a copy of the project.
            ShellFiles::Project | ShellFiles::WritableProject => {
                self.attach_shell(job, shell, Topology::Bind)
            }
        }
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
        if std::thread::panicking() {
            self.mark_untidy();
        }
        let reported = self.notes();
        self.clean_up();
        for message in self.notes().iter().filter(|note| !reported.contains(note)) {
            self.emitter.emit(&Event::Warning { message });
        }
    }
}

/// The error for a failed version query.
fn unavailable(output: &RawOutput) -> EngineError {
    let line = last_line(&output.stderr, "no message");
    if text(&output.stderr).contains("permission denied") {
        return EngineError::NoPermission(line);
    }
    match output.code {
        // Docker's client reports an engine that does not answer with 1, and podman's with 125.
        1 | 125 => EngineError::NotRunning(line),
        code => EngineError::ClientFailed { message: line, code },
    }
}

//! The engine behind the docker CLI.
//!
//! Owns the talk with docker: finding it, what everything of a run is labelled with, and taking away
//! what carries a label. Images are `image`'s, jobs `job`'s, and how trees get into
//! containers is `topology`'s; what podman does differently stands in `dialect`. It knows no tool.

pub mod argv;
mod base;
pub mod dialect;
mod image;
mod inspected;
mod job;
mod job_image;
mod network;
mod owner;
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
use self::dialect::{Dialect, Rights};
use self::owner::Owner;
use self::topology::Placement;
use super::{
    Engine, EngineError, EngineOptions, Job, PreparedEnvironment, Recipe, Removed, RunError,
};
use crate::config::EngineChoice;
use crate::config::load::EnvVars;
use crate::config::load::variables::DOCKER;
use crate::engine_info::{EngineInfo, SandboxKind, Topology};
use crate::outcome::RawOutput;
use crate::plan::Shell;
use crate::process::{self, Cancel, Emitter, Invocation, Until};
use crate::snapshot::{Changes, Inventory, Tree};

/// Says which run a container or volume belongs to.
const RUN_LABEL: &str = "dev.cargo-pipe.run";
/// Says which project a container or volume belongs to.
const PROJECT_LABEL: &str = "dev.cargo-pipe.project";
/// Says which process started a container or volume.
const OWNER_LABEL: &str = "dev.cargo-pipe.owner";
/// Says when a container or volume may be taken away, in seconds since 1970.
const DEADLINE_LABEL: &str = "dev.cargo-pipe.deadline";

/// How long a docker command may take that moves no data.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a docker command may take that does.
const DATA_LIMIT: Duration = Duration::from_secs(15 * 60);

/// How long after its run a container or volume may be taken for left behind.
const EXTRA_TIME: Duration = Duration::from_secs(3600);

/// The program of an engine with containers: the variable's, or the engine's own.
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
    /// What a person should know, each once.
    notes: Mutex<BTreeSet<String>>,
    program: PathBuf,
    dialect: Dialect,
    version: String,
    /// How many of the engine's processors a container has; all of them if none.
    cpus: Option<usize>,
    cancel: &'a Cancel,
    labels: BTreeMap<String, String>,
    /// Whether something may be left that only a look at the labels finds.
    untidy: AtomicBool,
}

impl<'a> Docker<'a> {
    /// Finds the docker CLI and asks its engine whether it is there.
    ///
    /// # Errors
    ///
    /// When there is no such program, or no engine answers it.
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
            cpus: None,
            cancel,
            labels,
            untidy: AtomicBool::new(false),
        };
        let output = docker.call(["version", "--format", dialect::QUESTION])?;
        if output.code != 0 {
            return Err(unavailable(&output));
        }
        let answer = text(&output.stdout);
        docker.version = answer.split(' ').next().unwrap_or_default().to_owned();
        docker.dialect = docker.dialect_of(&answer)?;
        if let Some(wanted) = docker.settings.cpus {
            docker.cpus = docker.fewer_than_all(wanted)?;
        }
        Ok(docker)
    }

    /// Which program of docker's kind answered this.
    fn dialect_of(&self, answer: &str) -> Result<Dialect, EngineError> {
        let name = || self.settings.docker.clone();
        match (dialect::is_podman(answer), self.settings.choice) {
            (false, EngineChoice::Podman) => Err(EngineError::NotPodman(name())),
            (false, _) => Ok(Dialect::Docker),
            (true, _) => {
                let output = self.succeed(&self.docker(dialect::RIGHTS))?;
                Ok(Dialect::Podman(match text(&output.stdout).ends_with("true") {
                    true => Rights::Rootless,
                    false => Rights::Rootful,
                }))
            }
        }
    }

    /// This number of processors; none if the engine's machine has no more.
    fn fewer_than_all(&self, wanted: usize) -> Result<Option<usize>, EngineError> {
        let invocation = self.docker(["info", "--format", "{{.NCPU}}"]);
        let output = self.succeed(&invocation)?;
        let all: usize = text(&output.stdout).parse().map_err(|_| failed(&invocation, &output))?;
        Ok(Some(wanted).filter(|wanted| *wanted < all))
    }

    /// Removes whatever carries a label.
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
            // What is gone already is no failure; what remains is found by its label.
            let _ = self.call_anyway(args.chain(names.iter().map(String::as_str)));
        }
    }

    fn remove_volumes(&self, names: &[String]) {
        if !names.is_empty() {
            let args = ["volume", "rm", "--force"].into_iter();
            let _ = self.call_anyway(args.chain(names.iter().map(String::as_str)));
        }
    }

    /// Runs a docker command that ends when the run stops.
    fn call<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<RawOutput, EngineError> {
        let until = Until { cancel: Some(self.cancel), limit: LIMIT };
        Ok(process::run(&self.docker(args), until, self.emitter)?)
    }

    /// Runs a docker command even when the run stops, to clean up.
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

    /// Runs a docker command that has to succeed and takes as long as its data is large.
    fn move_data(&self, invocation: &Invocation) -> Result<RawOutput, EngineError> {
        let output = self.follow(invocation, DATA_LIMIT, |_| {})?;
        match output.code {
            0 => Ok(output),
            _ => Err(failed(invocation, &output)),
        }
    }

    /// Runs a docker command that takes long, and passes on what it says.
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

    /// A container of this run that does nothing yet.
    fn container(&self, name: &str, image: &str) -> Container {
        Container {
            dialect: self.dialect,
            name: format!("cargo-pipe-{}-{name}", self.settings.run),
            labels: self.labels.clone(),
            image: image.to_owned(),
            platform: self.settings.platform.clone(),
            cpus: self.cpus,
            user: (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw()),
            env: BTreeMap::new(),
            mounts: Vec::new(),
            network: ContainerNetwork::None,
            socket_group: None,
            stdin: ContainerStdin::Closed,
            command: vec!["true".to_owned()],
        }
    }

    /// Notes what a person should know.
    fn note(&self, message: String) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).insert(message);
    }

    /// Which base an image is, and which Python it holds.
    pub(super) fn record_base(&self, image: &str) -> Result<super::LockedBase, EngineError> {
        self.record(image)
    }

    /// Marks that something may have to be looked for at the end.
    fn look_at_the_end(&self) {
        self.untidy.store(true, Ordering::Relaxed);
    }
}

impl Docker<'_> {
    /// Takes away what belongs to the project, and what nobody else refers to.
    ///
    /// # Errors
    ///
    /// When the engine refuses.
    pub fn remove(&self) -> Result<Removed, EngineError> {
        self.reap();
        self.remove_project()
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

    fn visit(&self, job: &Job<'_>, visit: &Shell) -> Result<i32, RunError> {
        self.placement.run(|topology| self.attend(job, visit, topology))
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

/// What it means that the engine's version is not to be had.
fn unavailable(output: &RawOutput) -> EngineError {
    let said = text(&output.stderr);
    let line = last_line(&output.stderr, "it said nothing");
    match said.contains("permission denied") {
        true => EngineError::NoPermission(line),
        false => EngineError::NotRunning(line),
    }
}

fn failed(invocation: &Invocation, output: &RawOutput) -> EngineError {
    // What is said to every command names none.
    let mut words = invocation.args.iter().map(|word| word.to_string_lossy());
    let word = words.find(|word| !word.starts_with("--"));
    let program = invocation.program.file_name().unwrap_or_default().to_string_lossy();
    EngineError::Docker {
        command: format!("{program} {}", word.unwrap_or_default()),
        said: last_line(&output.stderr, &format!("it ended with {}", output.code)),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

fn last_line(bytes: &[u8], otherwise: &str) -> String {
    let text = text(bytes);
    // Docker ends its errors with an advice that helps nobody here.
    let told = |line: &&str| !line.is_empty() && !line.starts_with("Run 'docker");
    text.lines().map(str::trim).rfind(told).unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_advice_is_not_what_went_wrong() {
        assert_eq!(
            last_line(b"docker: no such image\n\nRun 'docker run --help'\n", ""),
            "docker: no such image"
        );
    }
}

//! Where a check runs.
//!
//! Owns the contract between a run and whatever executes its steps: environments are prepared,
//! trees are placed, jobs are run, and whatever was started is gone afterwards. An engine knows
//! images, containers and mounts; it knows no tool, no finding and no verdict.

pub mod base;
pub mod blueprint;
pub mod docker;
mod identify;
mod launcher;
pub mod missing;
mod probe;
mod venv;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::load::Environment as Variables;
use crate::config::{EngineChoice, TopologyChoice};
use crate::event::Event;
use crate::hash::Hash;
use crate::inputs::EnvironmentParts;
use crate::network::Network;
use crate::outcome::{RawOutput, Reason, ReasonKind, Verdict};
use crate::plan::{Step, Visit};
use crate::process::{Cancel, Emitter, ProcessError};
use crate::snapshot::{Changes, Inventory, SnapshotError, Tree};

pub use base::{Base, BaseLock, BaseLockError};
pub use blueprint::{Blueprint, BlueprintError};
pub use docker::Docker;
pub use identify::identify;
pub use probe::Probe;
pub use venv::Venv;

/// What an engine is started with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How many processors a check has; all that there are if none.
    pub cpus: Option<usize>,
    /// Which engine.
    pub choice: EngineChoice,
    /// The docker program, by name or path.
    pub docker: String,
    /// The project's id, as in labels and tags.
    pub project: String,
    /// The project's folder.
    pub root: PathBuf,
    /// The lock of its base.
    pub base_lock: PathBuf,
    /// The variables that programs are looked for with.
    pub variables: Variables,
    /// Major and minor version of the Python that environments are made of.
    pub python: String,
    /// Our folder in the user's cache.
    pub cache: PathBuf,
    /// The run's id, unique.
    pub run: String,
    /// A folder for this run alone.
    pub folder: PathBuf,
    /// How snapshots get into containers.
    pub topology: TopologyChoice,
    /// The platform that is forced.
    pub platform: Option<String>,
    /// How packages are reached while environments are made.
    pub network: Network,
    /// Where its certificates are on this machine, if it names some.
    pub ca_bundle: Option<PathBuf>,
    /// Never ask the network.
    pub offline: bool,
    /// The longest that a job of this run may take.
    pub longest: Duration,
}

/// Connects to the engine of these settings.
///
/// # Errors
///
/// When it is not there.
pub fn connect<'a>(
    settings: Settings,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Box<dyn Engine + 'a>, EngineError> {
    let unreachable = match settings.choice {
        EngineChoice::Venv => return Ok(Box::new(Venv::connect(settings, cancel, emitter)?)),
        EngineChoice::Docker => return Ok(Box::new(Docker::connect(settings, cancel, emitter)?)),
        EngineChoice::Auto => match Docker::connect(settings.clone(), cancel, emitter) {
            Ok(docker) => return Ok(Box::new(docker)),
            Err(error) => error,
        },
    };
    if !unreachable.is_absence() {
        return Err(unreachable);
    }
    // Whoever reads a job's log later cannot see which machine it was.
    if settings.variables.is_ci() {
        return Err(EngineError::NoFallback(Box::new(unreachable)));
    }
    let note = format!("{unreachable}, so the checks run in virtual environments: engine `venv`");
    emitter.emit(&Event::Warning { message: &note });
    let venv = Venv::connect(settings, cancel, emitter)?;
    Ok(Box::new(venv.instead_of(note)))
}

/// Finds out what the base image is, and which Python it holds, in a container of it.
///
/// # Errors
///
/// When there is no docker engine, or the image is not to be had.
pub fn record_base<'a>(
    image: &str,
    settings: Settings,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Base, EngineError> {
    Docker::connect(settings, cancel, emitter)?.record_base(image)
}

/// Takes away what belongs to the project from every engine of these settings that is there, and
/// what nobody else refers to.
///
/// # Errors
///
/// When an engine that was named is not there, or one refuses.
pub fn remove<'a>(
    settings: Settings,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Removed, EngineError> {
    let choice = settings.choice;
    let mut removed = Removed::default();
    if choice != EngineChoice::Docker {
        removed.environments = venv::remove(&settings)?;
    }
    if choice == EngineChoice::Venv {
        return Ok(removed);
    }
    match Docker::connect(settings, cancel, emitter) {
        Ok(docker) => Ok(Removed { environments: removed.environments, ..docker.remove()? }),
        Err(error) if choice == EngineChoice::Auto && error.is_absence() => {
            let message = format!("{error}, so what it may have of the project stays");
            emitter.emit(&Event::Warning { message: &message });
            Ok(removed)
        }
        Err(error) => Err(error),
    }
}

/// What ran the checks, for the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EngineInfo {
    /// `docker` or `venv`.
    pub kind: String,
    /// The engine's own version; that of its Python if it has no container.
    pub version: String,
    /// How snapshots reached the containers; none if no container was started.
    pub topology: Option<Topology>,
    /// What kept the checks from the rest of the machine; null in reports of older versions.
    #[serde(default)]
    pub sandbox: Option<SandboxKind>,
}

/// What keeps a check from the rest of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SandboxKind {
    /// A container.
    Container,
    /// Namespaces of bubblewrap.
    Bubblewrap,
    /// Nothing.
    None,
}

/// How snapshots reach containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Topology {
    /// The engine reads them where we wrote them.
    Bind,
    /// They are copied into volumes of the engine.
    Stream,
}

/// What executes steps.
pub trait Engine: Send + Sync {
    /// What it is, and how snapshots have reached its containers so far.
    fn info(&self) -> EngineInfo;

    /// What a person should know about it, as warnings of the report.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Makes environments available, in the order given; what is missing is made at the same time.
    ///
    /// An error may be shared: environments on one base have it in common.
    fn prepare(&self, blueprints: &[Blueprint]) -> Vec<Result<Prepared, Arc<EngineError>>>;

    /// Takes away what runs left behind whose owners are gone.
    fn reap(&self);

    /// Takes note of every tree that the next jobs will need, instead of those before.
    fn place(&self, trees: Vec<Tree>);

    /// Runs a job to its end. Whatever it started is gone when this returns.
    ///
    /// # Errors
    ///
    /// When the job did not end by itself, or did not see its trees.
    fn run(&self, job: &Job<'_>) -> Result<RawOutput, RunError>;

    /// Does what a visitor wants in a container like a job's, with our own streams, and returns the
    /// exit status. Whatever it started is gone when this returns.
    ///
    /// # Errors
    ///
    /// When the container did not start, did not see its trees, or was stopped.
    fn visit(&self, job: &Job<'_>, visit: &Visit) -> Result<i32, RunError>;

    /// What a job that has run made of the files it could write to, which held this inventory.
    ///
    /// # Errors
    ///
    /// When the files cannot be looked at.
    fn changes(&self, job: &Job<'_>, inventory: &Inventory) -> Result<Changes, EngineError>;
}

/// An environment that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The environment's name, such as `pylint`.
    pub name: String,
    /// What the engine finds it by: an image's id, say.
    pub id: String,
    /// The same for people: an image's name.
    pub reference: String,
    /// The locked version of its tool, if it has one.
    pub version: Option<String>,
    /// Whether our launcher can run in it.
    pub has_launcher: bool,
    /// Whether it had to be built or pulled.
    pub existed: bool,
    /// The fingerprint's ingredient.
    pub hash: Hash,
    /// What it is made from, by name.
    pub parts: EnvironmentParts,
    /// Operating system and processor, such as `linux/amd64`.
    pub platform: String,
}

/// What was taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// Containers, by name.
    pub containers: Vec<String>,
    /// Volumes, by name.
    pub volumes: Vec<String>,
    /// Images, by reference.
    pub images: Vec<String>,
    /// Virtual environments, by key.
    pub environments: Vec<String>,
}

/// Whether a job can write to the files of the project that it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It cannot.
    Read,
    /// It can; a private copy.
    Write,
}

/// A step with everything it needs at hand.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// A name that no other job of the run has.
    pub name: &'a str,
    /// What to do.
    pub step: &'a Step,
    /// What to do it in.
    pub environment: &'a Prepared,
    /// What it sees at `/app`.
    pub app: &'a Tree,
    /// Whether it can write there. What it writes comes back by [`Engine::changes`] alone.
    pub access: Access,
    /// What it sees at `/config`.
    pub config: Option<&'a Tree>,
    /// What has it run code of the project's own, if anything does.
    pub own_code: Option<&'a str>,
    /// What it sees at `/pipe`: the launcher and its lists.
    pub control: &'a Tree,
}

/// Why a job has no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The run was stopped.
    #[error("stopped")]
    Stopped,
    /// It took longer than it may.
    #[error("timed out")]
    TimedOut {
        /// What it had written by then.
        output: RawOutput,
    },
    /// The container did not see the project.
    #[error("the container does not see the project: {0}")]
    Unseen(String),
    /// The engine failed.
    #[error(transparent)]
    Engine(EngineError),
}

impl From<EngineError> for RunError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Process(ProcessError::Stopped) => RunError::Stopped,
            error => RunError::Engine(error),
        }
    }
}

/// Why an engine could not do its part.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// There is no such program.
    #[error("`{0}` is not installed, or not on PATH")]
    NotInstalled(String),
    /// Nothing answers.
    #[error("the docker engine does not answer: {0}")]
    NotRunning(String),
    /// It answers others.
    #[error("the docker engine refuses this user: {0}")]
    NoPermission(String),
    /// An image is neither here nor to be had.
    #[error("the image `{image}` is not here and cannot be pulled: {said}")]
    ImageMissing {
        /// The image.
        image: String,
        /// What docker said.
        said: String,
    },
    /// Images are built by BuildKit, which docker reaches through its plugin buildx.
    #[error("docker has no buildx, so it cannot build images with BuildKit")]
    NoBuildx,
    /// Something is missing that only the network has.
    #[error("offline, and the image of `{0}` is not built yet")]
    Offline(String),
    /// The lock of the base cannot be used.
    #[error(transparent)]
    BaseLock(#[from] BaseLockError),
    /// No engine answers, and nobody said that another one will do.
    #[error("{0}")]
    NoFallback(Box<EngineError>),
    /// There is no interpreter to make environments of.
    #[error("there is no Python {0} here, and none that is near enough")]
    NoPython(String),
    /// A platform is forced that this machine is not.
    #[error("`platform` is `{forced}`, and without a container it is `{here}`")]
    Platform {
        /// What is forced.
        forced: String,
        /// What this machine is.
        here: String,
    },
    /// The environment is described by what only docker can make.
    #[error("{0}, which takes a docker engine")]
    NeedsImages(String),
    /// There is nothing that installs packages.
    #[error("`{python}` has neither pip nor a way to get it, and there is no uv: {said}")]
    NoInstaller {
        /// The interpreter.
        python: PathBuf,
        /// What was said.
        said: String,
    },
    /// Something is missing that only the network has.
    #[error("offline, and the environment of `{0}` is not made yet")]
    OfflineVenv(String),
    /// Packages cannot be installed.
    #[error("the environment of `{environment}` cannot be made:\n{said}")]
    InstallFailed {
        /// The environment.
        environment: String,
        /// The end of what the installer said.
        said: String,
    },
    /// Code of the project's own would run without a sandbox, and nobody granted that.
    #[error("{why} runs code of the project, and there is no sandbox to run it in")]
    HostNotGranted {
        /// What runs it.
        why: String,
    },
    /// The launcher of a job did not start.
    #[error("the check did not start: {said} (exit status {code})")]
    NotStarted {
        /// What was said.
        said: String,
        /// The exit status.
        code: i32,
    },
    /// What is kept of environments is not as it was left.
    #[error("{0}")]
    Store(String),
    /// All that is missing, where the network may not be asked.
    #[error("offline, and not on this machine:\n  {}", .0.join("\n  "))]
    Missing(Vec<String>),
    /// An image cannot be built.
    #[error("the image of `{environment}` cannot be built:\n{said}")]
    BuildFailed {
        /// The environment.
        environment: String,
        /// The end of what the builder said.
        said: String,
    },
    /// The certificates that installers are to believe in cannot be read.
    #[error("cannot read the CA bundle `{}`: {source}", .path.display())]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A docker command failed.
    #[error("`{command}` failed: {said}")]
    Docker {
        /// The command, without its arguments.
        command: String,
        /// What docker said.
        said: String,
    },
    /// The image has no such program.
    #[error("`{program}` cannot be started in `{place}`: {said}")]
    NoProgram {
        /// The program.
        program: String,
        /// The image or environment.
        place: String,
        /// What was said.
        said: String,
    },
    /// There are no threads to work with.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// Docker's answer is not what docker answers.
    #[error("docker answered `{0}`, which is not understood")]
    Answer(String),
    /// A grant is missing, or a file of the environment is not as it must be.
    #[error(transparent)]
    Blueprint(#[from] BlueprintError),
    /// Files cannot be written or read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A program could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl EngineError {
    /// Whether it means that no docker engine answers.
    fn is_absence(&self) -> bool {
        matches!(
            self,
            EngineError::NotInstalled(_)
                | EngineError::NotRunning(_)
                | EngineError::NoPermission(_)
        )
    }

    /// How a command that ends with this error ends.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            EngineError::Process(ProcessError::Stopped) => Verdict::Interrupted,
            EngineError::Blueprint(_)
            | EngineError::BaseLock(_)
            | EngineError::HostNotGranted { .. }
            | EngineError::NeedsImages(_)
            | EngineError::Platform { .. } => Verdict::Config,
            _ => Verdict::Error,
        }
    }

    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            EngineError::NotInstalled(_) => {
                "install docker, or name another program of its kind in CARGO_PIPE_DOCKER"
            }
            EngineError::NotRunning(_) => {
                "start it, for example with `sudo systemctl start docker`, or set DOCKER_HOST"
            }
            EngineError::NoPermission(_) => {
                "add yourself to the group that owns the socket: `sudo usermod -aG docker $USER`, \
                 then log in again"
            }
            EngineError::ImageMissing { image, .. } => {
                return Some(format!(
                    "`docker pull {image}` has to work once; behind a mirror, name its image in \
                     pipe.toml: `[python] image = \"…\"`"
                ));
            }
            EngineError::NoBuildx => {
                "install the plugin: `docker-buildx` on Debian, `docker-buildx-plugin` from \
                 Docker's own packages"
            }
            EngineError::CaBundle { .. } => {
                "`ca-bundle` in pipe.toml names it, or one of the variables PIP_CERT, \
                 SSL_CERT_FILE, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE"
            }
            EngineError::NoFallback(error) => {
                let hint = error.hint().map(|hint| format!(";\n{hint}")).unwrap_or_default();
                return Some(format!(
                    "with CI set there is no fallback: `--engine venv` runs the checks without a \
                     container{hint}"
                ));
            }
            EngineError::NoPython(_) => "install it, for example with `uv python install`",
            EngineError::Platform { .. } => "use an engine with containers: `--engine docker`",
            EngineError::NeedsImages(_) => "use one: `--engine docker`",
            EngineError::NoInstaller { .. } => {
                "install uv, or the packages `python3-pip` or `python3-venv` of Debian"
            }
            EngineError::InstallFailed { .. } => "`cargo pipe build -v` shows everything it says",
            EngineError::HostNotGranted { .. } => {
                "if you trust this project, run it again with `--allow host`, or grant that \
                 for good with `cargo pipe trust --engine venv`; with `bwrap` installed and working \
                 it needs no grant"
            }
            EngineError::Offline(_) | EngineError::OfflineVenv(_) | EngineError::Missing(_) => {
                "run `cargo pipe build` once with a network"
            }
            EngineError::BuildFailed { .. } => "`cargo pipe build -v` shows everything it says",
            EngineError::Blueprint(error) => return error.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// The same as the reason of a check's outcome.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let kind = match self {
            EngineError::Blueprint(_)
            | EngineError::BaseLock(_)
            | EngineError::HostNotGranted { .. }
            | EngineError::NeedsImages(_)
            | EngineError::Platform { .. }
            | EngineError::NoProgram { .. } => ReasonKind::Config,
            EngineError::Snapshot(_) => ReasonKind::Environment,
            EngineError::Process(ProcessError::Stopped) => ReasonKind::Stopped,
            EngineError::Answer(_) | EngineError::Store(_) => ReasonKind::Internal,
            _ => ReasonKind::Environment,
        };
        Reason::hinted(kind, self.to_string(), self.hint())
    }
}

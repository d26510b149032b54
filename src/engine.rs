//! Where a check runs.
//!
//! Owns the contract between a run and whatever executes its steps: environments are prepared,
//! trees are placed, jobs are run, and whatever was started is gone afterwards. An engine knows
//! images, containers and mounts; it knows no tool, no finding and no verdict.

pub mod docker;
mod error;
mod identity;
pub mod job_image;
pub(crate) mod launcher;
pub mod missing;
mod venv;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::load::EnvVars;
use crate::config::{EngineChoice, TopologyChoice};
use crate::engine_info::EngineInfo;
use crate::environment::{LockedBase, Recipe, ResolvedEnvironment};
use crate::event::Event;
use crate::network::Network;
use crate::outcome::RawOutput;
use crate::plan::{Shell, Step};
use crate::process::{Cancel, Emitter};
use crate::snapshot::{Changes, Inventory, Tree};

pub use docker::Docker;
pub use error::{EngineError, RunError};
pub use identity::{identify, local_platform};
pub use job_image::{JobImage, Shipped, Then};
pub use venv::Venv;

/// What an engine is started with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineOptions {
    /// How many processors a check has; all that there are if none.
    pub cpus: Option<usize>,
    /// Which engine.
    pub choice: EngineChoice,
    /// The docker program, or another one of its kind, by name or path.
    pub docker: String,
    /// The project's id, as in labels and tags.
    pub project: String,
    /// The project's folder.
    pub root: PathBuf,
    /// The lock of its base.
    pub base_lock: PathBuf,
    /// The variables that programs are looked for with.
    pub variables: EnvVars,
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
    /// Whether code of others may run on this machine as it is.
    pub allows_host: bool,
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
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Box<dyn Engine + 'a>, EngineError> {
    let unreachable = match settings.choice {
        EngineChoice::Venv => return Ok(Box::new(Venv::connect(settings, cancel, emitter)?)),
        EngineChoice::Docker | EngineChoice::Podman => {
            return Ok(Box::new(Docker::connect(settings, cancel, emitter)?));
        }
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
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<LockedBase, EngineError> {
    Docker::connect(settings, cancel, emitter)?.record_base(image)
}

/// Makes an image for jobs of CI with docker.
///
/// # Errors
///
/// When there is no docker engine, or the image cannot be made or pushed.
pub fn ship<'a>(
    image: &JobImage,
    then: Then,
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Shipped, EngineError> {
    Docker::connect(settings, cancel, emitter)?.ship(image, then)
}

/// Takes away what belongs to the project from every engine of these settings that is there, and
/// what nobody else refers to.
///
/// # Errors
///
/// When an engine that was named is not there, or one refuses.
pub fn remove<'a>(
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Removed, EngineError> {
    let choice = settings.choice;
    let mut removed = Removed::default();
    if matches!(choice, EngineChoice::Auto | EngineChoice::Venv) {
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
    fn prepare(&self, recipes: &[Recipe]) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>>;

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
    fn visit(&self, job: &Job<'_>, visit: &Shell) -> Result<i32, RunError>;

    /// What a job that has run made of the files it could write to, which held this inventory.
    ///
    /// # Errors
    ///
    /// When the files cannot be looked at.
    fn changes(&self, job: &Job<'_>, inventory: &Inventory) -> Result<Changes, EngineError>;
}

/// An environment that an engine has made available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedEnvironment {
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
    /// Whether it existed before, so that nothing was built or pulled.
    pub existed: bool,
    /// Its hash, its platform and its parts.
    pub resolved: ResolvedEnvironment,
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
    pub environment: &'a PreparedEnvironment,
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

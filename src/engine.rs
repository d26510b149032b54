//! Engines: the programs that prepare environments and run checks in them.
//!
//! [`Engine`] is the contract between a run and whatever executes its steps. Environments are
//! prepared, trees are placed, jobs run, and everything that was started is gone afterwards. An
//! engine knows images, containers and mounts, but no tool, finding or verdict.

pub mod docker;
pub(crate) mod endpoint;
mod error;
mod identity;
pub mod job_image;
pub(crate) mod launcher;
mod limits;
pub mod offline;
pub(crate) mod started;
mod venv;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::check::SecretName;
use crate::config::{EngineChoice, TopologyChoice};
use crate::engine_info::EngineInfo;
use crate::env_vars::EnvVars;
use crate::environment::{LockedBase, Recipe, ResolvedEnvironment};
use crate::event::Event;
use crate::network::Network;
use crate::outcome::RawOutput;
use crate::plan::{Shell, Step};
use crate::process::{Cancel, Emitter};
use crate::project::ProjectPath;
use crate::secrets::SecretVariables;
use crate::snapshot::{Changes, Inventory, Tree};

pub use docker::Docker;
pub use error::{EngineError, RunError};
pub use identity::{identify, local_platform};
pub use job_image::{JobImage, Shipped, Then};
pub use venv::Venv;

/// The options of an engine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineOptions {
    /// The number of processors of a check; all of them if none.
    pub cpus: Option<usize>,
    /// The engine to use.
    pub choice: EngineChoice,
    /// The docker program, or a compatible one, by name or path.
    pub docker: String,
    /// The project's id, as in labels and tags.
    pub project: String,
    /// The project's folder.
    pub root: PathBuf,
    /// The folder that the project is known by, which is not the root of a checkout in the cache.
    pub identity: PathBuf,
    /// The lock of the project's base.
    pub base_lock: ProjectPath,
    /// The environment variables, for finding programs.
    pub variables: EnvVars,
    /// The variables that only checks get: building an environment can run code of others.
    pub secrets: BTreeSet<SecretName>,
    /// The major and minor version of Python for the environments.
    pub python: String,
    /// The folder of cargo pipe in the user's cache.
    pub cache: PathBuf,
    /// The unique id of the run.
    pub run: String,
    /// The folder of this run.
    pub folder: PathBuf,
    /// The folder for temporary files of jobs that have no `/tmp` of their own.
    pub temporary: PathBuf,
    /// How snapshots get into containers.
    pub topology: TopologyChoice,
    /// The platform that is forced.
    pub platform: Option<String>,
    /// How packages are downloaded while environments are built.
    pub network: Network,
    /// The network's CA bundle on this machine, if it has one.
    pub ca_bundle: Option<PathBuf>,
    /// Whether foreign code may run on this machine without a sandbox.
    pub allows_host: bool,
    /// The manifest of a project that chooses the engine, unless the user accepts its choice.
    pub unaccepted_choice: Option<String>,
    /// Never access the network.
    pub offline: bool,
    /// The longest time limit of the run's jobs.
    pub longest: Duration,
    /// The time in which a docker command that moves no data has to answer.
    pub answer_limit: Duration,
}

/// Connects to the engine that the options choose.
///
/// # Errors
///
/// When it is not available.
pub fn connect<'a>(
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Box<dyn Engine + 'a>, EngineError> {
    let unreachable = match settings.choice {
        EngineChoice::Venv => {
            let choice = settings.unaccepted_choice.clone();
            let program = choice.as_ref().and_then(|_| find_container_program(&settings.variables));
            let venv = Venv::connect(settings, cancel, emitter)?;
            return match (choice, program) {
                (Some(manifest), Some(program)) if !venv.has_sandbox() => {
                    Err(EngineError::LessIsolated { manifest, program })
                }
                _ => Ok(Box::new(venv)),
            };
        }
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
    // A reader of a CI job's log cannot see which machine ran it, so a fallback would go unnoticed.
    if settings.variables.is_ci() {
        return Err(EngineError::NoFallback(Box::new(unreachable)));
    }
    let note = format!(
        "checks run in virtual environments, with the engine `venv`, because {unreachable}\nstart docker, \
         or set `engine = \"venv\"` in pipe.toml"
    );
    emitter.emit(&Event::Warning { message: &note });
    let venv = Venv::connect(settings, cancel, emitter)?;
    Ok(Box::new(venv.with_note(note)))
}

/// The program of an engine with containers on this machine, whether or not the engine answers.
#[must_use]
pub fn find_container_program(variables: &EnvVars) -> Option<String> {
    let programs = [EngineChoice::Docker, EngineChoice::Podman];
    let mut programs = programs.map(|choice| docker::program(choice, variables)).into_iter();
    let is_here = |program: &&str| which::which_in(program, variables.get("PATH"), "/").is_ok();
    programs.find(is_here).map(str::to_owned)
}

/// Inspects the base image and its Python, in a container of it.
///
/// # Errors
///
/// When no docker engine answers, or the image cannot be pulled.
pub fn record_base<'a>(
    image: &str,
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<LockedBase, EngineError> {
    Docker::connect(settings, cancel, emitter)?.record(image)
}

/// Inspects the base image of this machine and its Python, in a container of it. Returns none if the
/// machine does not have the image.
///
/// # Errors
///
/// When no docker engine answers.
pub fn record_local_base<'a>(
    image: &str,
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Option<LockedBase>, EngineError> {
    Docker::connect(settings, cancel, emitter)?.record_local(image)
}

/// Builds an image for CI jobs with docker.
///
/// # Errors
///
/// When no docker engine answers, or the image cannot be built or pushed.
pub fn ship<'a>(
    image: &JobImage,
    then: Then,
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Shipped, EngineError> {
    Docker::connect(settings, cancel, emitter)?.ship(image, then)
}

/// The things that [`remove()`] removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Everything that belongs to the project, and everything that no other project refers to.
    Project,
    /// Images and environments that no project refers to.
    Unused,
}

/// Removes a project, or what no project refers to, from every available engine that the options
/// choose.
///
/// # Errors
///
/// When a named engine is not available, or an engine refuses.
pub fn remove<'a>(
    removal: Removal,
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
) -> Result<Removed, EngineError> {
    let choice = settings.choice;
    let mut removed = Removed::default();
    if matches!(choice, EngineChoice::Auto | EngineChoice::Venv) {
        removed.environments = venv::remove(removal, &settings)?;
    }
    if choice == EngineChoice::Venv {
        return Ok(removed);
    }
    match Docker::connect(settings, cancel, emitter) {
        Ok(docker) => {
            // What cannot be removed is reported below.
            let _ = docker.reap_dead(&[]);
            match removal {
                Removal::Project => {
                    Ok(Removed { environments: removed.environments, ..docker.remove_project()? })
                }
                Removal::Unused => Ok(Removed { images: docker.remove_unused()?, ..removed }),
            }
        }
        Err(error) if choice == EngineChoice::Auto && error.is_absence() => {
            let message = format!("{error}; containers and images, if any, stay in that engine");
            emitter.emit(&Event::Warning { message: &message });
            Ok(removed)
        }
        Err(error) => Err(error),
    }
}

/// Executes steps.
pub trait Engine: Send + Sync {
    /// The engine, and how snapshots have reached its containers so far.
    fn info(&self) -> EngineInfo;

    /// The engine's warnings for the report.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Makes environments available, in the order given; missing ones are built in parallel.
    ///
    /// Environments on one base may share an error.
    fn prepare(&self, recipes: &[Recipe]) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>>;

    /// Removes everything that runs have left behind whose owners are gone. `dead` has runs that are
    /// known to be dead, each with the engine of its note; returns those of this engine.
    ///
    /// # Errors
    ///
    /// When the engine does not answer.
    fn reap(&self, dead: &BTreeMap<String, String>) -> Result<Vec<String>, EngineError>;

    /// Removes everything that this run has started, at its end. What is left becomes a warning.
    fn clean_up(&self) {}

    /// Registers the trees that the next jobs need, in place of the previous ones.
    fn place(&self, trees: Vec<Tree>);

    /// Runs a job to its end. Everything that it started is gone when this returns.
    ///
    /// # Errors
    ///
    /// When the job was stopped, timed out, or did not see its trees.
    fn run(&self, job: &Job<'_>) -> Result<RawOutput, RunError>;

    /// Runs a shell or another command in a container like a job's, attached to our own streams,
    /// and returns its exit status. Everything that it started is gone when this returns.
    ///
    /// # Errors
    ///
    /// When the container did not start, did not see its trees, or was stopped.
    fn run_shell(&self, job: &Job<'_>, shell: &Shell) -> Result<i32, RunError>;

    /// The changes that a finished job made to its writable files, compared with this inventory.
    ///
    /// # Errors
    ///
    /// When the files cannot be read.
    fn changes(&self, job: &Job<'_>, inventory: &Inventory) -> Result<Changes, EngineError>;
}

/// An environment that an engine has made available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedEnvironment {
    /// The environment's name, such as `pylint`.
    pub name: String,
    /// The engine's own id of it, such as the id of an image.
    pub id: String,
    /// The readable form of the id, such as the name of an image.
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

/// Everything that was removed.
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

/// Whether a job can write to the project's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The files are read-only.
    Read,
    /// The files are writable: a private copy, or for a shell the project itself.
    Write,
}

/// A step with everything that it needs to run.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// A name that is unique in the run.
    pub name: &'a str,
    /// The step to run.
    pub step: &'a Step,
    /// The environment to run it in.
    pub environment: &'a PreparedEnvironment,
    /// The tree at `/app`.
    pub app: &'a Tree,
    /// Whether it can write there. [`Engine::changes`] returns what it has written.
    pub access: Access,
    /// The tree at `/config`.
    pub config: Option<&'a Tree>,
    /// The variables of the caller that it gets. They are in no argument of any program.
    pub secrets: &'a SecretVariables,
    /// The part of the step that may run code of the project, as the subject of a sentence; none if all
    /// of its parts are known to be harmless, or the engine has a sandbox.
    pub host_reason: Option<&'a str>,
    /// The tree at `/pipe`: the launcher and its lists.
    pub control: &'a Tree,
}

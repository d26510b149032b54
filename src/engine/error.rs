//! Errors of engines, with hints about what to do next.
//!
//! [`EngineError`] also decides how a command ends, and a run turns it into the [`Reason`] of a
//! check.

mod hint;

use std::path::PathBuf;
use std::time::Duration;

use crate::environment::{BaseLockError, RecipeError};
use crate::limits::{ByteSize, ExceededLimit};
use crate::outcome::{RawOutput, Reason, ReasonKind, Verdict};
use crate::process::ProcessError;
use crate::snapshot::SnapshotError;

/// An error that kept a job from producing a complete output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The run was stopped.
    #[error("stopped")]
    Stopped,
    /// The job exceeded its time limit.
    #[error("timed out")]
    TimedOut {
        /// The output until then.
        output: RawOutput,
    },
    /// The job exceeded a limit of its resources.
    #[error("{limit}")]
    Exceeded {
        /// The limit.
        limit: ExceededLimit,
        /// The output until then.
        output: RawOutput,
    },
    /// Code that ran in the tool has ended it before its usual end.
    #[error("`{program}` ended early (exit status {})", .output.code)]
    EndedEarly {
        /// The program.
        program: String,
        /// The output until then.
        output: RawOutput,
    },
    /// The project itself cannot be installed.
    #[error("the project cannot be installed: {message}")]
    NotInstalled {
        /// The last line of that output.
        message: String,
        /// The output of its build system.
        output: RawOutput,
    },
    /// The container did not see the project's files.
    #[error("the container does not see the project: {0}")]
    Unseen(String),
    /// The container saw the project's files, and could not change its copy of them.
    #[error("the container cannot write to its copy of the project: {0}")]
    ReadOnly(String),
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

/// An error of an engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The program of the engine was not found.
    #[error("`{0}` is not installed, or not on PATH")]
    NotInstalled(String),
    /// The engine is `podman`, and the program is another one.
    #[error("`{0}` is not podman")]
    NotPodman(String),
    /// A check needs docker's socket, which podman does not have.
    #[error("the grant `docker-socket` needs docker; podman has no docker socket")]
    NoSocket,
    /// A check needs the socket of an engine that has another kind of address.
    #[error(
        "the grant `docker-socket` needs an engine with a socket on this machine, and the address of \
         the engine is `{address}`"
    )]
    RemoteSocket {
        /// The address, or the context that leads to it.
        address: String,
    },
    /// A check needs the socket of an engine whose containers cannot use it.
    #[error(
        "the grant `docker-socket` has no effect with this engine: it runs with `--userns-remap`, so no \
         container can use its socket"
    )]
    UnusableSocket,
    /// The engine does not answer.
    #[error("the docker engine does not answer: {0}")]
    NotRunning(String),
    /// The client of the engine failed before it could ask the engine.
    #[error("docker is installed and cannot be started: {message} (exit status {code})")]
    ClientFailed {
        /// The last line of its message.
        message: String,
        /// The exit status.
        code: i32,
    },
    /// The engine answers other users only.
    #[error("the docker engine refuses this user: {0}")]
    NoPermission(String),
    /// An image is missing and cannot be pulled.
    #[error("image `{image}` not found, and it cannot be pulled: {message}")]
    ImageMissing {
        /// The image.
        image: String,
        /// The message of docker.
        message: String,
    },
    /// Docker needs its plugin buildx to build images with BuildKit.
    #[error("docker's plugin buildx not found; images are built with BuildKit")]
    NoBuildx,
    /// An image is missing, and building it needs the network.
    #[error("offline, and the image of `{0}` is not built yet")]
    Offline(String),
    /// Packages would be built on this machine, and the grant is missing.
    #[error(
        "{} built from source, which runs code of the package on this machine and needs the grant \
         `host`", name_packages(.0)
    )]
    SourceNotGranted(Vec<String>),
    /// The lock of the base cannot be used.
    #[error(transparent)]
    BaseLock(#[from] BaseLockError),
    /// No engine answers, and falling back to another one is not allowed.
    #[error("{0}")]
    NoFallback(Box<EngineError>),
    /// No interpreter was found that environments could use.
    #[error("Python {0} not found, nor a compatible version")]
    NoPython(String),
    /// No interpreter of one of several versions was found.
    #[error("Python {0} not found")]
    NoOtherPython(String),
    /// No Rust toolchain of the project's release was found.
    #[error("Rust {0} not found on this machine")]
    NoToolchain(String),
    /// The forced platform is not that of this machine.
    #[error("`platform` is `{forced}`, but this machine is `{here}`")]
    Platform {
        /// The forced platform.
        forced: String,
        /// The platform of this machine.
        here: String,
    },
    /// Only an engine with images can provide the environment.
    #[error("{0}, which needs a docker engine")]
    NeedsImages(String),
    /// No package installer was found.
    #[error("neither uv nor a working pip of `{python}` found: {message}")]
    NoInstaller {
        /// The interpreter.
        python: PathBuf,
        /// The message of the program.
        message: String,
    },
    /// A virtual environment is missing, and installing it needs the network.
    #[error("offline, and the environment of `{0}` is not installed yet")]
    OfflineVenv(String),
    /// Packages cannot be installed.
    #[error("cannot install the environment of `{environment}`:\n{message}")]
    InstallFailed {
        /// The environment.
        environment: String,
        /// The last lines of the installer.
        message: String,
    },
    /// The job's image was built from other locks.
    #[error("the environment of `{0}` in this job's image was built from other locks")]
    StaleImage(String),
    /// The project's own code would run without a sandbox, and the grant is missing.
    #[error("{why} may run code of the project, which needs a sandbox or the grant `host`")]
    HostNotGranted {
        /// The part of the check that may run it.
        why: String,
    },
    /// A file of the project chooses an engine without a sandbox, although this machine has another.
    #[error(
        "`engine = \"venv\"` in {manifest} would run the checks without a sandbox, although `{program}` \
         is installed"
    )]
    LessIsolated {
        /// The name of the manifest.
        manifest: String,
        /// The program of the other engine.
        program: String,
    },
    /// The launcher of a job did not start.
    #[error("the check did not start: {message} (exit status {code})")]
    NotStarted {
        /// The message of the program.
        message: String,
        /// The exit status.
        code: i32,
    },
    /// Another user could have written what would be executed.
    #[error("the environments in `{}` belong to another user", .0.display())]
    ForeignEnvironments(PathBuf),
    /// The store of virtual environments is damaged.
    #[error("{0}")]
    Store(String),
    /// Everything that a run without a network lacks.
    #[error("offline, and not on this machine:\n  {}", .0.join("\n  "))]
    Missing(Vec<String>),
    /// An image cannot be built.
    #[error("the image of `{environment}` cannot be built:\n{message}")]
    BuildFailed {
        /// The environment.
        environment: String,
        /// The last lines of the builder.
        message: String,
    },
    /// Docker's client cannot write the files that it keeps about builds.
    #[error("docker cannot store its build state: {0}")]
    BuilderState(String),
    /// An image was not built on the image that was inspected.
    #[error("`{image}` was built on another image than the `{base}` of this engine")]
    OtherBase {
        /// The image.
        image: String,
        /// The name of the base.
        base: String,
    },
    /// The CA bundle for installers cannot be read.
    #[error("cannot read the CA bundle `{}`: {source}", .path.display())]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A docker command did not answer in time.
    #[error("`{command}` did not answer within {}", humantime::format_duration(*.limit))]
    NoAnswer {
        /// The command, without its arguments.
        command: String,
        /// The time limit.
        limit: Duration,
    },
    /// The container of a check was stopped while its tool was running.
    #[error("{engine} stopped the container of the check (exit status {code})")]
    Stopped {
        /// The name of the engine.
        engine: &'static str,
        /// The exit status.
        code: i32,
    },
    /// A docker command failed.
    #[error("`{command}` failed: {message}")]
    Docker {
        /// The command, without its arguments.
        command: String,
        /// The message of docker.
        message: String,
    },
    /// The files that a container may have changed are too large to be read back.
    #[error("the files of the container are larger than {0}, so they are not read back")]
    ArchiveTooLarge(ByteSize),
    /// The output of a tool did not arrive completely.
    #[error("the output of the check did not arrive completely")]
    OutputLost,
    /// The program of a check does not exist in its environment.
    #[error("cannot start `{program}` in `{place}`: {message}")]
    NoProgram {
        /// The program.
        program: String,
        /// The image or environment.
        place: String,
        /// The message of the program.
        message: String,
    },
    /// The system refuses to start threads.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// The output of a docker command cannot be parsed.
    #[error("cannot parse the output of docker: {0}")]
    Answer(String),
    /// A grant is missing, or a file of the environment is invalid.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Files cannot be read or written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A program did not run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl EngineError {
    /// Whether no docker engine answers.
    pub(super) fn is_absence(&self) -> bool {
        matches!(
            self,
            EngineError::NotInstalled(_)
                | EngineError::NotRunning(_)
                | EngineError::NoPermission(_)
        )
    }

    /// Whether an image cannot be inspected from here, which is not the project's fault.
    pub(crate) fn is_out_of_reach(&self) -> bool {
        self.is_absence() || matches!(self, EngineError::ImageMissing { .. })
    }

    /// Whether the configuration is at fault.
    fn is_configuration(&self) -> bool {
        matches!(
            self,
            EngineError::Recipe(_)
                | EngineError::BaseLock(_)
                | EngineError::HostNotGranted { .. }
                | EngineError::LessIsolated { .. }
                | EngineError::SourceNotGranted(_)
                | EngineError::NeedsImages(_)
                | EngineError::StaleImage(_)
                | EngineError::NotPodman(_)
                | EngineError::NoSocket
                | EngineError::RemoteSocket { .. }
                | EngineError::UnusableSocket
                | EngineError::Platform { .. }
        )
    }

    /// The verdict of a command that ends with this error.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            EngineError::Process(ProcessError::Stopped) => Verdict::Interrupted,
            _ if self.is_configuration() => Verdict::Config,
            _ => Verdict::Error,
        }
    }

    /// The error as the reason of a check's outcome.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let kind = match self {
            _ if self.is_configuration() => ReasonKind::Config,
            EngineError::NoProgram { .. } => ReasonKind::Config,
            EngineError::Snapshot(_) => ReasonKind::Environment,
            EngineError::Process(ProcessError::Stopped) => ReasonKind::Stopped,
            EngineError::Answer(_) | EngineError::Store(_) => ReasonKind::Internal,
            _ => ReasonKind::Environment,
        };
        Reason::new(kind, self.to_string()).with_hint(self.hint())
    }
}

/// The packages as the subject of a sentence, with `is` or `are`.
fn name_packages(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", quoted.join(", "), if names.len() == 1 { "is" } else { "are" })
}

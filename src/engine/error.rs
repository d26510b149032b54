//! Why an engine could not do its part, or a job has no output.
//!
//! Owns what is told of it: the sentence, what to do next, and how a command ends. It must not know
//! which engine it was. A run makes a [`Reason`] of it.

use std::path::PathBuf;

use crate::environment::{BaseLockError, RecipeError};
use crate::outcome::{RawOutput, Reason, ReasonKind, Verdict};
use crate::process::ProcessError;
use crate::snapshot::SnapshotError;

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
    /// Another program of docker's kind was asked for.
    #[error("`{0}` is not podman")]
    NotPodman(String),
    /// A check is to get docker's socket, and there is none.
    #[error("`docker-socket` is granted, and podman has no socket of docker")]
    NoSocket,
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
    /// Packages would be built on this machine, and nobody granted that.
    #[error(
        "{} built from source, whose own code would run on this machine, so that needs the grant \
         `host`: `--allow host`", names_are(.0)
    )]
    SourceNotGranted(Vec<String>),
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
    /// The job's image was made from other locks.
    #[error("the image of this job has no environment of `{0}` for the locks in this checkout")]
    StaleImage(String),
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
    /// What a tool said did not arrive whole.
    #[error("the end of what the check said was lost on its way")]
    OutputLost,
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
    Recipe(#[from] RecipeError),
    /// Files cannot be written or read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A program could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl EngineError {
    /// Whether it means that no docker engine answers.
    pub(super) fn is_absence(&self) -> bool {
        matches!(
            self,
            EngineError::NotInstalled(_)
                | EngineError::NotRunning(_)
                | EngineError::NoPermission(_)
        )
    }

    /// Whether it means that an image cannot be looked at from here, for no fault of the project.
    pub(crate) fn is_out_of_reach(&self) -> bool {
        self.is_absence() || matches!(self, EngineError::ImageMissing { .. })
    }

    /// Whether what was asked for cannot be had as it was asked for.
    fn is_configuration(&self) -> bool {
        matches!(
            self,
            EngineError::Recipe(_)
                | EngineError::BaseLock(_)
                | EngineError::HostNotGranted { .. }
                | EngineError::SourceNotGranted(_)
                | EngineError::NeedsImages(_)
                | EngineError::StaleImage(_)
                | EngineError::NotPodman(_)
                | EngineError::NoSocket
                | EngineError::Platform { .. }
        )
    }

    /// How a command that ends with this error ends.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            EngineError::Process(ProcessError::Stopped) => Verdict::Interrupted,
            _ if self.is_configuration() => Verdict::Config,
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
            EngineError::StaleImage(_) => {
                "`cargo pipe sync` names the image of these locks in the pipeline, and \
                 `cargo pipe build --ci-image --push` makes it"
            }
            EngineError::NeedsImages(_) => "use one: `--engine docker`",
            EngineError::NoSocket => "use docker: `--engine docker`",
            EngineError::NotPodman(_) => {
                "use `--engine docker`, or name podman in CARGO_PIPE_DOCKER"
            }
            EngineError::NoInstaller { .. } => {
                "install uv, or the packages `python3-pip` or `python3-venv` of Debian"
            }
            EngineError::InstallFailed { .. } => "`cargo pipe build -v` shows everything it says",
            EngineError::SourceNotGranted(_) => {
                "if you trust them, run it again with `--allow host`; with docker they are built in \
                 an image, and it needs no grant"
            }
            EngineError::HostNotGranted { .. } => {
                "if you trust this project, run it again with `--allow host`, or grant that \
                 for good with `cargo pipe trust --engine venv`; with `bwrap` installed and working \
                 it needs no grant"
            }
            EngineError::Offline(_) | EngineError::OfflineVenv(_) | EngineError::Missing(_) => {
                "run `cargo pipe build` once with a network"
            }
            EngineError::OutputLost => {
                "run it again; docker's clients 28.0.0 to 28.0.2 may lose it, see `docker --version`"
            }
            EngineError::BuildFailed { .. } => "`cargo pipe build -v` shows everything it says",
            EngineError::Recipe(error) => return error.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// The same as the reason of a check's outcome.
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

/// Packages, and that something is true of them.
fn names_are(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", quoted.join(", "), if names.len() == 1 { "is" } else { "are" })
}

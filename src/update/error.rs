//! Errors of updates, with their verdicts and suggestions.

use crate::dependencies::DependencyError;
use crate::engine::EngineError;
use crate::outcome::Verdict;
use crate::process::ProcessError;
use crate::project::PathError;
use crate::scaffold::ScaffoldError;

/// Why locks could not be updated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The network must not be used.
    #[error("`update` needs the network, but cargo pipe is offline")]
    Offline,
    /// No lock has this name.
    #[error("unknown lock `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// A suggestion.
        hint: String,
    },
    /// A release is requested of something that is not a tool of the catalogue.
    #[error("`{name}` is not a tool of a check, so its release cannot be set")]
    NotATool {
        /// The name.
        name: String,
    },
    /// A requested release is malformed.
    #[error("invalid release: `{0}`")]
    Malformed(String),
    /// The file that configures the project cannot be edited.
    #[error("cannot write a release into `{file}`: {message}")]
    Manifest {
        /// The file.
        file: String,
        /// The reason.
        message: String,
    },
    /// The project's dependencies cannot be read.
    #[error(transparent)]
    Dependencies(#[from] DependencyError),
    /// Packages would be built on this machine, and `host` is not granted.
    #[error(
        "resolving the packages in `from-source` runs their build code on this machine, which needs \
         the grant `host`"
    )]
    FromSource,
    /// uv is missing.
    #[error("uv is not on PATH, and cannot be installed: {0}")]
    NoResolver(String),
    /// The requirements conflict, or uv failed.
    #[error("the requirements of `{name}` cannot be resolved:\n{message}")]
    Unresolved {
        /// The lock's name.
        name: String,
        /// The message of uv.
        message: String,
    },
    /// The base image cannot be inspected.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A lock would be outside of the project.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] ScaffoldError),
    /// A program could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl UpdateError {
    /// The verdict of a command that fails with this error.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            UpdateError::Process(ProcessError::Stopped) => Verdict::Interrupted,
            UpdateError::Engine(error) => error.verdict(),
            UpdateError::NoResolver(_) | UpdateError::Process(_) | UpdateError::File(_) => {
                Verdict::Error
            }
            UpdateError::Unresolved { .. } if !self.is_without_solution() => Verdict::Error,
            _ => Verdict::Config,
        }
    }

    /// Whether no releases in the index meet the requirements.
    pub(super) fn is_without_solution(&self) -> bool {
        matches!(self, UpdateError::Unresolved { message, .. } if message.contains("No solution found"))
    }

    /// Whether no releases in the index meet the requirements on this Python.
    pub(super) fn needs_other_python(&self) -> bool {
        self.is_without_solution()
            && matches!(self, UpdateError::Unresolved { message, .. } if message.contains("Python version"))
    }

    /// A suggestion, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            UpdateError::Offline => Some("remove `--offline`, or `offline` in pipe.toml".into()),
            UpdateError::Unknown { hint, .. } => Some(hint.clone()),
            UpdateError::NotATool { .. } => {
                Some("set the versions of a command in `requirements` of its check".into())
            }
            UpdateError::Malformed(_) => {
                Some("write a tool and a release, such as `black==24.4.2`".into())
            }
            UpdateError::Dependencies(error) => error.hint.clone(),
            UpdateError::FromSource => {
                Some("if you trust these packages, add `--allow host`".into())
            }
            UpdateError::NoResolver(_) => {
                Some("install uv: https://docs.astral.sh/uv/getting-started/installation".into())
            }
            UpdateError::Unresolved { message, .. } if message.contains("Python version") => Some(
                "choose a release that supports `[python] version` of pipe.toml, or change that"
                    .into(),
            ),
            UpdateError::Unresolved { message, .. } if message.contains("exclude-newer") => Some(
                "releases that are younger than `minimum-age` of pipe.toml are left out; shorten it, or \
                 choose an older release"
                    .into(),
            ),
            UpdateError::File(error) => error.hint().map(str::to_owned),
            UpdateError::Engine(error) => error.hint(),
            _ => None,
        }
    }
}

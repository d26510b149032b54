//! The exit status of the process.
//!
//! Everything that can make it worse, from the first to the last. The worst verdict wins, in the order
//! of [`Verdict`]: interrupted, configuration, error, findings, passed.
//!
//! | what | decided in | verdict |
//! | --- | --- | --- |
//! | the arguments are invalid | [`Failure`], here | `Config` |
//! | the project, its settings or a grant is wrong | [`Error::verdict`], [`Failure`] | `Config` |
//! | the engine, a build or an update failed | `EngineError::verdict`, `UpdateError::verdict` | `Config` or `Error` |
//! | a check has findings, failed or timed out | `Verdict::over`, from the status of every check | `Findings`, `Config` or `Error` |
//! | an entry of the baseline is obsolete, with `--strict` | [`Gated::verdict`] | `Findings` |
//! | a signal interrupted the run | `Verdict::over` | `Interrupted` |
//! | a signal ended `watch` | `commands::watch` | `Interrupted` |
//! | a fixer failed, or a file would change | `run::preview` | `Findings` or worse |
//! | a generated file is not up to date | `commands::sync`, `commands::doctor` | `Findings` |
//! | a report could not be written | `commands::run` | `Error` |
//! | standard output could not be written | [`Term::finish`] | `Error` |
//!
//! The exit status of a command in `cargo pipe bash` is passed on unchanged.

use std::io;
use std::process::ExitCode;

use crate::error::Error;
use crate::outcome::Verdict;
use crate::scaffold::ScaffoldError;

use crate::cli::terminal::Term;

/// Why a command failed, or had nothing to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Clap's error, help text or version.
    #[error("{0}")]
    Clap(Box<clap::Error>),
    /// The command line is invalid.
    #[error("{message}")]
    Usage {
        /// The error.
        message: String,
        /// A suggestion.
        hint: Option<String>,
    },
    /// The library failed.
    #[error(transparent)]
    Library(#[from] Error),
    /// Setting up a project failed.
    #[error(transparent)]
    Scaffold(#[from] ScaffoldError),
    /// The operating system reported an error.
    #[error("{what}: {source}")]
    System {
        /// The operation, as `cannot …`.
        what: String,
        /// The error of the system.
        source: io::Error,
    },
}

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A verdict.
    Verdict(Verdict),
    /// The exit status of the user's program, which is passed on.
    Status(u8),
}

impl Ending {
    /// Passes on the status of a program. A number that is not a valid exit status is an error.
    pub(crate) fn of_status(status: i32) -> Self {
        u8::try_from(status).map_or(Ending::Verdict(Verdict::Error), Ending::Status)
    }
}

impl Failure {
    /// Makes a usage error.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Usage { message: message.into(), hint: None }
    }

    /// Adds a suggestion to a usage error.
    pub(crate) fn with_hint(self, hint: String) -> Self {
        match self {
            Failure::Usage { message, .. } => Failure::Usage { message, hint: Some(hint) },
            other => other,
        }
    }

    /// A suggestion, if there is one.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Failure::Usage { hint, .. } => hint.clone(),
            Failure::Library(error) => error.hint(),
            Failure::Scaffold(error) => error.hint().map(str::to_owned),
            Failure::Clap(_) | Failure::System { .. } => None,
        }
    }

    /// The verdict of the command.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Failure::Clap(error) if error.exit_code() == 0 => Verdict::Passed,
            Failure::Clap(_) | Failure::Usage { .. } => Verdict::Config,
            Failure::Library(error) => error.verdict(),
            Failure::Scaffold(
                ScaffoldError::Config(_)
                | ScaffoldError::Outside(_)
                | ScaffoldError::Dependencies(_)
                | ScaffoldError::NoWorkspace(_)
                | ScaffoldError::Member(_)
                | ScaffoldError::Folder(_)
                | ScaffoldError::Cargo(_),
            ) => Verdict::Config,
            Failure::Scaffold(_) | Failure::System { .. } => Verdict::Error,
        }
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Failure::Clap(Box::new(error))
    }
}

/// Shows the failure of a command, if any, and returns the exit status.
pub(crate) fn code(ended: Result<Ending, Failure>, mut term: Term) -> ExitCode {
    let verdict = match ended {
        Ok(Ending::Status(status)) => return ExitCode::from(status),
        Ok(Ending::Verdict(verdict)) => verdict,
        Err(failure) => {
            term.failure(&failure);
            failure.verdict()
        }
    };
    ExitCode::from(term.finish(verdict).exit_code())
}

//! How the process ends.
//!
//! Owns [`Failure`], all that can keep a command from its work, and the way from a verdict to an
//! exit status. It must not print; [`crate::cli::terminal`] shows a failure.

use std::io;
use std::process::ExitCode;

use crate::error::Error;
use crate::outcome::Verdict;
use crate::scaffold::ScaffoldError;

use crate::cli::terminal::Term;

/// Why a command could not do its work, or had none to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What clap has to say: a complaint, a help text, or the version.
    #[error("{0}")]
    Clap(Box<clap::Error>),
    /// The command line asks for what there is not.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What would be right.
        hint: Option<String>,
    },
    /// The library could not.
    #[error(transparent)]
    Library(#[from] Error),
    /// A folder could not be made a project.
    #[error(transparent)]
    Scaffold(#[from] ScaffoldError),
    /// The operating system would not.
    #[error("{what}: {source}")]
    System {
        /// What was tried, as `cannot …`.
        what: String,
        /// What it said.
        source: io::Error,
    },
}

/// How a command ended that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As the work turned out.
    Verdict(Verdict),
    /// As a program of the user's own, whose exit status is passed on.
    Status(u8),
}

impl Ending {
    /// The end of a program; a status that is none is an error.
    pub(crate) fn of_status(status: i32) -> Self {
        u8::try_from(status).map_or(Ending::Verdict(Verdict::Error), Ending::Status)
    }
}

impl Failure {
    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Usage { message: message.into(), hint: None }
    }

    /// The same with what would be right.
    pub(crate) fn with_hint(self, hint: String) -> Self {
        match self {
            Failure::Usage { message, .. } => Failure::Usage { message, hint: Some(hint) },
            other => other,
        }
    }

    /// What would be right, where that is known.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Failure::Usage { hint, .. } => hint.clone(),
            Failure::Library(error) => error.hint(),
            Failure::Scaffold(error) => error.hint().map(str::to_owned),
            Failure::Clap(_) | Failure::System { .. } => None,
        }
    }

    fn verdict(&self) -> Verdict {
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

/// The exit status of a command, after what went wrong was shown.
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

//! Why something could not even begin.
//!
//! A check that went wrong is an [`crate::outcome::Outcome`]; an [`Error`] is what stops a command
//! before there are outcomes. Each boundary has an enum of its own; this one joins them, says
//! whose problem it is, and carries the hint that was attached where the error was born.

use crate::config::ConfigError;
use crate::outcome::Verdict;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be read, or contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Error {
    /// How a command that ends with this error ends.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Error::Config(_) => Verdict::Config,
        }
    }

    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Error::Config(error) => error.hint.as_deref(),
        }
    }
}

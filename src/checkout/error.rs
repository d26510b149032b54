//! Errors of checkouts.

use std::io;
use std::path::{Path, PathBuf};

use crate::git::{GitError, HookIndexError, StagedError};
use crate::outcome::Verdict;

/// The error of a checkout.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckoutError {
    /// The index is unknown.
    #[error(transparent)]
    Index(#[from] HookIndexError),
    /// The files of the index cannot be read.
    #[error(transparent)]
    Staged(#[from] StagedError),
    /// A file of the checkout cannot be written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// The attempted action, such as `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The project's manifest is not among the files.
    #[error("the index has no `{0}`, so the commit would have no checks")]
    NoManifest(String),
    /// A file that decides about checks is withheld, for this reason.
    #[error("{0}, which only git can apply")]
    Withheld(String),
    /// The run was stopped.
    #[error("stopped")]
    Stopped,
}

impl CheckoutError {
    /// Advice on the next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            CheckoutError::Index(error) => error.hint(),
            CheckoutError::Staged(error) => error.hint(),
            CheckoutError::NoManifest(manifest) => Some(format!("run `git add {manifest}`")),
            CheckoutError::Withheld(_) => {
                Some("store the file without it, see `.gitattributes`".to_owned())
            }
            CheckoutError::Io { .. } | CheckoutError::Stopped => None,
        }
    }

    /// The verdict of a command that fails with this error.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            CheckoutError::Stopped | CheckoutError::Staged(StagedError::Git(GitError::Stopped)) => {
                Verdict::Interrupted
            }
            CheckoutError::Io { .. } | CheckoutError::Staged(_) => Verdict::Error,
            CheckoutError::Index(_) | CheckoutError::NoManifest(_) | CheckoutError::Withheld(_) => {
                Verdict::Config
            }
        }
    }

    pub(super) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl Fn(io::Error) -> CheckoutError + use<'a> {
        move |source| CheckoutError::Io { action, path: path.to_owned(), source }
    }
}

//! Errors that stop a command before there are results.
//!
//! A check that could not run is not an [`Error`], but a result with a [`crate::outcome::Status`]. Each
//! boundary has its own error type; this one joins them.

use std::sync::Arc;

use crate::checkout::CheckoutError;
use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::git::GitError;
use crate::hook::HookError;
use crate::outcome::{Reason, ReasonKind, Verdict};
use crate::plan::PlanError;
use crate::trust::TrustError;
use crate::update::UpdateError;

/// An error of a command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be read, or is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The request cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The engine is not available, or failed.
    #[error(transparent)]
    Engine(Arc<EngineError>),
    /// The container of a check cannot be started.
    #[error("{}", .0.message)]
    Check(Reason),
    /// Locks cannot be updated.
    #[error(transparent)]
    Update(Box<UpdateError>),
    /// The files of a git index cannot be checked out.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// Git cannot say what changed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A git hook cannot be installed or removed.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The user's grants cannot be read or written.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl From<UpdateError> for Error {
    fn from(error: UpdateError) -> Self {
        Error::Update(Box::new(error))
    }
}

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        Error::Engine(Arc::new(error))
    }
}

impl Error {
    /// The verdict of a command that fails with this error.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Error::Config(_) | Error::Plan(_) => Verdict::Config,
            Error::Engine(error) => error.verdict(),
            Error::Check(reason) => match reason.kind {
                ReasonKind::Config => Verdict::Config,
                ReasonKind::Stopped => Verdict::Interrupted,
                _ => Verdict::Error,
            },
            Error::Git(GitError::Stopped) => Verdict::Interrupted,
            Error::Git(GitError::Git(_) | GitError::Limit(_)) => Verdict::Error,
            Error::Git(_) => Verdict::Config,
            Error::Update(error) => error.verdict(),
            Error::Checkout(error) => error.verdict(),
            Error::Hook(error) => error.verdict(),
            Error::Trust(_) => Verdict::Error,
        }
    }

    /// A suggestion, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Config(error) => error.hint.clone(),
            Error::Plan(error) => Some(error.hint()),
            Error::Engine(error) => error.hint(),
            Error::Check(reason) => reason.hint.clone(),
            Error::Git(error) => error.hint(),
            Error::Update(error) => error.hint(),
            Error::Checkout(error) => error.hint(),
            Error::Hook(error) => error.hint(),
            Error::Trust(error) => error.hint(),
        }
    }
}

//! Why something could not even begin.
//!
//! A check that went wrong is an [`crate::outcome::Status`]; an [`Error`] is what stops a command
//! before there are outcomes. Each boundary has an enum of its own; this one joins them, says
//! whose problem it is, and carries the hint that was attached where the error was born.

use std::sync::Arc;

use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::outcome::{Reason, ReasonKind, Verdict};
use crate::plan::PlanError;
use crate::trust::TrustError;
use crate::update::UpdateError;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be read, or contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What was asked for cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The engine is not there, or could not do its work.
    #[error(transparent)]
    Engine(Arc<EngineError>),
    /// The container of a check cannot be had.
    #[error("{}", .0.message)]
    Check(Reason),
    /// Locks cannot be updated.
    #[error(transparent)]
    Update(Box<UpdateError>),
    /// What the user trusts cannot be read or kept.
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
    /// How a command that ends with this error ends.
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
            Error::Update(error) => error.verdict(),
            Error::Trust(_) => Verdict::Error,
        }
    }

    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Config(error) => error.hint.clone(),
            Error::Plan(error) => Some(error.hint()),
            Error::Engine(error) => error.hint(),
            Error::Check(reason) => reason.hint.clone(),
            Error::Update(error) => error.hint(),
            Error::Trust(error) => error.hint(),
        }
    }
}

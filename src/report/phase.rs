//! The phases of a run before its checks: images that are pulled, environments that are built, and
//! fixers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Work that was done before checks could run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Phase {
    /// The kind of work.
    pub kind: PhaseKind,
    /// The image that was pulled, the environment that was built, or the check whose fixer ran.
    pub name: String,
    /// The time from the start of the run until it began.
    pub started: Duration,
    /// The time that it took.
    pub duration: Duration,
}

/// The kind of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum PhaseKind {
    /// An image was pulled.
    Pull,
    /// An environment was built.
    Build,
    /// The fixer of a check ran.
    Fix,
}

impl PhaseKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PhaseKind::Pull => "pull",
            PhaseKind::Build => "build",
            PhaseKind::Fix => "fix",
        }
    }
}

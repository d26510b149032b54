//! Phases in the JSON report: a frozen copy of [`Phase`].

use serde::{Deserialize, Serialize};

use super::milliseconds;
use crate::report::phase::{Phase, PhaseKind};

/// Work that was done before checks could run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonPhase {
    /// The kind of work.
    pub kind: PhaseKind,
    /// The image that was pulled, the environment that was built, or the check whose fixer ran.
    pub name: String,
    /// The time from the start of the run until it began, in milliseconds.
    pub started_ms: u64,
    /// The time that it took, in milliseconds.
    pub duration_ms: u64,
}

impl From<&Phase> for JsonPhase {
    fn from(phase: &Phase) -> Self {
        JsonPhase {
            kind: phase.kind,
            name: phase.name.clone(),
            started_ms: milliseconds(phase.started),
            duration_ms: milliseconds(phase.duration),
        }
    }
}

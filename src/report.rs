//! A finished run, and the forms it is shown in.
//!
//! Owns [`Report`], which every renderer reads and none changes. A renderer is a function from a
//! report to bytes: it decides nothing, reads nothing and starts nothing.

#[cfg(feature = "cli")]
pub mod human;
pub mod json;

use std::collections::BTreeMap;

use crate::engine::EngineInfo;
use crate::fingerprint::{self, Hash};
use crate::outcome::{CheckOutcome, Verdict};

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// How it ended.
    pub verdict: Verdict,
    /// What the checks ran on, such as `linux/amd64`; none if nothing was started.
    pub platform: Option<String>,
    /// What ran them; none if nothing was started.
    pub engine: Option<EngineInfo>,
    /// What a person should know, of no particular check.
    pub warnings: Vec<String>,
    /// The files of each snapshot, under the snapshot's hash.
    pub snapshots: BTreeMap<Hash, BTreeMap<String, Hash>>,
    /// The checks, in plan order.
    pub checks: Vec<CheckOutcome>,
}

impl Report {
    /// The fingerprint of the whole run.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        fingerprint::of_run(
            self.checks
                .iter()
                .map(|check| (check.name.as_str(), check.fingerprint())),
        )
    }
}

/// The machine formats a report can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `cargo-pipe/report/1`.
    Json,
}

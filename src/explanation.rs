//! The answers of `cargo pipe why` and `cargo pipe compare`, as plain values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::check::StepId;
use crate::fingerprint::diff::Difference;
use crate::hash::Hash;

/// The reason why a check would run or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The check.
    pub check: StepId,
    /// The expected use of the cache.
    pub expected: Expected,
    /// Its fingerprint; null if its environment is unknown.
    pub fingerprint: Option<Hash>,
    /// The source of what is known of its environment; null if it is unknown.
    pub environment: Option<ResolvedBy>,
    /// The differences to the last run in this folder; null if it never ran here.
    pub since_last: Option<Vec<Difference>>,
    /// The differences to the nearest cached outcome; null for a hit, and if none is cached.
    pub nearest: Option<Vec<Difference>>,
    /// The files that it covers and git does not track, so that no commit and no hook has them.
    pub untracked: Vec<String>,
    /// The work of its incremental tool in the last run in this folder; null if the tool does not
    /// report it.
    pub worked: Option<WorkDone>,
}

/// The work of an incremental tool in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkDone {
    /// The number of files that it covers; 0 if the tool does not report it.
    pub files: usize,
    /// Why it checked every file; empty if it did not.
    pub cold: String,
    /// The command that makes it incremental again; null if no command does.
    pub hint: Option<String>,
    /// Why it checked each of these files.
    pub checked: BTreeMap<String, String>,
}

impl Why {
    /// An answer, to be completed.
    #[must_use]
    pub fn of(check: StepId) -> Why {
        Why {
            check,
            expected: Expected::Unknown,
            fingerprint: None,
            environment: None,
            since_last: None,
            nearest: None,
            untracked: Vec::new(),
            worked: None,
        }
    }
}

/// The expected use of the cache by a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Expected {
    /// The cached outcome would be used.
    Hit,
    /// It would run, because its outcome is not cached.
    Miss,
    /// Run the check, because its results are never cached.
    Always,
    /// Unknown until its environment is prepared.
    Unknown,
}

/// The source of what is known of a resolved environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ResolvedBy {
    /// Predicted from the project's files alone, without an engine.
    Predicted,
    /// Remembered from an earlier preparation on this machine.
    Remembered,
    /// Prepared by an engine in this run.
    Prepared,
}

/// The differences between this machine and a report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// The version of cargo pipe that wrote the report.
    pub version: String,
    /// Each check of the report.
    pub checks: Vec<Compared>,
}

/// A check, here and in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compared {
    /// The check.
    pub check: String,
    /// The result of the comparison.
    pub sameness: Sameness,
}

/// The result of comparing a check's inputs here with those in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sameness {
    /// The inputs are equal, and so is the outcome, as far as it is known here.
    Same,
    /// The inputs differ.
    Different(Vec<Difference>),
    /// The inputs are equal and the findings differ, which is a bug in cargo pipe.
    OnlyTheVerdict,
    /// Only the report has this check.
    OnlyThere,
    /// The inputs are unknown, for this reason.
    Unknown(String),
}

impl Comparison {
    /// Whether every check is the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.checks.iter().all(|check| check.sameness == Sameness::Same)
    }
}

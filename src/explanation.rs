//! Answers to two questions: why would a check run, and what differs from a run elsewhere?
//!
//! Plain values with what they come to. They are found by [`crate::run`] and told by the command
//! line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fingerprint::diff::Difference;
use crate::hash::Hash;

/// Why a check would run or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Why {
    /// The check.
    pub check: String,
    /// What would become of it.
    pub expected: Expected,
    /// What it would be recognised by; null if nobody knows what its environment is.
    pub fingerprint: Option<Hash>,
    /// What differs from the last run in this folder; null if there was none.
    pub since_last: Option<Vec<Difference>>,
    /// What differs from the outcome in the cache that is nearest; null if it would be replayed, or
    /// there is none.
    pub nearest: Option<Vec<Difference>>,
    /// What its tool did of its work at the last run in this folder; null if it does not say.
    pub worked: Option<WorkDone>,
}

/// What a tool did that need not do all of its work each time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkDone {
    /// How many files it was about; 0 if it does not say.
    pub files: usize,
    /// Why it looked at every file; empty if it did not.
    pub cold: String,
    /// What to do so that it need not; null if there is nothing to type.
    pub hint: Option<String>,
    /// Why it looked at some.
    pub linted: BTreeMap<String, String>,
}

impl Why {
    /// An answer, to be completed.
    #[must_use]
    pub fn of(check: String) -> Why {
        Why {
            check,
            expected: Expected::Unknown,
            fingerprint: None,
            since_last: None,
            nearest: None,
            worked: None,
        }
    }
}

/// What would become of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Expected {
    /// It would be replayed.
    Hit,
    /// It would run, because the cache does not have it.
    Miss,
    /// It would run, because it always does.
    Always,
    /// Nobody knows before its environment was prepared.
    Unknown,
}

/// What differs between here and a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The version of cargo pipe that wrote the report.
    pub version: String,
    /// Each check of the report.
    pub checks: Vec<Compared>,
}

/// A check, here and in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Compared {
    /// The check.
    pub check: String,
    /// What differs.
    #[serde(flatten)]
    pub sameness: Sameness,
}

/// Whether a check is made from the same here and in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "result", content = "differences")]
#[non_exhaustive]
pub enum Sameness {
    /// It is, as far as anybody can say.
    Same,
    /// It is not, and this differs.
    Different(Vec<Difference>),
    /// It is, and all the same something else was found: our bug.
    OnlyTheVerdict,
    /// There is no such check here.
    OnlyThere,
    /// Nobody can say, and why.
    Unknown(String),
}

impl Comparison {
    /// Whether everything is the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.checks.iter().all(|check| check.sameness == Sameness::Same)
    }
}

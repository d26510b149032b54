//! The JSON of `why`: a frozen copy of its answer, `cargo-pipe/why/1`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::explanation::{Expected, ResolvedBy, Why, WorkDone};
use crate::fingerprint::diff::{Difference, DifferenceKind};
use crate::hash::Hash;

/// An answer as pretty JSON with a line feed at the end.
#[must_use]
pub fn to_json(why: &Why) -> String {
    super::pretty(&JsonWhy::from(why))
}

/// The JSON schema of the format.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> serde_json::Value {
    super::schema_of::<JsonWhy>("cargo-pipe/why/1", "Why cargo pipe would run a check")
}

/// Why a check would run or be cached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonWhy {
    /// `cargo-pipe/why/1`.
    pub schema: WhySchema,
    /// The version of cargo pipe that wrote the answer.
    pub version: String,
    /// The identity of its step, spelled `package:check@python`; the package and the Python are left
    /// out where the project has only one.
    pub name: String,
    /// The package that it is for; null where the project has only one.
    pub package: Option<String>,
    /// The version of Python that it is for; null where the project has only one.
    pub python: Option<String>,
    /// What a run would do.
    pub expected: Expected,
    /// The fingerprint; null if the environment has to be prepared first.
    pub fingerprint: Option<Hash>,
    /// The source of what is known of its environment; null if it has to be prepared first.
    pub environment: Option<ResolvedBy>,
    /// What changed since the last run in this folder; null if there was none.
    pub since_last: Option<Vec<JsonDifference>>,
    /// What differs from the nearest result in the cache; null if the result is cached, or none is
    /// near.
    pub nearest: Option<Vec<JsonDifference>>,
    /// The files that it covers and git does not track, so that no commit and no hook has them.
    pub untracked: Vec<String>,
    /// What an incremental tool did in the last run in this folder; null if it does not report that.
    pub last_work: Option<JsonWorkDone>,
}

/// The name of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum WhySchema {
    /// This version.
    #[default]
    #[serde(rename = "cargo-pipe/why/1")]
    Why1,
}

/// An input that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonDifference {
    /// The kind of input.
    pub kind: DifferenceKind,
    /// Its name, such as the path of a file.
    pub name: String,
    /// The version or hash of before, or of the other machine; null if it was missing.
    pub before: Option<String>,
    /// The version or hash of now and here; null if it is missing.
    pub now: Option<String>,
}

/// What an incremental tool did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonWorkDone {
    /// The number of files that it is about; null if it does not report that.
    pub files: Option<usize>,
    /// Why it checked every file; null if it did not.
    pub cold: Option<String>,
    /// The files that it checked again and the reason for each, by path.
    pub checked: BTreeMap<String, String>,
    /// What to do so that it checks fewer files; null without advice.
    pub hint: Option<String>,
}

impl From<&Why> for JsonWhy {
    fn from(why: &Why) -> Self {
        let Why {
            check,
            expected,
            fingerprint,
            environment,
            since_last,
            nearest,
            untracked,
            worked,
        } = why;
        JsonWhy {
            schema: WhySchema::Why1,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            name: check.to_string(),
            package: check.package().map(str::to_owned),
            python: check.python().map(str::to_owned),
            expected: *expected,
            fingerprint: *fingerprint,
            environment: *environment,
            since_last: since_last.as_deref().map(differences),
            nearest: nearest.as_deref().map(differences),
            untracked: untracked.clone(),
            last_work: worked.as_ref().map(JsonWorkDone::from),
        }
    }
}

/// The frozen copies of some differences.
pub(super) fn differences(differences: &[Difference]) -> Vec<JsonDifference> {
    differences.iter().map(JsonDifference::from).collect()
}

impl From<&Difference> for JsonDifference {
    fn from(difference: &Difference) -> Self {
        let Difference { kind, name, before, now } = difference;
        JsonDifference { kind: *kind, name: name.clone(), before: before.clone(), now: now.clone() }
    }
}

impl From<&WorkDone> for JsonWorkDone {
    fn from(work: &WorkDone) -> Self {
        let WorkDone { files, cold, checked, hint } = work;
        JsonWorkDone {
            files: (*files > 0).then_some(*files),
            cold: (!cold.is_empty()).then(|| cold.clone()),
            checked: checked.clone(),
            hint: hint.clone(),
        }
    }
}

//! Differences from pylint's own command in the JSON report: a frozen copy of [`Plain`].

use serde::{Deserialize, Serialize};

use super::JsonFinding;
use crate::finding::Finding;
use crate::outcome::{Otherwise, Plain, Reason, Status};

/// What pylint's own command says otherwise. Nothing of it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonPlain {
    /// The state it ended in.
    pub outcome: Status,
    /// Why, where it is neither passed nor findings; then nothing was compared.
    pub reason: Option<Reason>,
    /// Its score.
    pub score: Option<f64>,
    /// The files about which it says something else, sorted by path.
    pub files: Vec<JsonOtherwise>,
}

/// The differences in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonOtherwise {
    /// Relative to the project, with `/`.
    pub path: String,
    /// What pylint's own command alone says.
    pub there: Vec<JsonFinding>,
    /// What it does not say.
    pub here: Vec<JsonFinding>,
}

impl From<&Plain> for JsonPlain {
    fn from(plain: &Plain) -> Self {
        let findings = |found: &[Finding]| found.iter().map(JsonFinding::from).collect();
        let otherwise = |(path, otherwise): (&String, &Otherwise)| JsonOtherwise {
            path: path.clone(),
            there: findings(&otherwise.there),
            here: findings(&otherwise.here),
        };
        JsonPlain {
            outcome: plain.status,
            reason: plain.reason.clone(),
            score: plain.score,
            files: plain.files.iter().map(otherwise).collect(),
        }
    }
}

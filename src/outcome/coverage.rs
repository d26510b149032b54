//! The lines that tests executed, as a figure and for each file.

use serde::{Deserialize, Serialize};

/// The lines that the tests of a check executed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Coverage {
    /// The share of executed lines, and of taken branches if these were measured, in percent.
    pub percent: f64,
    /// The share that the check has to reach, in percent; null if it has none.
    pub minimum: Option<f64>,
    /// The measured files, sorted by path.
    pub files: Vec<FileCoverage>,
}

/// The lines of a file that tests executed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FileCoverage {
    /// Its path, relative to the project, with `/`.
    pub path: String,
    /// The share of its executed lines, in percent.
    pub percent: f64,
    /// The number of its lines that can be executed.
    pub lines: u32,
    /// Those of them that were not, sorted.
    pub missing: Vec<u32>,
}

impl Coverage {
    /// Whether it is below its minimum.
    #[must_use]
    pub fn is_too_low(&self) -> bool {
        self.minimum.is_some_and(|minimum| self.percent < minimum)
    }

    /// Its share in percent, rounded down to two digits, so that it is never shown as a minimum that it
    /// does not reach.
    #[must_use]
    pub fn rounded(&self) -> f64 {
        (self.percent * 100.0).floor() / 100.0
    }
}

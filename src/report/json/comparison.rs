//! The JSON of `compare`: a frozen copy of a comparison, `cargo-pipe/compare/1`.

use serde::Serialize;

use super::why::{JsonDifference, differences};
use crate::check::StepId;
use crate::explanation::{Compared, Comparison, Sameness};

/// A comparison as pretty JSON with a line feed at the end.
#[must_use]
pub fn to_json(comparison: &Comparison) -> String {
    super::pretty(&JsonComparison::from(comparison))
}

/// The JSON schema of the format.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> serde_json::Value {
    super::schema_of::<JsonComparison>("cargo-pipe/compare/1", "A comparison of cargo pipe")
}

/// What differs between this machine and a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonComparison {
    /// `cargo-pipe/compare/1`.
    pub schema: CompareSchema,
    /// The version of cargo pipe that compared.
    pub version: String,
    /// The version of cargo pipe that wrote the report.
    pub report_version: String,
    /// The checks of the report, in its order.
    pub checks: Vec<JsonComparedCheck>,
}

/// The name of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CompareSchema {
    /// This version.
    #[default]
    #[serde(rename = "cargo-pipe/compare/1")]
    Compare1,
}

/// A check, compared with that of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonComparedCheck {
    /// The identity of its step, spelled `package:check@python`; the package and the Python are left
    /// out where the project has only one.
    pub name: String,
    /// The package that it is for; null where the project has only one.
    pub package: Option<String>,
    /// The version of Python that it is for; null where the project has only one.
    pub python: Option<String>,
    /// What the comparison found.
    pub result: JsonCompareResult,
    /// The inputs that differ; empty unless the result is `different`.
    pub differences: Vec<JsonDifference>,
    /// Why the check could not be compared; null unless the result is `unknown`.
    pub reason: Option<String>,
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum JsonCompareResult {
    /// All inputs are equal.
    Same,
    /// Some inputs differ.
    Different,
    /// All inputs are equal, but the outcomes are not: a bug in cargo pipe.
    DifferentOutcome,
    /// This project does not have the check.
    OnlyInReport,
    /// The check could not be compared.
    Unknown,
}

impl From<&Comparison> for JsonComparison {
    fn from(comparison: &Comparison) -> Self {
        let Comparison { version, checks } = comparison;
        JsonComparison {
            schema: CompareSchema::Compare1,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            report_version: version.clone(),
            checks: checks.iter().map(JsonComparedCheck::from).collect(),
        }
    }
}

impl From<&Compared> for JsonComparedCheck {
    fn from(compared: &Compared) -> Self {
        let Compared { check, sameness } = compared;
        let result = match sameness {
            Sameness::Same => JsonCompareResult::Same,
            Sameness::Different(_) => JsonCompareResult::Different,
            Sameness::OnlyTheVerdict => JsonCompareResult::DifferentOutcome,
            Sameness::OnlyThere => JsonCompareResult::OnlyInReport,
            Sameness::Unknown(_) => JsonCompareResult::Unknown,
        };
        let (differences, reason) = match sameness {
            Sameness::Different(found) => (differences(found), None),
            Sameness::Unknown(reason) => (Vec::new(), Some(reason.clone())),
            _ => (Vec::new(), None),
        };
        // The name comes from the report. One that this version cannot read is all there is to say.
        let id = check.parse::<StepId>().ok();
        let package = id.as_ref().and_then(|id| id.package().map(str::to_owned));
        let python = id.as_ref().and_then(|id| id.python().map(str::to_owned));
        JsonComparedCheck { name: check.clone(), package, python, result, differences, reason }
    }
}

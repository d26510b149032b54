//! Findings in the JSON report: a frozen copy of [`Finding`].

use serde::{Deserialize, Serialize};

use crate::finding::{Edit, Finding, Fix, Place, Severity};
use crate::hash::Hash;

/// One diagnosed problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonFinding {
    /// Its place.
    #[serde(flatten)]
    pub place: JsonPlace,
    /// Its severity.
    pub severity: Severity,
    /// The tool's short code.
    pub code: String,
    /// The tool's name for the rule.
    pub rule: String,
    /// The tool's message.
    pub message: String,
    /// The rule's documentation.
    pub url: Option<String>,
    /// Whether it counts for the verdict.
    pub gating: bool,
    /// Other places that belong to it.
    pub related: Vec<JsonPlace>,
    /// The identity of the problem, which does not change when its lines move.
    pub fingerprint: Hash,
    /// The fix that the tool suggests.
    pub fix: Option<JsonFix>,
    /// The test that failed; null for a finding that is about no test, and in reports of older versions.
    #[serde(default)]
    pub test: Option<String>,
    /// Whether the test has also passed with the same fingerprint, on this machine and within 30 days.
    #[serde(default)]
    pub flaky: bool,
}

/// A span in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonPlace {
    /// Relative to the project, with `/`.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in code points.
    pub column: Option<u32>,
    /// 1-based, the last line of the span.
    pub end_line: Option<u32>,
    /// 1-based, in code points, one past the end.
    pub end_column: Option<u32>,
}

/// Edits that would resolve a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonFix {
    /// What the edits do.
    pub message: String,
    /// Whether the tool is sure that they keep the code's meaning.
    pub safe: bool,
    /// Sorted by place, not overlapping.
    pub edits: Vec<JsonEdit>,
}

/// One replacement of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct JsonEdit {
    /// 1-based first line.
    pub line: u32,
    /// 1-based first column, in code points.
    pub column: u32,
    /// 1-based last line.
    pub end_line: u32,
    /// 1-based column one past the end, in code points.
    pub end_column: u32,
    /// The replacement.
    pub content: String,
}

impl From<&Finding> for JsonFinding {
    fn from(finding: &Finding) -> Self {
        JsonFinding {
            place: JsonPlace::from(&finding.place),
            severity: finding.severity,
            code: finding.code.clone(),
            rule: finding.rule.clone(),
            message: finding.message.clone(),
            url: finding.url.clone(),
            gating: finding.gating,
            related: finding.related.iter().map(JsonPlace::from).collect(),
            fingerprint: finding.fingerprint,
            fix: finding.fix.as_ref().map(JsonFix::from),
            test: finding.test.as_ref().map(|test| test.name.clone()),
            flaky: finding.is_flaky(),
        }
    }
}

impl From<&Place> for JsonPlace {
    fn from(place: &Place) -> Self {
        JsonPlace {
            path: place.path.clone(),
            line: place.line,
            column: place.column,
            end_line: place.end_line,
            end_column: place.end_column,
        }
    }
}

impl From<&Fix> for JsonFix {
    fn from(fix: &Fix) -> Self {
        let edit = |edit: &Edit| JsonEdit {
            line: edit.line,
            column: edit.column,
            end_line: edit.end_line,
            end_column: edit.end_column,
            content: edit.content.clone(),
        };
        JsonFix {
            message: fix.message.clone(),
            safe: fix.safe,
            edits: fix.edits.iter().map(edit).collect(),
        }
    }
}

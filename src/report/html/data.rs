//! The data of a page for its script, as JSON in the page.
//!
//! The members are a part of those of the JSON report, with the same names, so that the script can read
//! another page as an earlier report.

use serde::Serialize;

use super::findings::{FindingSelection, ShownFinding};
use crate::fingerprint::ingredients::Ingredients;
use crate::hash::Hash;
use crate::outcome::{Status, Verdict};
use crate::report::{Report, json};

#[derive(Serialize)]
struct Data<'a> {
    schema: &'static str,
    verdict: Verdict,
    fingerprint: Hash,
    /// The number of findings that the page has no room for.
    left_out: usize,
    checks: Vec<CheckData<'a>>,
}

#[derive(Serialize)]
struct CheckData<'a> {
    name: &'a str,
    package: Option<&'a str>,
    outcome: Status,
    fingerprint: Option<Hash>,
    inputs: Option<&'a Ingredients>,
    findings: Vec<&'a ShownFinding>,
}

/// The data as JSON that cannot end the element that it is in.
pub(super) fn to_json(report: &Report, selection: &FindingSelection<'_>) -> String {
    let mut checks = Vec::new();
    for (check, findings) in report.checks.iter().zip(selection.by_check()) {
        checks.push(CheckData {
            name: check.id.as_str(),
            package: check.id.package(),
            outcome: check.status,
            fingerprint: check.fingerprint(),
            inputs: check.inputs.as_ref().map(|inputs| &inputs.ingredients),
            findings,
        });
    }
    let data = Data {
        schema: json::SCHEMA,
        verdict: report.verdict,
        fingerprint: report.fingerprint(),
        left_out: selection.left_out(),
        checks,
    };
    escape(&json::compact(&data))
}

/// Escapes every character of JSON that means something to HTML or JavaScript. In JSON they are only in
/// strings, so that the escape means the same.
fn escape(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            c => text.push(c),
        }
    }
    text
}

//! The parts of a finding as text, for several formats: its place, rule and severity.
//!
//! Nothing is escaped here; each format does that.

use crate::finding::{Finding, Place, Severity};

/// `path:line:column`, as editors open it; `project` without a path.
#[must_use]
pub fn place(place: &Place) -> String {
    if place.path.is_empty() {
        return "project".to_owned();
    }
    match place.column {
        Some(column) => format!("{}:{}:{column}", place.path, place.line),
        None => format!("{}:{}", place.path, place.line),
    }
}

/// The check, the code and the rule, without repetitions, and `flaky` for a test that fails by chance.
#[must_use]
pub fn rule(check: &str, finding: &Finding) -> String {
    let mut parts = vec![check, &finding.code, &finding.rule];
    parts.dedup();
    if finding.is_flaky() {
        parts.push("flaky");
    }
    parts.join(" ")
}

/// The name of a severity.
#[must_use]
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

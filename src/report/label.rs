//! How a finding is called in a line of text.
//!
//! Owns the words that several formats share: where a finding is, who found it, how bad it is. It
//! must not know which format asks, and escapes nothing: that is the format's business.

use crate::check::CheckName;
use crate::finding::{Finding, Place, Severity};

/// `path:line:column` as editors open it; the project itself where there is no path.
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

/// The check, the code and the rule, each where it says more than the one before.
#[must_use]
pub fn rule(check: &CheckName, finding: &Finding) -> String {
    let mut parts = vec![check.as_str(), &finding.code, &finding.rule];
    parts.dedup();
    parts.join(" ")
}

/// How a severity is called.
#[must_use]
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

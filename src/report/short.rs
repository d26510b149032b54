//! Findings, one a line: `path:line:column: severity code message [tool]`, for editors and `grep`.
//!
//! Also contains the checks that could not run, and ends with the verdict.

use super::{Report, harmless, label};
use crate::outcome::Status;

/// Renders the findings of all checks in the order of their places, then the checks that could not run.
#[must_use]
pub fn to_short(report: &Report) -> String {
    let mut all: Vec<_> = report
        .checks
        .iter()
        .flat_map(|check| check.findings.iter().map(move |finding| (finding, check)))
        .collect();
    all.sort_by_key(|(finding, _)| {
        let place = &finding.place;
        (place.path.as_str(), place.line, place.column)
    });
    let findings = all.into_iter().map(|(finding, check)| {
        let place = harmless::line(&label::place(&finding.place));
        let severity = match finding.gating {
            true => label::severity(finding.severity),
            false => "accepted",
        };
        let (code, message) = (harmless::line(&finding.code), harmless::line(&finding.message));
        format!("{place}: {severity} {code} {message} [{}]\n", harmless::line(check.tool_label()))
    });
    let failures = report.checks.iter().filter_map(|check| {
        let word = match check.status {
            Status::Error => "error",
            Status::TimedOut => "timed out",
            Status::Findings if check.findings.is_empty() => "did not pass",
            _ => return None,
        };
        let reason =
            check.reason.as_ref().map(|reason| harmless::line(&format!(": {}", reason.to_line())));
        Some(format!("{}: {word}{}\n", check.id, reason.unwrap_or_default()))
    });
    findings.chain(failures).collect()
}

//! Findings, one a line: `path:line:column: severity code message [tool]`, for editors and `grep`.
//!
//! Also contains the checks that could not run, and ends with the verdict.

use super::reported::reported;
use super::{Report, harmless, label};
use crate::outcome::Status;

/// Renders the findings of all checks in the order of their places, then the checks that could not run.
#[must_use]
pub fn to_short(report: &Report) -> String {
    let mut all = reported(&report.checks);
    all.sort_by_key(|it| {
        let place = &it.finding.place;
        (place.path.as_str(), place.line, place.column)
    });
    let findings = all.into_iter().map(|it| {
        let finding = it.finding;
        let place = harmless::line(&label::place(&finding.place));
        let severity = match finding.gating {
            true => label::severity(finding.severity),
            false => "accepted",
        };
        let (code, message) = (harmless::line(&finding.code), harmless::line(&finding.message));
        let tool = harmless::line(it.check.tool_label());
        let pythons: Vec<&str> = it.checks().filter_map(|check| check.id.python()).collect();
        let at = if pythons.is_empty() { "" } else { "@" };
        format!("{place}: {severity} {code} {message} [{tool}{at}{}]\n", pythons.join(","))
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

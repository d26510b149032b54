//! GitLab's Code Quality report.
//!
//! The subset of the Code Climate format that GitLab reads
//! (<https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>), with paths
//! relative to the repository. Findings that do not count have the severity `info`. A check that could
//! not run is an entry of its own; otherwise its earlier findings would look fixed.

use serde::Serialize;

use super::reported::{ReportedFinding, reported_by_check};
use super::{Report, json, label};
use crate::finding::{Finding, Severity};
use crate::hash::{Hash, HashBuilder};
use crate::outcome::{CheckOutcome, Reason, Status};

/// The path of findings without one, because GitLab ignores entries without a path.
const NOWHERE: &str = ".";

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<u32>,
}

/// Renders the report as a JSON array with a line feed at the end.
#[must_use]
pub fn to_gitlab(report: &Report) -> String {
    let mut issues = Vec::new();
    for (check, findings) in reported_by_check(&report.checks) {
        issues.extend(failure(check));
        issues.extend(findings.iter().map(|it| issue(report, it)));
    }
    json::pretty(&issues)
}

fn issue(report: &Report, it: &ReportedFinding<'_>) -> Issue {
    let finding = it.finding;
    Issue {
        description: finding.message.clone(),
        check_name: label::rule(&it.check_label(), finding),
        fingerprint: fingerprint(it.check, finding).to_string(),
        severity: severity(finding),
        location: Location {
            path: match finding.place.path.as_str() {
                "" => NOWHERE.to_owned(),
                path => report.in_repository(path),
            },
            lines: Lines { begin: finding.place.line, end: finding.place.end_line },
        },
    }
}

/// The entry of a check that could not run.
fn failure(check: &CheckOutcome) -> Option<Issue> {
    if !matches!(check.status, Status::Error | Status::TimedOut) {
        return None;
    }
    let reason = check.reason.as_ref().map(Reason::to_string).unwrap_or_default();
    Some(Issue {
        description: format!("{} could not run: {reason}", check.id),
        check_name: format!("{} error", check.id),
        fingerprint: HashBuilder::new("failure").with(check.id.as_str()).hash().to_string(),
        severity: "blocker",
        location: Location { path: NOWHERE.to_owned(), lines: Lines { begin: 1, end: None } },
    })
}

/// Includes the check, because GitLab merges entries with equal fingerprints, and two checks may use
/// the same tool.
fn fingerprint(check: &CheckOutcome, finding: &Finding) -> Hash {
    HashBuilder::new("gitlab").with(check.id.as_str()).with(finding.fingerprint.to_string()).hash()
}

fn severity(finding: &Finding) -> &'static str {
    match finding.severity {
        _ if !finding.gating => "info",
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Info => "minor",
    }
}

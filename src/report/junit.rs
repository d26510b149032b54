//! JUnit XML.
//!
//! Each check is a suite. It has a case for each file with findings, and a case for the check itself
//! where needed. Names are unique within a suite, because GitLab keeps only the first of two. Findings
//! that do not count fail no case. Characters that XML cannot contain are made visible.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Report, harmless, label};
use crate::finding::Finding;
use crate::outcome::{CheckOutcome, Reason, Status};

/// Renders the report as XML with a line feed at the end.
///
/// # Panics
///
/// Never: a string takes every byte, and every text is valid XML.
#[must_use]
pub fn to_junit(report: &Report) -> String {
    let mut junit = quick_junit::Report::new("cargo pipe");
    junit.add_test_suites(report.checks.iter().map(|check| suite(report, check)));
    let mut text = junit.to_string().expect("a string takes every byte");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn suite(report: &Report, check: &CheckOutcome) -> TestSuite {
    let mut suite = TestSuite::new(check.id.as_str());
    suite.set_time(check.duration);
    let mut files: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &check.findings {
        files.entry(&finding.place.path).or_default().push(finding);
    }
    let whole = files.remove("").unwrap_or_default();
    let fails = |findings: &[&Finding]| findings.iter().any(|finding| finding.gating);
    let failing_files = files.values().any(|findings| fails(findings));
    if !(check.status == Status::Findings && failing_files && whole.is_empty()) {
        suite.add_test_case(of_check(check, &whole, failing_files));
    }
    for (path, findings) in files {
        let mut case = case(path, check, &findings);
        case.set_classname(text(check.id.as_str()));
        case.extra.insert("file".into(), text(&report.in_repository(path)).into());
        suite.add_test_case(case);
    }
    suite
}

/// The case of the check as a whole.
fn of_check(check: &CheckOutcome, findings: &[&Finding], failing_files: bool) -> TestCase {
    let reason = check.reason.as_ref().map(Reason::to_string).unwrap_or_default();
    let name = check.id.as_str();
    let ended = |kind, message: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(text(&harmless::line(message)));
        status.set_description(text(message));
        TestCase::new(name, status)
    };
    let mut case = match check.status {
        Status::Error => ended(NonSuccessKind::Error, &reason),
        Status::TimedOut => ended(NonSuccessKind::Error, &reason),
        Status::Cancelled | Status::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(text(&harmless::line(&reason)));
            TestCase::new(name, status)
        }
        Status::Findings if findings.is_empty() && !failing_files => {
            ended(NonSuccessKind::Failure, "did not pass")
        }
        Status::Passed | Status::Findings => self::case(name, check, findings),
    };
    case.set_classname(text(name));
    if !check.log.stdout.is_empty() {
        case.set_system_out(text(&check.log.stdout));
    }
    if !check.log.stderr.is_empty() {
        case.set_system_err(text(&check.log.stderr));
    }
    case
}

/// A case that fails if a finding counts. Other findings are in its output.
fn case(name: &str, check: &CheckOutcome, findings: &[&Finding]) -> TestCase {
    let listed = |gating: bool| -> Vec<String> {
        let chosen = findings.iter().filter(|finding| finding.gating == gating);
        chosen.map(|finding| line(check, finding)).collect()
    };
    let (counting, accepted) = (listed(true), listed(false));
    let status = match counting.as_slice() {
        [] => TestCaseStatus::success(),
        [first, others @ ..] => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let more = match others.len() {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            status.set_message(text(&(harmless::line(first) + &more)));
            status.set_description(text(&counting.join("\n")));
            status
        }
    };
    let mut case = TestCase::new(text(name), status);
    if !accepted.is_empty() {
        case.set_system_out(text(&format!("accepted:\n{}", accepted.join("\n"))));
    }
    case
}

fn line(check: &CheckOutcome, finding: &Finding) -> String {
    let place = label::place(&finding.place);
    let severity = label::severity(finding.severity);
    let rule = label::rule(check.id.as_str(), finding);
    format!("{place}: {severity}: {} [{rule}]", finding.message)
}

/// Replaces control characters, the two characters that XML forbids
/// (<https://www.w3.org/TR/xml/#charsets>), and tabs, which the crate would drop.
fn text(foreign: &str) -> String {
    let text = harmless::text(foreign).replace('\t', "    ");
    text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

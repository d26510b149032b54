//! SARIF 2.1.0
//! (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html>).
//!
//! Each check is a run. A finding that a check has on several versions of Python is in the run of the
//! first one, with all of these versions. Paths are relative to the repository. Findings that do not count are
//! suppressed.

mod model;

use std::collections::BTreeMap;

use fluent_uri::pct_enc::EString;
use fluent_uri::pct_enc::encoder::{Data, Path};

use super::reported::{ReportedFinding, reported_by_check};
use super::{Report, json};
use crate::finding::{self, Edit, Finding, Place, Severity};
use crate::outcome::{CheckOutcome, ReasonKind, Status, Verdict};

use model::{
    ArtifactChange, ArtifactLocation, AutomationDetails, Driver, Location, Message, Notification,
    PhysicalLocation, Region, ResultProperties, Rule, SarifFix, SarifInvocation, SarifLog,
    SarifReplacement, SarifResult, SarifRun, SarifTool, Suppression, TestProperties,
};

/// GitHub's name for the base of relative paths.
const ROOT: &str = "%SRCROOT%";

/// Renders the report as pretty JSON with a line feed at the end.
#[must_use]
pub fn to_sarif(report: &Report) -> String {
    json::pretty(&SarifLog {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: reported_by_check(&report.checks)
            .into_iter()
            .map(|(check, findings)| run(report, check, &findings))
            .collect(),
    })
}

fn run(report: &Report, check: &CheckOutcome, findings: &[ReportedFinding<'_>]) -> SarifRun {
    let mut rules: BTreeMap<&str, (usize, Rule)> = BTreeMap::new();
    for ReportedFinding { finding, .. } in findings {
        let next = rules.len();
        rules.entry(&finding.code).or_insert_with(|| (next, rule(finding)));
    }
    let results = findings.iter().map(|it| {
        let index = rules.get(it.finding.code.as_str()).map_or(0, |(index, _)| *index);
        result(report, it, index)
    });
    let results = results.collect();
    let mut rules: Vec<(usize, Rule)> = rules.into_values().collect();
    rules.sort_by_key(|(index, _)| *index);
    SarifRun {
        tool: SarifTool {
            driver: Driver {
                name: check.tool_label().to_owned(),
                version: check.tool_version.clone(),
                rules: rules.into_iter().map(|(_, rule)| rule).collect(),
            },
        },
        automation_details: AutomationDetails { id: format!("cargo-pipe/{}/", check.id) },
        invocations: [invocation(check)],
        column_kind: "unicodeCodePoints",
        results,
    }
}

fn rule(finding: &Finding) -> Rule {
    let name = (finding.rule != finding.code).then(|| finding.rule.clone());
    Rule {
        id: finding.code.clone(),
        short_description: Message { text: finding.rule.clone() },
        full_description: Message { text: finding.rule.clone() },
        help: Message { text: finding.url.clone().unwrap_or_else(|| finding.rule.clone()) },
        help_uri: finding.url.clone(),
        name,
    }
}

fn result(report: &Report, it: &ReportedFinding<'_>, rule_index: usize) -> SarifResult {
    let finding = it.finding;
    let related = finding.related.iter().filter_map(|place| location(report, place));
    SarifResult {
        rule_id: finding.code.clone(),
        rule_index,
        level: level(finding.severity),
        message: Message { text: finding.message.clone() },
        locations: location(report, &finding.place).into_iter().collect(),
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([(
            "primaryLocationLineHash",
            finding.fingerprint.to_string(),
        )]),
        suppressions: match finding.gating {
            true => Vec::new(),
            false => vec![Suppression { kind: "external", status: "accepted" }],
        },
        fixes: finding.fix.iter().map(|fix| self::fix(report, finding, fix)).collect(),
        properties: properties(it),
    }
}

/// The property bag of a result; none if it would be empty.
fn properties(it: &ReportedFinding<'_>) -> Option<ResultProperties> {
    let pythons: Vec<String> =
        it.checks().filter_map(|check| check.id.python()).map(str::to_owned).collect();
    let test = it.finding.test.as_ref();
    let test = test.map(|test| TestProperties { test: test.name.clone(), flaky: test.flaky });
    (!pythons.is_empty() || test.is_some()).then_some(ResultProperties { pythons, test })
}

fn fix(report: &Report, finding: &Finding, fix: &finding::Fix) -> SarifFix {
    SarifFix {
        description: Message { text: fix.message.clone() },
        artifact_changes: [ArtifactChange {
            artifact_location: artifact(report, &finding.place.path),
            replacements: fix.edits.iter().map(replacement).collect(),
        }],
    }
}

fn location(report: &Report, place: &Place) -> Option<Location> {
    (!place.path.is_empty()).then(|| Location {
        physical_location: PhysicalLocation {
            artifact_location: artifact(report, &place.path),
            region: Region {
                start_line: place.line,
                start_column: place.column,
                end_line: place.end_line,
                end_column: place.end_column,
            },
        },
    })
}

fn artifact(report: &Report, path: &str) -> ArtifactLocation {
    ArtifactLocation { uri: uri(&report.in_repository(path)), uri_base_id: ROOT }
}

fn replacement(edit: &Edit) -> SarifReplacement {
    SarifReplacement {
        deleted_region: Region {
            start_line: edit.line,
            start_column: Some(edit.column),
            end_line: Some(edit.end_line),
            end_column: Some(edit.end_column),
        },
        inserted_content: Message { text: edit.content.clone() },
    }
}

fn invocation(check: &CheckOutcome) -> SarifInvocation {
    let done = matches!(check.status, Status::Passed | Status::Findings | Status::Skipped);
    let notification = check.reason.iter().map(|reason| Notification {
        level: if done { "note" } else { "error" },
        message: Message { text: reason.to_string() },
    });
    let warnings = check.warnings.iter().map(|warning| Notification {
        level: "warning",
        message: Message { text: warning.clone() },
    });
    let is_config = check.reason.as_ref().is_some_and(|reason| reason.kind == ReasonKind::Config);
    let (configuration, execution): (Vec<_>, Vec<_>) = match is_config {
        true => (notification.collect(), warnings.collect()),
        false => (Vec::new(), notification.chain(warnings).collect()),
    };
    SarifInvocation {
        execution_successful: done,
        exit_code: Verdict::over(std::slice::from_ref(check), None).exit_code(),
        tool_execution_notifications: execution,
        tool_configuration_notifications: configuration,
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// The path as a relative reference (<https://www.rfc-editor.org/rfc/rfc3986#section-4.2>).
fn uri(path: &str) -> String {
    let mut encoded = EString::<Path>::new();
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            encoded.push('/');
        }
        encoded.encode_str::<Data>(segment);
    }
    encoded.into_string()
}

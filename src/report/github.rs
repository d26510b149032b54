//! Annotations for GitHub Actions.
//!
//! Renders findings as workflow commands
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>), which the
//! runner turns into annotations. Also escapes other text so that it cannot be a command.

use std::borrow::Cow;

use super::reported::{ReportedFinding, reported};
use super::{Report, label};
use crate::finding::{Finding, Severity};
use crate::outcome::{CheckOutcome, Reason, Status};

/// The number of annotations of each level that the runner accepts in a step.
const LIMIT: usize = 10;

/// Renders the most severe findings as workflow commands, one a line. Equal reports give equal bytes.
#[must_use]
pub fn to_github(report: &Report) -> String {
    let mut levels = [("error", Vec::new()), ("warning", Vec::new()), ("notice", Vec::new())];
    let mut add = |level: &str, line: String| {
        if let Some((_, lines)) = levels.iter_mut().find(|(name, _)| *name == level) {
            lines.push(line);
        }
    };
    for check in &report.checks {
        if let Some((level, text)) = failure(check) {
            add(level, format!("::{level} title={}::{}\n", property(check.id.as_str()), text));
        }
    }
    for it in reported(&report.checks) {
        let level = level(it.finding);
        add(level, annotation(report, &it, level));
    }
    levels.into_iter().flat_map(|(_, lines)| lines.into_iter().take(LIMIT)).collect()
}

/// Escapes a text so that the runner executes nothing in it: neither a line that begins with `::`, nor
/// `##[` anywhere (`ActionCommand.cs` of the runner trims lines first). A zero-width space breaks the
/// command.
#[must_use]
pub fn inert(text: &str) -> Cow<'_, str> {
    let is_command = |line: &str| line.trim_start().starts_with("::");
    if !text.contains("##[") && !text.split(['\n', '\r']).any(is_command) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("##[", "##\u{200b}[");
    let lines = text.split_inclusive(['\n', '\r']);
    Cow::Owned(
        lines
            .map(|line| match is_command(line) {
                true => line.replacen("::", ":\u{200b}:", 1),
                false => line.to_owned(),
            })
            .collect(),
    )
}

/// The line that starts a collapsible group.
#[must_use]
pub fn group(title: &str) -> String {
    format!("::group::{}\n", data(title))
}

/// The line that ends a group.
pub const END_GROUP: &str = "::endgroup::\n";

fn failure(check: &CheckOutcome) -> Option<(&'static str, String)> {
    let reason = check.reason.as_ref().map(Reason::to_string).unwrap_or_default();
    match check.status {
        Status::Error | Status::TimedOut => {
            Some(("error", data(&format!("{} could not run: {reason}", check.id))))
        }
        // A command of the project has no findings to annotate.
        Status::Findings if check.findings.is_empty() => {
            Some(("error", data(&format!("{} did not pass", check.id))))
        }
        _ => None,
    }
}

fn level(finding: &Finding) -> &'static str {
    match finding.severity {
        _ if !finding.gating => "notice",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    }
}

fn annotation(report: &Report, it: &ReportedFinding<'_>, level: &str) -> String {
    let finding = it.finding;
    let place = &finding.place;
    let mut properties = Vec::new();
    if !place.path.is_empty() {
        properties.push(("file", report.in_repository(&place.path)));
        properties.push(("line", place.line.to_string()));
        let end_line = place.end_line.unwrap_or(place.line);
        properties.push(("endLine", end_line.to_string()));
        // The runner rejects columns of a span over several lines.
        if end_line == place.line {
            properties.extend(place.column.map(|column| ("col", column.to_string())));
            properties.extend(place.end_column.map(|column| ("endColumn", column.to_string())));
        }
    }
    let accepted = if finding.gating { "" } else { " (accepted)" };
    properties.push(("title", label::rule(&it.check_label(), finding) + accepted));
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{level} {}::{}\n", properties.join(","), data(&finding.message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

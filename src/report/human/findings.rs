//! Findings, one after the other, and what is to be made of them.
//!
//! Owns how a finding reads: first its place in the form that editors and terminals can open. It
//! must not know which findings count; each carries that. Its text is the head of the report.

use anstyle::Style;

use super::style::{self, paint};
use crate::finding::{Finding, Place, Severity};
use crate::outcome::{CheckOutcome, Outcome};
use crate::report::harmless;

/// Every check's findings, grouped by file.
pub(super) fn listing(checks: &[CheckOutcome], width: Option<usize>) -> String {
    let mut all: Vec<(&Finding, &CheckOutcome)> = checks
        .iter()
        .flat_map(|check| check.findings.iter().map(move |finding| (finding, check)))
        .collect();
    // Stable: what stands at one place stays in the order of the checks.
    all.sort_by_key(|(finding, _)| {
        let place = &finding.place;
        (place.path.as_str(), place.line, place.column)
    });
    let files: Vec<String> = all
        .chunk_by(|(a, _), (b, _)| a.place.path == b.place.path)
        .map(|file| file.iter().map(|(finding, check)| entry(finding, check, width)).collect())
        .collect();
    files.join("\n")
}

/// What the findings do not say of themselves: pylint's score, and which do not count.
pub(super) fn explanation(checks: &[CheckOutcome]) -> String {
    checks.iter().filter_map(explain).collect()
}

/// How a severity is called.
fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// A finding and what belongs to it, each on lines of its own.
fn entry(finding: &Finding, check: &CheckOutcome, width: Option<usize>) -> String {
    let message = harmless::text(&finding.message);
    let mut lines = message.trim().lines();
    let mut words = vec![
        Word::new(style::STRONG, format!("{}:", place(&finding.place))),
        Word::new(
            style::of_severity(finding.severity),
            format!("{}:", severity_name(finding.severity)),
        ),
    ];
    let text = lines.next().unwrap_or_default();
    words.extend(text.split(' ').map(|word| Word::new(Style::new(), word)));
    let tag = tag(finding, check);
    words.extend(tag.split(' ').map(|word| Word::new(style::DIM, word)));
    let mut entry = fold(&words, width);
    for line in lines {
        entry += &format!("{INDENT}{line}\n");
    }
    for related in &finding.related {
        entry += &format!("{INDENT}also at {}\n", span(related));
    }
    if let Some(fix) = &finding.fix {
        let safety = if fix.safe { "" } else { " (may change behaviour)" };
        let label = paint(style::INFO, "fix:");
        entry += &format!("{INDENT}{label} {}{safety}\n", harmless::line(&fix.message));
    }
    entry
}

/// Who found it: the check, the code and the rule, each where it says more than the one before.
fn tag(finding: &Finding, check: &CheckOutcome) -> String {
    let mut parts = vec![check.name.as_str(), &finding.code, &finding.rule];
    parts.dedup();
    let accepted = if finding.gating { "" } else { ", accepted" };
    format!("[{}{accepted}]", harmless::line(&parts.join(" ")))
}

fn place(place: &Place) -> String {
    if place.path.is_empty() {
        return "project".to_owned();
    }
    let path = harmless::line(&place.path);
    match place.column {
        Some(column) => format!("{path}:{}:{column}", place.line),
        None => format!("{path}:{}", place.line),
    }
}

fn span(span: &Place) -> String {
    match span.end_line {
        Some(end) if end > span.line => {
            format!("{}-{end}", place(&Place { column: None, ..span.clone() }))
        }
        _ => place(span),
    }
}

fn explain(check: &CheckOutcome) -> Option<String> {
    let name = &check.name;
    let tool = harmless::line(&check.tool);
    let accepted = check.findings.iter().any(|finding| !finding.gating);
    let rated = check.score.map(|score| format!("{tool} rates the code {score:.2} of 10"));
    let text = match (rated, accepted, check.outcome) {
        (Some(_), false, Outcome::Passed) | (None, false, _) => return None,
        (Some(rated), false, _) => rated,
        (Some(rated), true, Outcome::Passed) => {
            format!("{rated}, which is enough: findings marked `accepted` do not count")
        }
        (Some(rated), true, _) => {
            format!("{rated}; findings marked `accepted` do not count")
        }
        (None, true, _) => format!("{tool} accepts the findings marked so; they do not count"),
    };
    Some(format!("{}: {text}\n", paint(style::STRONG, name)))
}

/// What hangs below a finding's first line.
const INDENT: &str = "    ";

/// A piece of text that is not broken.
struct Word {
    style: Style,
    text: String,
}

impl Word {
    fn new(style: Style, text: impl Into<String>) -> Self {
        Word { style, text: text.into() }
    }
}

/// Words with spaces between them, in lines no longer than `width` where the words allow it.
fn fold(words: &[Word], width: Option<usize>) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in words {
        let length = word.text.chars().count();
        if column > INDENT.len() && width.is_some_and(|width| column + 1 + length > width) {
            text += "\n";
            text += INDENT;
            column = INDENT.len();
        } else if column > 0 {
            text += " ";
            column += 1;
        }
        text += &paint(word.style, &word.text);
        column += length;
    }
    text + "\n"
}

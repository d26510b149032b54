//! Findings in the terminal report.
//!
//! A finding starts with its place, in the form that editors and terminals can open. The source line is
//! below.

use std::collections::BTreeSet;

use super::fold::{INDENT, Word, fold, hanging, prose};
use super::style::{self, paint};
use super::{Links, Options, snippet};
use crate::finding::{Finding, Place};
use crate::outcome::{CheckOutcome, Status};
use crate::report::reported::{ReportedFinding, reported};
use crate::report::{harmless, label};

/// The findings of checks in the order of their places, then of the checks.
pub(super) fn sorted(checks: &[CheckOutcome]) -> Vec<ReportedFinding<'_>> {
    let mut all = reported(checks);
    all.sort_by_key(|it| {
        let place = &it.finding.place;
        (place.path.as_str(), place.line, place.column)
    });
    all
}

/// Renders findings, grouped by file and line. The first finding of a rule links its documentation.
pub(super) fn listing(found: &[ReportedFinding<'_>], options: &Options<'_>) -> String {
    let mut shown = BTreeSet::new();
    let mut text = String::new();
    let same_line = |a: &ReportedFinding<'_>, b: &ReportedFinding<'_>| {
        let [a, b] = [&a.finding.place, &b.finding.place];
        (&a.path, a.line) == (&b.path, b.line)
    };
    for group in found.chunk_by(same_line) {
        if !text.is_empty() {
            text += "\n";
        }
        let mut meant = Vec::new();
        for it in group {
            let (finding, excerpts) = (it.finding, &it.check.excerpts);
            text += &entry(it, options, &mut shown);
            if finding.place.column.is_none() && finding.fix.is_some() {
                text += &snippet::change(finding, excerpts, options.width);
            } else {
                meant.push((finding, excerpts));
            }
        }
        if let Some((_, excerpts)) = meant.first() {
            let findings: Vec<&Finding> = meant.iter().map(|(finding, _)| *finding).collect();
            text += &snippet::marked(&findings, excerpts, options.width);
        }
    }
    text
}

/// Renders the remarks on checks.
pub(super) fn explanation(checks: &[CheckOutcome], width: Option<usize>) -> String {
    let mut remarks = String::new();
    for check in checks {
        for text in explain(check) {
            remarks += &remark(check, &text, width);
        }
    }
    remarks
}

/// Remarks on a check: pylint's score, the coverage of tests, and the findings that do not count.
#[must_use]
pub fn explain(check: &CheckOutcome) -> Vec<String> {
    [explain_score(check), describe_coverage(check)].into_iter().flatten().collect()
}

/// Renders a finding with its related places, fix and link.
fn entry<'a>(
    it: &ReportedFinding<'a>,
    options: &Options<'_>,
    shown: &mut BTreeSet<(&'a str, &'a str)>,
) -> String {
    let finding = it.finding;
    let message = harmless::text(&finding.message);
    let mut lines = message.trim().lines();
    let severity = label::severity(finding.severity);
    let mut words = vec![
        Word::new(style::STRONG, format!("{}:", place(&finding.place))),
        Word::new(style::of_severity(finding.severity), format!("{severity}:")),
    ];
    let text = lines.next().unwrap_or_default();
    words.extend(prose(text));
    let rule = tag(it);
    let link = match options.links {
        Links::Hidden => finding.url.as_deref(),
        Links::Written => None,
    };
    words.extend(rule.split(' ').map(|word| Word::linked(style::DIM, word, link)));
    let mut entry = fold(&words, options.width);
    let further = options.width.map(|width| width.saturating_sub(INDENT.len()));
    for line in lines.map(|line| hanging(line, further)) {
        line.lines().for_each(|line| entry += &format!("{INDENT}{line}\n"));
    }
    for related in &finding.related {
        entry += &format!("{INDENT}also at {}\n", span(related));
    }
    if let Some(fix) = finding.fix.as_ref().filter(|_| finding.place.column.is_some()) {
        let safety = if fix.safe { "" } else { " (may change behaviour)" };
        let label = paint(style::INFO, "fix:");
        entry += &format!("{INDENT}{label} {}{safety}\n", harmless::line(&fix.message));
    }
    if let (Links::Written, Some(url)) = (options.links, &finding.url)
        && shown.insert((it.check.id.check().as_str(), finding.code.as_str()))
    {
        let label = paint(style::INFO, "see:");
        entry += &format!("{INDENT}{label} {}\n", harmless::line(url));
    }
    entry
}

/// The rule in brackets, and whether the finding is accepted.
fn tag(it: &ReportedFinding<'_>) -> String {
    let accepted = if it.finding.gating { "" } else { ", accepted" };
    format!("[{}{accepted}]", harmless::line(&label::rule(&it.check_label(), it.finding)))
}

fn place(place: &Place) -> String {
    harmless::line(&label::place(place))
}

fn span(span: &Place) -> String {
    match span.end_line {
        Some(end) if end > span.line => {
            format!("{}-{end}", place(&Place { column: None, ..span.clone() }))
        }
        _ => place(span),
    }
}

/// Renders a remark on a check.
fn remark(check: &CheckOutcome, text: &str, width: Option<usize>) -> String {
    let mut words = vec![Word::new(style::STRONG, format!("{}:", check.id))];
    words.extend(prose(text));
    fold(&words, width)
}

/// Explains pylint's score, and the findings that do not count.
fn explain_score(check: &CheckOutcome) -> Option<String> {
    let tool = harmless::line(check.tool_label());
    let accepted = check.findings.iter().any(|finding| !finding.gating);
    let rated = check.score.map(|score| format!("{tool} rates the code {score:.2} of 10"));
    let text = match (rated, accepted, check.status) {
        (Some(_), false, Status::Passed) | (None, false, _) => return None,
        (Some(rated), false, Status::Findings) => format!(
            "{rated}: that is below its `fail-under`, or its `fail-on` names one of the findings"
        ),
        (Some(rated), false, _) => rated,
        (Some(rated), true, Status::Passed) => {
            format!("{rated}, which is enough: findings marked `accepted` do not count")
        }
        (Some(rated), true, _) => {
            format!("{rated}; findings marked `accepted` do not count")
        }
        (None, true, _) => {
            format!("{tool} itself accepts findings marked `accepted`; they do not count")
        }
    };
    Some(text)
}

/// The coverage of tests; one that is too low is a finding already.
fn describe_coverage(check: &CheckOutcome) -> Option<String> {
    let coverage = check.coverage.as_ref().filter(|coverage| !coverage.is_too_low())?;
    let needed = coverage.minimum.map(|minimum| format!("; it needs {minimum}%"));
    let needed = needed.unwrap_or_default();
    Some(format!("the tests cover {}% of the lines{needed}", coverage.rounded()))
}

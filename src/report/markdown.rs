//! A Markdown report for a comment on a merge request or the summary of a step.
//!
//! Shows the verdict, the checks, the worst findings, and the reasons of failures, within the size
//! limit of a comment. Text of sources and tools is escaped, so that it cannot become markup, a link or
//! a mention.

use std::borrow::Cow;

use super::count::Count;
use super::elapsed::Elapsed;
use super::json::Counts;
use super::reported::reported;
use super::review::ReviewFile;
use super::{Report, harmless, label};
use crate::finding::{Finding, Severity};
use crate::outcome::{CheckOutcome, Status, Verdict};

/// The size limit in bytes: a comment on GitHub can have 65,536 characters.
const LENGTH: usize = 60_000;

/// The size limit of a message, in characters.
const MESSAGE: usize = 1_000;

/// The number of changed files to review that are listed.
const REVIEWED: usize = 20;

/// The size limit of a log, in characters.
const LOG: usize = 4_000;

/// Renders the report in the Markdown of GitHub and GitLab.
#[must_use]
pub fn to_markdown(report: &Report) -> String {
    let mut text = format!("### cargo pipe: {}\n\n", verdict(report));
    text += "| check | outcome | findings | time |\n| --- | --- | --- | ---: |\n";
    for check in &report.checks {
        text += &row(&[
            code(check.id.as_str()),
            outcome(check.status).to_owned(),
            counts(check),
            Elapsed(check.duration).to_string(),
        ]);
    }
    for warning in super::warnings(report) {
        text += &format!("\nWarning: {}\n", code(&warning));
    }
    push_review(&mut text, report);
    for check in &report.checks {
        text += &failure(check);
    }
    push_findings(&mut text, report);
    text
}

fn verdict(report: &Report) -> &'static str {
    match report.verdict {
        Verdict::Passed => "passed",
        Verdict::Findings => "findings",
        Verdict::Config => "configuration error",
        Verdict::Error => "error",
        Verdict::Interrupted => "interrupted",
    }
}

fn outcome(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Findings => "**findings**",
        Status::Error => "**error**",
        Status::TimedOut => "**timed out**",
        Status::Cancelled => "cancelled",
        Status::Skipped => "skipped",
    }
}

/// The changed files that decide what checks report.
fn push_review(text: &mut String, report: &Report) {
    let Some(review) = report.review.as_ref().filter(|review| !review.files.is_empty()) else {
        return;
    };
    *text += "\nReview these changed files, which decide what checks report:\n\n";
    for ReviewFile { path, kind } in review.files.iter().take(REVIEWED) {
        *text += &format!("- {} ({})\n", code(&cut(path)), kind.name());
    }
    if review.files.len() > REVIEWED {
        *text += &format!("- and {} more\n", review.files.len() - REVIEWED);
    }
}

fn counts(check: &CheckOutcome) -> String {
    let Counts { error, warning, info } = Counts::of(&check.findings);
    let parts = [(error, "error"), (warning, "warning"), (info, "info")];
    let there = parts.iter().filter(|(number, _)| *number > 0);
    let there: Vec<String> = there.map(|(number, name)| format!("{number} {name}")).collect();
    there.join(", ")
}

/// The reason why a check could not run, with the output of its tool.
fn failure(check: &CheckOutcome) -> String {
    let Some(reason) = &check.reason else {
        return String::new();
    };
    let mut text = format!("\n{}: {}\n", code(check.id.as_str()), code(&reason.to_string()));
    let log = format!("{}{}", check.log.stdout, check.log.stderr);
    if !log.trim().is_empty() {
        let shown: String = log.chars().take(LOG).collect();
        let more = if shown.len() < log.len() { "&#10;…" } else { "" };
        text += &format!(
            "\n<details><summary>log</summary>\n\n<pre>{}{more}</pre>\n\n</details>\n",
            escaped(&shown).replace('\n', "&#10;")
        );
    }
    text
}

/// As many findings as fit: first those that count, then by severity.
fn push_findings(text: &mut String, report: &Report) {
    let mut all = reported(&report.checks);
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|it| (!it.finding.gating, it.finding.severity, &it.finding.place));
    *text += "\n| place | | finding | rule |\n| --- | --- | --- | --- |\n";
    for (shown, it) in all.iter().enumerate() {
        let finding = it.finding;
        let row = row(&[
            code(&label::place(&finding.place)),
            severity(finding).to_owned(),
            code(&cut(&finding.message)),
            code(&label::rule(&it.check_label(), finding)),
        ]);
        if text.len() + row.len() > LENGTH {
            let left = all.len() - shown;
            *text += &format!("\nand {} that did not fit here\n", Count(left, "finding"));
            return;
        }
        *text += &row;
    }
}

/// Shortens a message to the size limit.
fn cut(message: &str) -> Cow<'_, str> {
    match message.char_indices().nth(MESSAGE) {
        Some((end, _)) => Cow::Owned(format!("{}…", &message[..end])),
        None => Cow::Borrowed(message),
    }
}

fn severity(finding: &Finding) -> &'static str {
    match finding.severity {
        _ if !finding.gating => "accepted",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Renders untrusted text as code in one line.
fn code(foreign: &str) -> String {
    match harmless::line(foreign) {
        line if line.is_empty() => String::new(),
        line => format!("<code>{}</code>", escaped(&line)),
    }
}

/// Escapes every character that is special in Markdown or HTML as a character reference (<https://github.github.com/gfm/#entity-and-numeric-character-references>).
fn escaped(foreign: &str) -> String {
    let plain = |c: char| !c.is_ascii_punctuation() || matches!(c, '.' | ',' | '-' | '/' | '=');
    let mut text = String::with_capacity(foreign.len());
    for c in harmless::text(foreign).chars() {
        match c {
            c if plain(c) => text.push(c),
            c => text += &format!("&#{};", u32::from(c)),
        }
    }
    // GitHub turns bare host names into links.
    text.replace("www.", "www&#46;")
}

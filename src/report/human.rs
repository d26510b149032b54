//! The report in the terminal.
//!
//! Shows findings, then their rules, then failures with logs, then a table and the verdict. The text is
//! styled; the printer removes the styles where colours are switched off.

mod changes;
mod failures;
mod findings;
pub mod fold;
mod gate;
mod next;
mod plain;
mod review;
mod section;
mod snippet;
pub mod style;
mod summary;
mod table;
mod verdict;

use std::collections::BTreeSet;

use super::Report;
use crate::outcome::CheckOutcome;

pub use changes::{preview, preview_verdict};
pub use findings::explain;
pub use table::status_name;
pub use verdict::{describe as describe_verdict, line as verdict};

/// Options of the terminal report.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The terminal's width in columns; none to leave lines unwrapped.
    pub width: Option<usize>,
    /// The amount of detail.
    pub detail: Detail,
    /// The style of links to the documentation of rules.
    pub links: Links,
    /// The separation of the parts of checks.
    pub sections: Sections,
    /// The warnings that were already shown.
    pub shown: &'a BTreeSet<String>,
    /// The start of suggested commands, such as `cargo pipe -C demo`.
    pub typed: &'a [String],
    /// The files that contain the whole report.
    pub reports: &'a [String],
}

/// The amount of detail of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything.
    Full,
    /// Only the line of the verdict.
    Verdict,
}

/// The style of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Hyperlinks on the rules' names.
    Hidden,
    /// Plain URLs, each once.
    Written,
}

/// The sections of a CI log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sections {
    /// None: the findings of all checks are shown file by file.
    None,
    /// Groups of GitHub Actions.
    Github,
    /// Sections of a GitLab job.
    Gitlab {
        /// When the run ended, in seconds since 1970.
        ended: u64,
    },
}

/// A piece of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Styled text.
    Text(String),
    /// A line for a CI runner, which must not be changed.
    Command(String),
}

/// Renders the report as styled text. Each piece ends with a line feed.
#[must_use]
pub fn render(report: &Report, options: &Options<'_>) -> Vec<Piece> {
    let verdict = verdict(report, options.width);
    if options.detail == Detail::Verdict {
        return vec![Piece::Text(verdict)];
    }
    let listed = gate::listed(report);
    let mut pieces = match options.sections {
        Sections::None => vec![text([
            changes::listing(report),
            listing(&listed, options),
            findings::explanation(&listed, options.width),
            gate::render_gate(report, options.typed),
            review::render_review(report),
            plain::render_differences(&report.checks),
            warnings(report, options.shown, options.width),
            failures::listing(&report.checks, options.width),
        ])],
        _ => in_sections(report, &listed, options),
    };
    let end = [
        table::of(&report.checks, options.width),
        next::offer(&report.checks, options.typed),
        verdict,
    ];
    pieces.push(text(end));
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    separate(&mut pieces);
    pieces
}

/// The parts of the checks with output, in sections.
fn in_sections(report: &Report, listed: &[CheckOutcome], options: &Options<'_>) -> Vec<Piece> {
    let mut pieces = vec![text([
        changes::listing(report),
        gate::render_gate(report, options.typed),
        review::render_review(report),
        plain::render_differences(&report.checks),
        warnings(report, options.shown, options.width),
    ])];
    for (check, listed) in report.checks.iter().zip(listed) {
        let (whole, part) = (std::slice::from_ref(check), std::slice::from_ref(listed));
        let parts = [
            listing(part, options),
            findings::explanation(part, options.width),
            failures::listing(whole, options.width),
        ];
        let title = format!("{}: {}", check.id, status_name(check.status));
        match (text(parts), section::around(check, &title, options.sections)) {
            (Piece::Text(part), _) if part.is_empty() => {}
            (part, Some([begin, end])) => {
                pieces.extend([Piece::Command(begin), part, Piece::Command(end)]);
            }
            (part, None) => pieces.push(part),
        }
    }
    pieces
}

/// All findings, or, if there are too many, a summary and the worst ones.
fn listing(checks: &[CheckOutcome], options: &Options<'_>) -> String {
    let (summary, shown) = summary::choose(findings::sorted(checks), options);
    joined([summary, findings::listing(&shown, options)])
}

fn text(parts: impl IntoIterator<Item = String>) -> Piece {
    Piece::Text(joined(parts))
}

/// Joins parts with blank lines between them.
fn joined(parts: impl IntoIterator<Item = String>) -> String {
    let shown: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    shown.join("\n")
}

/// Adds a blank line between two texts.
fn separate(pieces: &mut [Piece]) {
    let last = pieces.len().saturating_sub(1);
    for index in 0..last {
        if let [Piece::Text(text), Piece::Text(_)] = &mut pieces[index..=index + 1] {
            text.push('\n');
        }
    }
}

/// Warnings that were not shown yet.
#[must_use]
pub fn warnings(report: &Report, shown: &BTreeSet<String>, width: Option<usize>) -> String {
    render_warnings(&super::warnings(report), shown, width)
}

fn render_warnings(warnings: &[String], shown: &BTreeSet<String>, width: Option<usize>) -> String {
    warnings
        .iter()
        .filter(|warning| !shown.contains(*warning))
        .map(|warning| fold::labelled((style::WARNING, "warning:"), warning, width))
        .collect()
}

#[cfg(test)]
mod tests;

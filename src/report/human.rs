//! A report for a person.
//!
//! Owns the order in which a person is told things: findings, then what they mean, then failures
//! with their logs, last a table and the verdict. It must not decide or count anything that the
//! report does not hold, and must not know the terminal: it makes styled text, which the printer
//! strips where no colour is wanted.

mod changes;
mod failures;
mod findings;
pub mod fold;
mod gate;
mod next;
mod plain;
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
pub use table::status_name;
pub use verdict::line as verdict;

/// How much a person wants to read, and where.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The terminal's width in columns; none where lines are not to be folded.
    pub width: Option<usize>,
    /// How much is shown.
    pub detail: Detail,
    /// How a rule's documentation is linked.
    pub links: Links,
    /// How the part of each check is set apart.
    pub sections: Sections,
    /// The warnings that the person has read already.
    pub told: &'a BTreeSet<String>,
    /// The words that commands begin with which are offered, such as `cargo pipe -C demo`.
    pub typed: &'a [String],
    /// The files that hold the whole report.
    pub reports: &'a [String],
}

/// How much of a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything.
    Full,
    /// The verdict's line alone.
    Verdict,
}

/// How links are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Behind the rule's name: a terminal opens them.
    Hidden,
    /// Written out, each once.
    Written,
}

/// What sets the parts of a log apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sections {
    /// Nothing: findings of all checks are told file by file.
    None,
    /// Groups of GitHub Actions.
    Github,
    /// Sections of a GitLab job.
    Gitlab {
        /// When the run ended, in seconds since 1970.
        ended: u64,
    },
}

/// A piece of what is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Styled text for a person.
    Text(String),
    /// A line for a CI runner, which must reach it as it is.
    Command(String),
}

/// The report as styled text, each piece with a line feed at the end.
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
            gate::told(report, options.typed),
            plain::told(&report.checks),
            warnings(report, options.told, options.width),
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

/// The part of each check that has something to say, set apart from the others.
fn in_sections(report: &Report, listed: &[CheckOutcome], options: &Options<'_>) -> Vec<Piece> {
    let mut pieces = vec![text([
        changes::listing(report),
        gate::told(report, options.typed),
        plain::told(&report.checks),
        warnings(report, options.told, options.width),
    ])];
    for (check, listed) in report.checks.iter().zip(listed) {
        let (whole, part) = (std::slice::from_ref(check), std::slice::from_ref(listed));
        let parts = [
            listing(part, options),
            findings::explanation(part, options.width),
            failures::listing(whole, options.width),
        ];
        let title = format!("{}: {}", check.name, status_name(check.status));
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

/// Findings, or where there are too many what they are about and the worst of them.
fn listing(checks: &[CheckOutcome], options: &Options<'_>) -> String {
    let (summary, shown) = summary::choose(findings::sorted(checks), options);
    joined([summary, findings::listing(&shown, options)])
}

fn text(parts: impl IntoIterator<Item = String>) -> Piece {
    Piece::Text(joined(parts))
}

/// Parts with blank lines between them.
fn joined(parts: impl IntoIterator<Item = String>) -> String {
    let told: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    told.join("\n")
}

/// Puts a blank line between two texts.
fn separate(pieces: &mut [Piece]) {
    let last = pieces.len().saturating_sub(1);
    for index in 0..last {
        if let [Piece::Text(text), Piece::Text(_)] = &mut pieces[index..=index + 1] {
            text.push('\n');
        }
    }
}

/// Warnings that nobody has read yet.
#[must_use]
pub fn warnings(report: &Report, told: &BTreeSet<String>, width: Option<usize>) -> String {
    told_warnings(&super::warnings(report), told, width)
}

fn told_warnings(warnings: &[String], told: &BTreeSet<String>, width: Option<usize>) -> String {
    warnings
        .iter()
        .filter(|warning| !told.contains(*warning))
        .map(|warning| fold::labelled((style::WARNING, "warning:"), warning, width))
        .collect()
}

#[cfg(test)]
mod tests;

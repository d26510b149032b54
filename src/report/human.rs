//! A report for a person.
//!
//! Owns the order in which a person is told things: findings, then what they mean, then failures
//! with their logs, last a table and the verdict. It must not decide or count anything that the
//! report does not hold, and must not know the terminal: it makes styled text, which the printer
//! strips where no colour is wanted.

mod changes;
mod failures;
mod findings;
mod gate;
mod inside;
pub mod style;
mod table;
mod verdict;

use std::collections::BTreeSet;

use super::{Report, harmless};

pub use changes::{preview, preview_verdict};

/// How much a person wants to read, and where.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The terminal's width in columns; none where lines are not to be folded.
    pub width: Option<usize>,
    /// How much is shown.
    pub detail: Detail,
    /// The warnings that the person has read already.
    pub told: &'a BTreeSet<String>,
    /// The words that commands begin with which are offered, such as `cargo pipe -C demo`.
    pub typed: &'a [String],
}

/// How much of a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything.
    Full,
    /// The verdict's line alone.
    Verdict,
}

/// The report as styled text with a line feed at the end.
#[must_use]
pub fn render(report: &Report, options: &Options<'_>) -> String {
    let verdict = verdict::line(report, options.width);
    if options.detail == Detail::Verdict {
        return verdict;
    }
    let listed = gate::listed(report);
    let sections = [
        changes::listing(report),
        findings::listing(&listed, options.width),
        findings::explanation(&listed),
        gate::told(report, options.typed),
        warnings(report, options.told),
        failures::listing(&report.checks),
        table::of(&report.checks, options.width),
        inside::offer(&report.checks, options.typed),
        verdict,
    ];
    let told: Vec<String> = sections.into_iter().filter(|section| !section.is_empty()).collect();
    told.join("\n")
}

/// Warnings that nobody has read yet.
fn warnings(report: &Report, told: &BTreeSet<String>) -> String {
    told_warnings(&super::warnings(report), told)
}

fn told_warnings(warnings: &[String], told: &BTreeSet<String>) -> String {
    warnings
        .iter()
        .filter(|warning| !told.contains(*warning))
        .map(|warning| {
            let label = style::paint(style::WARNING, "warning:");
            format!("{label} {}\n", harmless::text(warning))
        })
        .collect()
}

#[cfg(test)]
mod tests;

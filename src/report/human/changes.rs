//! What fixes changed, or would change.
//!
//! Owns how that reads. It must not know how files are fixed: the report names them. Its text
//! stands before the findings, which are those that remain.

use std::collections::BTreeSet;

use super::style::{self, paint};
use super::told_warnings;
use crate::outcome::Verdict;
use crate::report::count::Count;
use crate::report::{Preview, Report, harmless};

/// The files that were changed, one a line.
pub(super) fn listing(report: &Report) -> String {
    let files = &report.changed_files;
    if files.is_empty() {
        return String::new();
    }
    let files: String =
        files.iter().map(|file| format!("    {}\n", harmless::line(file))).collect();
    format!("{} {}:\n{files}", paint(style::INFO, "changed"), number(report.changed_files.len()))
}

/// How many files that are.
pub(super) fn number(files: usize) -> String {
    Count(files, "file").to_string()
}

/// What there is to say of a preview besides the difference, its verdict last.
#[must_use]
pub fn preview(preview: &Preview, told: &BTreeSet<String>, width: Option<usize>) -> String {
    let failures = preview.failures.iter().map(|(check, reason)| {
        let (name, label) = (paint(style::STRONG, check), paint(style::ERROR, "error:"));
        format!("{name}: {label} {}\n", harmless::text(reason.to_string().trim_end()))
    });
    let failures: String = failures.collect();
    told_warnings(&preview.warnings, told, width) + &failures + &preview_verdict(preview)
}

/// The last line of a preview.
#[must_use]
pub fn preview_verdict(preview: &Preview) -> String {
    let would = match preview.files.len() {
        0 => "no file would be changed".to_owned(),
        files => format!("{} would be changed", number(files)),
    };
    let fixers = Count(preview.failures.len(), "fixer");
    let (label, text) = match preview.verdict {
        Verdict::Passed => ("passed", would),
        Verdict::Findings => ("findings", would),
        Verdict::Config => ("configuration error", format!("{fixers} could not do the work")),
        Verdict::Error => ("error", format!("{fixers} could not do the work, {would}")),
        Verdict::Interrupted => ("interrupted", "nothing is known".to_owned()),
    };
    format!("{} {text}\n", paint(style::of_verdict(preview.verdict), format!("{label}:")))
}

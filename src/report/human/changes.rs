//! The changes of fixes in the terminal report, above the remaining findings, and the preview.

use std::collections::BTreeSet;

use super::render_warnings;
use super::style::{self, paint};
use crate::outcome::Verdict;
use crate::report::count::Count;
use crate::report::{Preview, Report, harmless};

/// The changed files, one a line.
pub(super) fn listing(report: &Report) -> String {
    let files = &report.changed_files;
    if files.is_empty() {
        return String::new();
    }
    let files: String =
        files.iter().map(|file| format!("    {}\n", harmless::line(file))).collect();
    format!("{} {}:\n{files}", paint(style::INFO, "changed"), number(report.changed_files.len()))
}

/// The number of files with its noun.
pub(super) fn number(files: usize) -> String {
    Count(files, "file").to_string()
}

/// Renders a preview without its diff, with the verdict last.
#[must_use]
pub fn preview(preview: &Preview, shown: &BTreeSet<String>, width: Option<usize>) -> String {
    let failures = preview.failures.iter().map(|(check, reason)| {
        let (name, label) = (paint(style::STRONG, check), paint(style::ERROR, "error:"));
        format!("{name}: {label} {}\n", harmless::text(reason.to_string().trim_end()))
    });
    let failures: String = failures.collect();
    render_warnings(&preview.warnings, shown, width) + &failures + &preview_verdict(preview)
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
        Verdict::Config => ("configuration error", format!("{fixers} failed")),
        Verdict::Error => ("error", format!("{fixers} failed, {would}")),
        Verdict::Interrupted => ("interrupted", "no result".to_owned()),
    };
    format!("{} {text}\n", paint(style::of_verdict(preview.verdict), format!("{label}:")))
}

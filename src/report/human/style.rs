//! The styles of the terminal report.
//!
//! The printer removes them where colours are switched off.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use crate::finding::Severity;
use crate::outcome::{Status, Verdict};

/// Errors.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Warnings.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Information.
pub const INFO: Style = AnsiColor::Cyan.on_default();
/// Success.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Details.
pub const DIM: Style = Style::new().dimmed();
/// Emphasis.
pub const STRONG: Style = Style::new().bold();

/// Styles a text.
#[must_use]
pub fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The style of a severity.
#[must_use]
pub fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Error => ERROR,
        Severity::Warning => WARNING,
        Severity::Info => INFO,
    }
}

/// The style of a status.
#[must_use]
pub fn of_status(status: Status) -> Style {
    match status {
        Status::Passed => GOOD,
        Status::Findings | Status::Error | Status::TimedOut => ERROR,
        Status::Cancelled | Status::Skipped => WARNING,
    }
}

/// The style of a verdict.
#[must_use]
pub fn of_verdict(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Passed => GOOD,
        Verdict::Findings | Verdict::Config | Verdict::Error => ERROR,
        Verdict::Interrupted => WARNING,
    }
}

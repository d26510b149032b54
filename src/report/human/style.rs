//! The colours a person sees.
//!
//! Owns which meaning has which style. It must not know where styled text goes: the printer
//! strips it where no colour is wanted.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use crate::finding::Severity;
use crate::outcome::{Status, Verdict};

/// Something is wrong.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Something is likely to be wrong.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Something to know.
pub const INFO: Style = AnsiColor::Cyan.on_default();
/// All is well.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What may be skipped while reading.
pub const DIM: Style = Style::new().dimmed();
/// What should be read first.
pub const STRONG: Style = Style::new().bold();

/// The text in a style.
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

/// The style of an outcome.
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

//! The verdict, which is the last line of the terminal report, and its only line with `--quiet`.

use super::changes;
use super::style::{self, paint};
use crate::outcome::{CacheUse, CheckOutcome, Status, Verdict};
use crate::report::Report;
use crate::report::count::Count;
use crate::report::reported::reported;

/// Renders the verdict, and the fingerprint if every check has one.
#[must_use]
pub fn line(report: &Report, width: Option<usize>) -> String {
    let (label, mut text) = describe(report);
    if !report.changed_files.is_empty() {
        text += &format!(", {} changed", changes::number(report.changed_files.len()));
    }
    let known = report.checks.iter().all(|check| check.inputs.is_some());
    let fingerprint = (known && !report.checks.is_empty())
        .then(|| format!("fingerprint {}", report.fingerprint().short()));
    let length = label.chars().count() + 2 + text.chars().count();
    let painted = paint(style::of_verdict(report.verdict), format!("{label}:"));
    match fingerprint {
        None => format!("{painted} {text}\n"),
        Some(fingerprint) => {
            let fits = width.is_none_or(|width| length + 2 + fingerprint.len() <= width);
            let gap = if fits { "  " } else { "\n" };
            format!("{painted} {text}{gap}{}\n", paint(style::DIM, fingerprint))
        }
    }
}

/// Describes the verdict: its name, and what led to it.
#[must_use]
pub fn describe(report: &Report) -> (&'static str, String) {
    let checks = &report.checks;
    let of_all = |some: usize| format!("{some} of {}", Count(checks.len(), "check"));
    match report.verdict {
        Verdict::Passed => ("passed", passed(checks)),
        Verdict::Findings => {
            let gating = reported(checks).iter().filter(|it| it.finding.gating).count();
            let failing = number(checks, |check| check.status == Status::Findings);
            let text = format!("{} did not pass", of_all(failing));
            match gating {
                0 => ("findings", text),
                _ => ("findings", format!("{}, {text}", Count(gating, "finding"))),
            }
        }
        Verdict::Config => ("configuration error", undone(checks, &of_all)),
        Verdict::Error => ("error", undone(checks, &of_all)),
        Verdict::Interrupted => {
            let ended = number(checks, |check| check.status != Status::Cancelled);
            ("interrupted", format!("{} ended", of_all(ended)))
        }
    }
}

fn passed(checks: &[CheckOutcome]) -> String {
    let mut text = Count(checks.len(), "check").to_string();
    let hits = number(checks, |check| check.cache == CacheUse::Hit);
    let skipped = number(checks, |check| check.status == Status::Skipped);
    if hits > 0 {
        text += &format!(", {hits} from the cache");
    }
    if skipped > 0 {
        text += &format!(", {skipped} skipped");
    }
    text
}

fn undone(checks: &[CheckOutcome], of_all: &dyn Fn(usize) -> String) -> String {
    let undone = number(checks, |check| matches!(check.status, Status::Error | Status::TimedOut));
    format!("{} could not run", of_all(undone))
}

fn number(checks: &[CheckOutcome], matches: impl Fn(&CheckOutcome) -> bool) -> usize {
    checks.iter().filter(|check| matches(check)).count()
}

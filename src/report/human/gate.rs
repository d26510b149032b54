//! What kept findings from counting.
//!
//! Owns how a baseline and changed lines are told to a person: by numbers, because on the first day
//! of an old code base a list of what is accepted would hide what is new. It must not decide what
//! counts; findings carry that. The reports of other formats list all of them.

use std::borrow::Cow;

use super::style::{self, paint};
use crate::gate::baseline::BaselineEntry;
use crate::gate::{Accepted, Outside};
use crate::outcome::CheckOutcome;
use crate::report::count::Count;
use crate::report::{Report, harmless};

/// How many entries that are gone are listed.
const LISTED: usize = 10;

/// How many digits of a commit are shown.
const DIGITS: usize = 12;

/// The checks with those findings that are listed one by one.
pub(super) fn listed(report: &Report) -> Cow<'_, [CheckOutcome]> {
    if report.gate.is_none() {
        return Cow::Borrowed(&report.checks);
    }
    let mut checks = report.checks.clone();
    for check in &mut checks {
        check.findings.retain(|finding| finding.gating);
    }
    Cow::Owned(checks)
}

/// What does not count, and what to do about entries that are gone.
pub(super) fn told(report: &Report, typed: &[String]) -> String {
    let Some(gate) = &report.gate else { return String::new() };
    let baseline = gate.baseline.as_ref().map(|it| accepted(it, typed));
    let changed = gate.changed.as_ref().map(outside);
    baseline.into_iter().chain(changed).collect()
}

fn accepted(baseline: &Accepted, typed: &[String]) -> String {
    let file = harmless::line(baseline.file.as_str());
    let label = paint(style::STRONG, "baseline");
    let mut text = format!("{label}: {} accepted by {file}\n", Count(baseline.accepted, "finding"));
    let gone = baseline.gone.len();
    if gone == 0 {
        return text;
    }
    let entries = match gone {
        1 => "1 entry of it is gone".to_owned(),
        gone => format!("{gone} entries of it are gone"),
    };
    text += &format!("{entries}; `{} baseline` takes it up to date\n", typed.join(" "));
    for entry in baseline.gone.iter().take(LISTED) {
        let BaselineEntry { path, check, code, message, .. } = entry;
        let message = message.lines().next().unwrap_or_default();
        text +=
            &format!("    {}\n", harmless::line(&format!("{path}: {message} [{check} {code}]")));
    }
    if gone > LISTED {
        text += &format!("    and {} more\n", gone - LISTED);
    }
    text
}

fn outside(changed: &Outside) -> String {
    let Outside { base, findings } = changed;
    let commit: String = base.commit.chars().take(DIGITS).collect();
    let name = harmless::line(&base.name);
    let label = paint(style::STRONG, "changed");
    format!(
        "{label}: {} in lines that are as they were at {name} ({commit})\n",
        Count(*findings, "finding")
    )
}

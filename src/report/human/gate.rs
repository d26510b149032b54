//! The baseline and changed lines in the terminal report.
//!
//! Accepted findings are only counted here, because a long list would hide the new findings. Reports in
//! other formats list them.

use std::borrow::Cow;

use super::style::{self, paint};
use crate::gate::baseline::BaselineEntry;
use crate::gate::{Accepted, CompareBase, Outside};
use crate::outcome::CheckOutcome;
use crate::report::count::Count;
use crate::report::{Report, harmless};

/// The number of obsolete baseline entries that are listed.
const LISTED: usize = 10;

/// The number of digits of a commit that are shown.
const DIGITS: usize = 12;

/// The checks, with only the findings that are listed one by one.
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

/// Renders what does not count, and obsolete entries of the baseline.
pub(super) fn render_gate(report: &Report, typed: &[String]) -> String {
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
        1 => "1 entry is obsolete".to_owned(),
        gone => format!("{gone} entries are obsolete"),
    };
    let failure = if baseline.strict { ", which `--strict` does not allow" } else { "" };
    let typed = typed.join(" ");
    text += &format!(
        "{entries}{failure}; run `{typed} baseline --prune` to remove {}\n",
        if gone == 1 { "it" } else { "them" }
    );
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
    let label = paint(style::STRONG, "changed");
    format!(
        "{label}: {} on lines that did not change since {}\n",
        Count(*findings, "finding"),
        describe_base(base)
    )
}

/// The name of a commit and the start of its hash.
pub(super) fn describe_base(base: &CompareBase) -> String {
    let commit: String = base.commit.chars().take(DIGITS).collect();
    let name = harmless::line(&base.name);
    format!("{name} ({commit})")
}

//! Suggested commands after checks that did not pass: to run them again, to fix findings, and to open a
//! shell in a container. Each can be typed as shown.

use super::style::{self, paint};
use crate::outcome::{CheckOutcome, ReasonKind, Status};
use crate::report::count::Count;
use crate::report::harmless;

/// Renders the commands, one a line; empty if there is nothing to do.
pub(super) fn offer(checks: &[CheckOutcome], typed: &[String]) -> String {
    let command = |words: &[&str]| -> String {
        let words = typed.iter().map(String::as_str).chain(words.iter().copied());
        let words: Vec<String> = words.map(quoted).collect();
        words.join(" ")
    };
    let mut rows: Vec<(&str, String)> = Vec::new();
    // A check that did not start has its own hint.
    let failed = |check: &&CheckOutcome| {
        let outcome = check.status;
        check.inputs.is_some()
            && matches!(outcome, Status::Findings | Status::Error | Status::TimedOut)
    };
    for (index, check) in checks.iter().filter(failed).enumerate() {
        let label = if index == 0 { "run again:" } else { "" };
        rows.push((label, command(&["run", check.id.as_str()])));
    }
    let fixable = |check: &CheckOutcome| {
        check
            .findings
            .iter()
            .filter(|finding| finding.fix.as_ref().is_some_and(|fix| fix.safe))
            .count()
    };
    let fixers: Vec<&CheckOutcome> = checks.iter().filter(|check| fixable(check) > 0).collect();
    if !fixers.is_empty() {
        let count = Count(fixers.iter().map(|check| fixable(check)).sum(), "finding");
        let mut words = vec!["run"];
        words.extend(fixers.iter().map(|check| check.id.as_str()));
        words.push("--fix");
        rows.push(("fix:", format!("{}  ({count})", command(&words))));
    }
    let inside: Vec<&str> =
        checks.iter().filter(|check| has_an_inside(check)).map(|check| check.id.as_str()).collect();
    if let Some((first, others)) = inside.split_first() {
        let others = match others {
            [] => String::new(),
            others => format!(" (or {})", others.join(", ")),
        };
        rows.push(("look inside:", command(&["bash", first]) + &others));
    }
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let row = |(label, command): &(&str, String)| {
        format!("{} {command}\n", paint(style::INFO, format!("{label:width$}")))
    };
    rows.iter().map(row).collect()
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    let word = harmless::line(word);
    shlex::try_quote(&word).map_or_else(|_| word.clone(), |quoted| quoted.to_string())
}

/// Whether the check ran in a container, and a shell there can explain its result.
fn has_an_inside(check: &CheckOutcome) -> bool {
    let kind = check.reason.as_ref().map(|reason| reason.kind);
    check.inputs.is_some()
        && match check.status {
            Status::Findings | Status::TimedOut => true,
            Status::Error => matches!(kind, Some(ReasonKind::Tool | ReasonKind::Config)),
            _ => false,
        }
}

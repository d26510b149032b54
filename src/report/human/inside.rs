//! The way into the container of a check that did not pass.
//!
//! Owns which checks a look inside can help with, and that one line is said of all of them: it can
//! be typed as it stands, for the first one. It must not know how a container is entered.

use super::style::{self, paint};
use crate::outcome::{CheckOutcome, Outcome, ReasonKind};
use crate::report::harmless;

/// The line that gets a person in there; nothing where there is nothing to see.
pub(super) fn offer(checks: &[CheckOutcome], typed: &[String]) -> String {
    let mut names =
        checks.iter().filter(|check| has_an_inside(check)).map(|check| check.name.as_str());
    let Some(first) = names.next() else {
        return String::new();
    };
    let words = typed.iter().map(|word| {
        let word = harmless::line(word);
        shlex::try_quote(&word).map_or_else(|_| word.to_string(), |quoted| quoted.to_string())
    });
    let command: Vec<String> = words.chain(["bash".to_owned(), first.to_owned()]).collect();
    let others: Vec<&str> = names.collect();
    let others = match others.as_slice() {
        [] => String::new(),
        others => format!(" (or {})", others.join(", ")),
    };
    let label = paint(style::INFO, "look inside:");
    format!("{label} {}{others}\n", command.join(" "))
}

/// Whether the check ran in a container, and ended there in a way that another look can explain.
fn has_an_inside(check: &CheckOutcome) -> bool {
    let kind = check.reason.as_ref().map(|reason| reason.kind);
    check.inputs.is_some()
        && match check.outcome {
            Outcome::Findings | Outcome::TimedOut => true,
            Outcome::Error => matches!(kind, Some(ReasonKind::Tool | ReasonKind::Config)),
            _ => false,
        }
}

//! Judges the exit status of a user's own command.
//!
//! 0 means passed, the check's `findings-exit` means findings, and any other number is an error. The
//! output is not parsed; it is in the log.

use std::collections::BTreeSet;

use crate::outcome::{Classified, RawOutput, Reason, ReasonKind, ToolStatus};

/// Judges a command's exit status.
#[must_use]
pub fn classify(output: &RawOutput, findings_exit: &BTreeSet<i32>) -> Classified {
    let status = match output.code {
        0 => ToolStatus::Passed,
        code if findings_exit.contains(&code) => ToolStatus::Findings,
        code => ToolStatus::Failed(unexpected_status(code, findings_exit)),
    };
    Classified { status, findings: Vec::new(), warnings: Vec::new(), score: None }
}

fn unexpected_status(code: i32, findings_exit: &BTreeSet<i32>) -> Reason {
    let known: Vec<String> = findings_exit.iter().map(ToString::to_string).collect();
    let message = format!("the command failed with exit status {code}");
    let hint = format!(
        "0 means passed and {} means findings; set `findings-exit` to accept other numbers",
        known.join(" or ")
    );
    Reason::new(ReasonKind::Tool, message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_numbers_that_are_named_mean_findings() {
        let status = |code| {
            let output = RawOutput { code, ..RawOutput::default() };
            classify(&output, &BTreeSet::from([1, 65])).status
        };
        assert_eq!(status(0), ToolStatus::Passed);
        assert_eq!(status(65), ToolStatus::Findings);
        for code in [2, 64, 127, 137, -1] {
            assert!(matches!(status(code), ToolStatus::Failed(_)), "{code}");
        }
    }
}

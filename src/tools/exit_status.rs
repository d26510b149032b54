//! The ways in which a tool can end that mean the same for every tool.
//!
//! These are the [`Classified`] values that the tools share, and the exit statuses that a shell or a
//! signal sets.

use crate::finding::Finding;
use crate::outcome::{Classified, RawOutput, Reason, ReasonKind, ToolStatus};
use crate::tools::parse::inside;

/// The message of the system for a process that has reached its limit of open files.
const TOO_MANY_FILES: &str = "Too many open files";

/// The words of a program in Rust that ends because of an error of its own.
const PANIC: &str = "panicked at";

/// The tool could not finish.
pub(super) fn failed(kind: ReasonKind, message: impl Into<String>) -> Classified {
    Classified {
        status: ToolStatus::Failed(Reason::new(kind, message)),
        findings: Vec::new(),
        warnings: Vec::new(),
        score: None,
        session: None,
    }
}

/// The tool found no files, which is never a success.
pub(super) fn nothing_to_check(tool: &str) -> Classified {
    failed(ReasonKind::Tool, format!("nothing to check: {tool} found no Python files"))
}

/// The warnings of the worker that keeps a tool to the scope of its configuration.
pub(super) fn scope_warnings(stderr: &str) -> Vec<String> {
    let warnings = stderr.lines().filter_map(|line| line.strip_prefix(SCOPE_WARNING));
    warnings.map(str::to_owned).collect()
}

/// The start of such a warning.
pub(super) const SCOPE_WARNING: &str = "cargo-pipe: ";

/// The tool finished and does not accept the sources.
pub(super) fn rejected(findings: Vec<Finding>) -> Classified {
    let status = ToolStatus::Findings;
    Classified { status, findings, warnings: Vec::new(), score: None, session: None }
}

/// The tool finished and accepts the sources; its findings do not count.
pub(super) fn accepted(mut findings: Vec<Finding>) -> Classified {
    for finding in &mut findings {
        finding.gating = false;
    }
    Classified { status: ToolStatus::Passed, ..rejected(findings) }
}

/// The tool ended in a way that its authors did not intend.
pub(super) fn crashed(tool: &str, output: &RawOutput) -> Classified {
    let stderr = text(&output.stderr);
    let mut lines = stderr.lines().filter(|line| !line.trim().is_empty());
    // Advice follows an internal error; the last line of a traceback has the error.
    let why = lines
        .clone()
        .find(|line| line.contains("INTERNAL ERROR") || line.contains(PANIC))
        .or_else(|| lines.next_back())
        .map(|line| format!(": {}", line.trim()))
        .unwrap_or_default();
    failed(ReasonKind::Tool, format!("{tool} failed with exit status {}{why}", output.code))
}

/// Whether a program in Rust ended because of an error of its own.
pub(super) fn has_panicked(output: &RawOutput) -> bool {
    output.code != 0 && String::from_utf8_lossy(&output.stderr).contains(PANIC)
}

/// The output of the tool has lines of an unknown format, so that its exit status cannot be trusted.
pub(super) fn unreadable(tool: &str, unread: Vec<String>, findings: Vec<Finding>) -> Classified {
    Classified {
        warnings: unread,
        findings,
        ..failed(ReasonKind::Tool, format!("cannot parse the output of {tool}"))
    }
}

/// Judges an exit status that a shell or a signal sets, whatever the tool.
pub(super) fn abnormal(tool: &str, output: &RawOutput) -> Option<Classified> {
    if output.code != 0 && String::from_utf8_lossy(&output.stderr).contains(TOO_MANY_FILES) {
        let message =
            format!("{tool} reached the limit of open files (exit status {})", output.code);
        let reason = Reason::new(ReasonKind::Environment, message)
            .with_hint("raise the limit of open files: `ulimit -n 1024`".to_owned());
        return Some(Classified { status: ToolStatus::Failed(reason), ..accepted(Vec::new()) });
    }
    let (kind, message) = match output.code {
        126 => (ReasonKind::Environment, format!("{tool} cannot be executed in its environment")),
        127 => (ReasonKind::Environment, format!("{tool} is not installed in its environment")),
        137 => (
            ReasonKind::Tool,
            format!("{tool} was killed (exit status 137), probably out of memory"),
        ),
        code if code > 128 => {
            (ReasonKind::Tool, format!("{tool} was killed by signal {}", code - 128))
        }
        code if code < 0 => {
            (ReasonKind::Tool, format!("{tool} ended with the unexpected exit status {code}"))
        }
        _ => return None,
    };
    Some(failed(kind, message))
}

/// A stream as text, without paths of the container.
pub(super) fn text(stream: &[u8]) -> String {
    inside::strip(&String::from_utf8_lossy(stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_open_files_is_an_error_of_the_environment() {
        let stderr = b"mypy: can't read file 'src/main.py': Too many open files\n".to_vec();
        let output = RawOutput { code: 2, stdout: Vec::new(), stderr };
        let ToolStatus::Failed(reason) = abnormal("mypy", &output).unwrap().status else {
            panic!("it has not failed");
        };
        assert_eq!(reason.kind, ReasonKind::Environment);
        assert!(reason.hint.unwrap().contains("ulimit -n"));
    }
}

//! How a tool can end, apart from what only it means by a number.
//!
//! Owns the [`Classified`] values that every tool needs and the exit statuses that are nobody's
//! own: those of a shell that finds no program, and of a signal. Must not know any tool's words.
//! The tools' `classify` hand its values to the run.

use crate::finding::Finding;
use crate::outcome::{Classified, RawOutput, Reason, ReasonKind, ToolStatus};
use crate::tools::parse::inside;

/// The tool could not do its work.
pub(super) fn failed(kind: ReasonKind, message: impl Into<String>) -> Classified {
    Classified {
        status: ToolStatus::Failed(Reason::new(kind, message)),
        findings: Vec::new(),
        warnings: Vec::new(),
        score: None,
    }
}

/// The tool saw nothing to check, which is never a success.
pub(super) fn nothing_to_check(tool: &str) -> Classified {
    failed(ReasonKind::Tool, format!("nothing to check: {tool} found no Python files"))
}

/// The tool did its work and does not accept the sources.
pub(super) fn rejected(findings: Vec<Finding>) -> Classified {
    Classified { status: ToolStatus::Findings, findings, warnings: Vec::new(), score: None }
}

/// The tool did its work and accepts the sources, with whatever it found all the same.
pub(super) fn accepted(mut findings: Vec<Finding>) -> Classified {
    for finding in &mut findings {
        finding.gating = false;
    }
    Classified { status: ToolStatus::Passed, ..rejected(findings) }
}

/// The tool ended in a way that its authors did not mean.
pub(super) fn crashed(tool: &str, output: &RawOutput) -> Classified {
    let stderr = text(&output.stderr);
    let mut lines = stderr.lines().filter(|line| !line.trim().is_empty());
    // What follows an internal error is advice; a traceback says it in its last line.
    let why = lines
        .clone()
        .find(|line| line.contains("INTERNAL ERROR"))
        .or_else(|| lines.next_back())
        .map(|line| format!(": {}", line.trim()))
        .unwrap_or_default();
    failed(ReasonKind::Tool, format!("{tool} ended with exit status {}{why}", output.code))
}

/// The tool spoke in a way that nobody understands: not a verdict, whatever its exit status.
pub(super) fn unreadable(tool: &str, unread: Vec<String>, findings: Vec<Finding>) -> Classified {
    Classified {
        warnings: unread,
        findings,
        ..failed(ReasonKind::Tool, format!("{tool} wrote what cargo pipe does not understand"))
    }
}

/// What an exit status means that no tool chooses for itself.
pub(super) fn abnormal(tool: &str, output: &RawOutput) -> Option<Classified> {
    let (kind, message) = match output.code {
        126 => (ReasonKind::Environment, format!("{tool} cannot be executed in its environment")),
        127 => (ReasonKind::Environment, format!("{tool} is not in its environment")),
        137 => (
            ReasonKind::Tool,
            format!("{tool} was killed, most likely because the memory did not suffice"),
        ),
        code if code > 128 => {
            (ReasonKind::Tool, format!("{tool} was ended by signal {}", code - 128))
        }
        code if code < 0 => {
            (ReasonKind::Tool, format!("{tool} ended with the odd exit status {code}"))
        }
        _ => return None,
    };
    Some(failed(kind, message))
}

/// A stream as text, without the inside of the container.
pub(super) fn text(stream: &[u8]) -> String {
    inside::strip(&String::from_utf8_lossy(stream))
}

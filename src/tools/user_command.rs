//! Judges a user's own command by its exit status, and reads its findings.
//!
//! 0 means passed, the check's `findings-exit` means findings, and any other number is an error. The
//! output is parsed only if the check names a format; otherwise it is in the log.

use std::collections::BTreeSet;

use super::SourceFiles;
use super::exit_status::{accepted, rejected};
use super::parse::report;
use crate::check::{FindingsOrigin, FindingsSpec};
use crate::finding::Finding;
use crate::outcome::{Classified, RawOutput, Reason, ReasonKind, ToolStatus};

/// Judges a command's exit status and output.
#[must_use]
pub fn classify(
    output: &RawOutput,
    findings_exit: &BTreeSet<i32>,
    findings: Option<&FindingsSpec>,
    sources: &dyn SourceFiles,
) -> Classified {
    let has_passed = output.code == 0;
    if !has_passed && !findings_exit.contains(&output.code) {
        return failed(unexpected_status(output.code, findings_exit));
    }
    let Some(spec) = findings else {
        return if has_passed { accepted(Vec::new()) } else { rejected(Vec::new()) };
    };
    match parse(spec, output, sources) {
        Err(error) => failed(unreadable(spec, &error)),
        // The command itself accepts what it found.
        Ok(findings) if has_passed => accepted(findings),
        Ok(findings) if findings.is_empty() && !spec.empty_ok => failed(nothing_read(spec, output)),
        Ok(findings) => rejected(findings),
    }
}

fn parse(
    spec: &FindingsSpec,
    output: &RawOutput,
    sources: &dyn SourceFiles,
) -> Result<Vec<Finding>, String> {
    let stream = match spec.from {
        FindingsOrigin::Stderr => &output.stderr,
        FindingsOrigin::Stdout | FindingsOrigin::File(_) => &output.stdout,
    };
    // Many commands write no document when they find nothing.
    if stream.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    report::parse(&spec.format, stream, sources)
}

fn failed(reason: Reason) -> Classified {
    Classified { status: ToolStatus::Failed(reason), ..accepted(Vec::new()) }
}

fn unreadable(spec: &FindingsSpec, error: &str) -> Reason {
    let message = format!("cannot read the findings in `{}`: {error}", spec.from);
    let hint = format!("the command must write {} and nothing else there", spec.format.name());
    Reason::new(ReasonKind::Tool, message).with_hint(hint)
}

fn nothing_read(spec: &FindingsSpec, output: &RawOutput) -> Reason {
    let message = format!(
        "the command ended with exit status {}, but `{}` has no findings in the format {}",
        output.code,
        spec.from,
        spec.format.name()
    );
    Reason::new(ReasonKind::Tool, message)
        .with_hint("correct `findings`, or set `empty-ok = true` in it".to_owned())
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
    use crate::check::FindingsFormat;
    use crate::finding::NoSources;

    fn judge(code: i32, stdout: &str, spec: Option<&FindingsSpec>) -> Classified {
        let output = RawOutput { code, stdout: stdout.into(), ..RawOutput::default() };
        classify(&output, &BTreeSet::from([1, 65]), spec, &NoSources)
    }

    #[test]
    fn only_the_numbers_that_are_named_mean_findings() {
        let status = |code| judge(code, "", None).status;
        assert_eq!(status(0), ToolStatus::Passed);
        assert_eq!(status(65), ToolStatus::Findings);
        for code in [2, 64, 127, 137, -1] {
            assert!(matches!(status(code), ToolStatus::Failed(_)), "{code}");
        }
    }

    fn gcc(empty_ok: bool) -> FindingsSpec {
        FindingsSpec { format: FindingsFormat::Gcc, from: FindingsOrigin::Stdout, empty_ok }
    }

    #[test]
    fn findings_of_a_command_that_passed_do_not_count() {
        let judged = judge(0, "a.py:1: x\n", Some(&gcc(false)));
        assert_eq!(judged.status, ToolStatus::Passed);
        assert!(!judged.findings[0].gating);
        let judged = judge(1, "a.py:1: x\n", Some(&gcc(false)));
        assert_eq!(judged.status, ToolStatus::Findings);
        assert!(judged.findings[0].gating);
    }

    #[test]
    fn a_status_of_findings_without_any_is_an_error_unless_that_is_fine() {
        let ToolStatus::Failed(reason) = judge(1, "usage: x\n", Some(&gcc(false))).status else {
            panic!()
        };
        assert!(
            reason.message.contains("`stdout` has no findings in the format gcc"),
            "{reason:?}"
        );
        assert_eq!(judge(1, "usage: x\n", Some(&gcc(true))).status, ToolStatus::Findings);
    }

    #[test]
    fn a_malformed_document_is_an_error_whatever_the_status() {
        let sarif = FindingsSpec { format: FindingsFormat::Sarif, ..gcc(true) };
        for code in [0, 1] {
            let judged = judge(code, "{\"runs\": [", Some(&sarif));
            let ToolStatus::Failed(reason) = judged.status else { panic!("{code}") };
            assert!(reason.message.contains("at line 1 column 10"), "{reason:?}");
        }
        assert_eq!(judge(0, "", Some(&sarif)).status, ToolStatus::Passed);
    }
}

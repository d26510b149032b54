//! Turns a JSON report into a [`Report`] again, to merge and render it.
//!
//! The source lines of findings and the comparison with plain pylint are not restored. What follows from
//! the checks is computed again, so that a report cannot contradict itself.

use std::time::Duration;

use super::{JsonCheck, JsonDifference, JsonFinding, JsonFix, JsonGate, JsonPhase, JsonPlace};
use super::{JsonReport, JsonWorkDone};
use crate::check::StepIdError;
use crate::explanation::WorkDone;
use crate::finding::{Edit, Excerpts, FailedTest, Finding, Fix, Place};
use crate::fingerprint::diff::Difference;
use crate::fingerprint::ingredients::Inputs;
use crate::gate::{Accepted, Gated, Outside};
use crate::outcome::{CheckOutcome, Log};
use crate::project::{PathError, ProjectPath};
use crate::report::Report;
use crate::report::phase::Phase;
use crate::report::review::Review;

/// The reason why a JSON report does not make a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntoReportError {
    /// A check has an invalid name.
    #[error(transparent)]
    Check(#[from] StepIdError),
    /// The baseline is not in the project.
    #[error("its baseline: {0}")]
    Baseline(#[from] PathError),
}

impl JsonReport {
    /// The report that was written as this one.
    ///
    /// # Errors
    ///
    /// When a name or a path is not valid.
    pub fn into_report(self) -> Result<Report, IntoReportError> {
        let checks = self.checks.into_iter().map(into_outcome).collect::<Result<Vec<_>, _>>()?;
        let gate = self.gate.map(into_gated).transpose()?;
        Ok(Report {
            verdict: self.verdict,
            folder: self.folder,
            platform: self.platform,
            engine: self.engine,
            warnings: self.warnings,
            duration: Duration::from_millis(self.duration_ms.unwrap_or_default()),
            phases: self.phases.into_iter().map(into_phase).collect(),
            snapshots: self.snapshots,
            changed_files: self.changed_files,
            gate,
            review: self.review.map(|review| Review { base: review.base, files: review.files }),
            affected: self.affected,
            partition: self.partition,
            checks,
        })
    }
}

fn into_outcome(check: JsonCheck) -> Result<CheckOutcome, IntoReportError> {
    let inputs = check.inputs.zip(check.parts);
    Ok(CheckOutcome {
        id: check.name.parse()?,
        tool: check.tool,
        tool_version: check.tool_version,
        status: check.outcome,
        reason: check.reason,
        cache: check.cache,
        inputs: inputs.map(|(ingredients, parts)| Inputs { ingredients, parts }),
        since_last: check.since_last.map(|all| all.into_iter().map(into_difference).collect()),
        work: check.work.map(into_work),
        started: check.started_ms.map(Duration::from_millis),
        duration: Duration::from_millis(check.duration_ms),
        score: check.score,
        coverage: check.coverage,
        log: Log {
            stdout: check.log.stdout,
            stderr: check.log.stderr,
            truncated: check.log.truncated,
        },
        findings: check.findings.into_iter().map(into_finding).collect(),
        excerpts: Excerpts::default(),
        warnings: Vec::new(),
        plain: None,
    })
}

fn into_finding(finding: JsonFinding) -> Finding {
    let flaky = finding.flaky;
    Finding {
        place: into_place(finding.place),
        severity: finding.severity,
        code: finding.code,
        rule: finding.rule,
        message: finding.message,
        url: finding.url,
        gating: finding.gating,
        related: finding.related.into_iter().map(into_place).collect(),
        fix: finding.fix.map(into_fix),
        test: finding.test.map(|name| FailedTest { name, flaky }),
        fingerprint: finding.fingerprint,
    }
}

fn into_place(place: JsonPlace) -> Place {
    let JsonPlace { path, line, column, end_line, end_column } = place;
    Place { path, line, column, end_line, end_column }
}

fn into_fix(fix: JsonFix) -> Fix {
    let edits = fix.edits.into_iter().map(|edit| Edit {
        line: edit.line,
        column: edit.column,
        end_line: edit.end_line,
        end_column: edit.end_column,
        content: edit.content,
    });
    Fix { message: fix.message, safe: fix.safe, edits: edits.collect() }
}

fn into_difference(difference: JsonDifference) -> Difference {
    let JsonDifference { kind, name, before, now } = difference;
    Difference { kind, name, before, now }
}

fn into_work(work: JsonWorkDone) -> WorkDone {
    let JsonWorkDone { files, cold, checked, hint } = work;
    let (files, cold) = (files.unwrap_or_default(), cold.unwrap_or_default());
    WorkDone { files, cold, checked, hint }
}

fn into_phase(phase: JsonPhase) -> Phase {
    Phase {
        kind: phase.kind,
        name: phase.name,
        started: Duration::from_millis(phase.started_ms),
        duration: Duration::from_millis(phase.duration_ms),
    }
}

fn into_gated(gate: JsonGate) -> Result<Gated, PathError> {
    let baseline = gate.baseline.map(|baseline| {
        Ok::<_, PathError>(Accepted {
            file: ProjectPath::new(&baseline.file)?,
            hash: baseline.hash,
            accepted: baseline.accepted,
            gone: baseline.gone,
            strict: baseline.strict,
        })
    });
    let changed =
        gate.changed.map(|changed| Outside { base: changed.base, findings: changed.outside });
    Ok(Gated { baseline: baseline.transpose()?, changed })
}

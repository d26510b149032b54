//! The outcome of a check and the verdict of a run.
//!
//! A tool's [`RawOutput`] is [`Classified`] by the catalogue and ends up in the [`CheckOutcome`] of a
//! report. The verdict is computed here and nowhere else.

mod coverage;
mod plain;
mod test_session;

pub use coverage::{Coverage, FileCoverage};
pub use plain::{Otherwise, Plain};
pub use test_session::TestSession;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::check::{COMMAND, StepId};
use crate::explanation::WorkDone;
use crate::finding::{Excerpts, Finding};
use crate::fingerprint::diff::Difference;
use crate::fingerprint::ingredients::Inputs;
use crate::hash::Hash;

/// The raw output of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub struct RawOutput {
    /// Its exit status; 128 plus the number for a signal.
    pub code: i32,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// The meaning of a tool's output.
#[derive(Clone, Debug, PartialEq)]
#[doc(hidden)]
pub struct Classified {
    /// The tool's status, from its exit status and streams together.
    pub status: ToolStatus,
    /// The findings, in any order.
    pub findings: Vec<Finding>,
    /// Output that could not be parsed, and other complaints of the tool.
    pub warnings: Vec<String>,
    /// pylint's score.
    pub score: Option<f64>,
    /// The tests that ran, and what they covered.
    pub session: Option<TestSession>,
}

/// The status of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum ToolStatus {
    /// It accepts the sources. Its findings, if any, do not count.
    Passed,
    /// It does not accept the sources.
    Findings,
    /// It failed, for this reason.
    Failed(Reason),
}

/// The status of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Status {
    /// The sources are accepted.
    Passed,
    /// The sources are not accepted.
    Findings,
    /// The check failed to run.
    Error,
    /// The check exceeded its time limit.
    TimedOut,
    /// The check was stopped, or never started, because another check failed or the run was stopped.
    Cancelled,
    /// The check had nothing to do, which is not an error.
    Skipped,
}

/// The reason why a check neither passed nor has findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Reason {
    /// The part that failed.
    pub kind: ReasonKind,
    /// The failure, in one or more sentences.
    pub message: String,
    /// Advice on what to do next; null if none is known.
    pub hint: Option<String>,
}

impl Reason {
    /// A reason of this kind.
    pub fn new(kind: ReasonKind, message: impl Into<String>) -> Self {
        Reason { kind, message: message.into(), hint: None }
    }

    /// Adds advice on what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The message and the hint in one line.
    #[must_use]
    pub fn to_line(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{}{hint}", self.message.trim_end())
    }

    /// The verdict of a run with this failure.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.kind {
            ReasonKind::Config => Verdict::Config,
            _ => Verdict::Error,
        }
    }
}

/// The message and, after a blank line, the hint: for formats with a single field for both.
impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The part that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ReasonKind {
    /// A configuration: cargo pipe's or the tool's.
    Config,
    /// The engine, an image, the network, the disk.
    Environment,
    /// The tool: it crashed, or its output cannot be parsed.
    Tool,
    /// The mount: the container did not see the project.
    Mount,
    /// Cargo pipe itself.
    Internal,
    /// A signal, a time limit or `--fail-fast` stopped it.
    Stopped,
    /// It exceeded a limit: memory, disk, output or processes.
    Limit,
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CheckOutcome {
    /// The check, and the package and Python that it is for.
    pub id: StepId,
    /// The tool behind it, or `command` for a check of the user's own.
    pub tool: String,
    /// The tool's locked version, where the catalogue knows it.
    pub tool_version: Option<String>,
    /// Its status.
    pub status: Status,
    /// The reason, if it neither passed nor has findings.
    pub reason: Option<Reason>,
    /// Whether it ran or was cached.
    pub cache: CacheUse,
    /// The inputs of the fingerprint; none if the check ended before they were known.
    pub inputs: Option<Inputs>,
    /// The differences to its last run in this folder; none if there was no such run, or the outcome
    /// is cached.
    pub since_last: Option<Vec<Difference>>,
    /// The work of its incremental tool; none if the tool does not report it, or the outcome is cached.
    pub work: Option<WorkDone>,
    /// The time from the start of the run until the check began; none if it did not run.
    pub started: Option<Duration>,
    /// The time that it took.
    pub duration: Duration,
    /// pylint's score.
    pub score: Option<f64>,
    /// The lines that the tests executed, if that was measured.
    pub coverage: Option<Coverage>,
    /// The output of the tool.
    pub log: Log,
    /// Sorted findings.
    pub findings: Vec<Finding>,
    /// The source lines of the findings, as they were checked.
    pub excerpts: Excerpts,
    /// Warnings for the user.
    pub warnings: Vec<String>,
    /// The outcome of the tool's own command, if it was requested.
    pub plain: Option<Plain>,
}

impl CheckOutcome {
    /// The name of its tool for readers: a command of the user's own has that of its check.
    #[must_use]
    pub fn tool_label(&self) -> &str {
        if self.tool == COMMAND { self.id.check().as_str() } else { &self.tool }
    }

    /// A check that passed without findings, to be completed.
    #[must_use]
    pub(crate) fn passed(id: StepId, tool: String) -> Self {
        CheckOutcome {
            id,
            tool,
            tool_version: None,
            status: Status::Passed,
            reason: None,
            cache: CacheUse::Off,
            inputs: None,
            since_last: None,
            work: None,
            started: None,
            duration: Duration::ZERO,
            score: None,
            coverage: None,
            log: Log::default(),
            findings: Vec::new(),
            excerpts: Excerpts::default(),
            warnings: Vec::new(),
            plain: None,
        }
    }

    /// The same check, ended with this status for this reason.
    #[must_use]
    pub(crate) fn failed(mut self, status: Status, reason: Reason) -> Self {
        self.status = status;
        self.reason = Some(reason);
        self
    }

    /// The check's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Hash> {
        self.inputs.as_ref().map(|inputs| inputs.ingredients.fingerprint())
    }
}

/// Whether an outcome was computed or cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CacheUse {
    /// Cached.
    Hit,
    /// Computed.
    Miss,
    /// Computed without looking in the cache.
    Off,
}

/// A tool's raw output as text, for humans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Log {
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// Whether a part in the middle was left out.
    pub truncated: bool,
}

/// The verdict of a run: that of its worst check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Verdict {
    /// Every check passed.
    Passed,
    /// The sources are not accepted.
    Findings,
    /// A configuration is wrong, or a grant is missing.
    Config,
    /// A check failed to run.
    Error,
    /// The run was interrupted.
    Interrupted,
}

impl Verdict {
    /// The verdict over checks; `interrupted` if a signal ended the run.
    #[must_use]
    pub fn over(checks: &[CheckOutcome], interruption: Option<Interruption>) -> Verdict {
        let verdicts = checks.iter().map(|check| match (check.status, &check.reason) {
            (Status::Passed | Status::Skipped, _) => Verdict::Passed,
            // A cancelled check is the consequence of another check's failure, or of a signal.
            (Status::Cancelled, _) => Verdict::Passed,
            (Status::Findings, _) => Verdict::Findings,
            (Status::Error, Some(reason)) => reason.verdict(),
            (Status::Error | Status::TimedOut, _) => Verdict::Error,
        });
        Verdict::worst(verdicts.chain(interruption.map(|_| Verdict::Interrupted)))
            .unwrap_or(Verdict::Error)
    }

    /// The worse one of this verdict and another.
    #[must_use]
    pub fn and(self, other: Option<Verdict>) -> Verdict {
        Verdict::worst(std::iter::once(self).chain(other)).unwrap_or(self)
    }

    /// The worst of several verdicts; none of none.
    #[must_use]
    pub fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Option<Verdict> {
        verdicts.into_iter().max_by_key(|verdict| verdict.badness())
    }

    /// The exit status, the same for every output format.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Passed => 0,
            Verdict::Findings => 1,
            Verdict::Config => 2,
            Verdict::Error => 3,
            Verdict::Interrupted => 130,
        }
    }

    /// Worst wins in the order 130, 2, 3, 1, 0.
    fn badness(self) -> u8 {
        match self {
            Verdict::Passed => 0,
            Verdict::Findings => 1,
            Verdict::Error => 2,
            Verdict::Config => 3,
            Verdict::Interrupted => 4,
        }
    }
}

/// The run was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interruption;

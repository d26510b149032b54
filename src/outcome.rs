//! What became of a check and of a run.
//!
//! Owns the path from what a tool printed ([`RawOutput`]) over what it means ([`Classified`]) to
//! the [`CheckOutcome`] of a report, and the one place where a verdict is computed.

mod plain;

pub use plain::{Otherwise, Plain};

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::check::CheckName;
use crate::finding::{Excerpts, Finding};
use crate::fingerprint::ingredients::Inputs;
use crate::hash::Hash;

/// What a tool left behind, untouched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub struct RawOutput {
    /// Its exit status; 128 plus the number for a signal.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// What a tool's output means.
#[derive(Clone, Debug, PartialEq)]
#[doc(hidden)]
pub struct Classified {
    /// What the exit status and the streams say together.
    pub status: ToolStatus,
    /// What the tool found, in any order.
    pub findings: Vec<Finding>,
    /// What could not be understood, or what the tool complained of besides.
    pub warnings: Vec<String>,
    /// pylint's score.
    pub score: Option<f64>,
}

/// Whether the tool did its work, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum ToolStatus {
    /// It accepts the sources. Findings it has all the same do not count.
    Passed,
    /// It does not accept the sources.
    Findings,
    /// It could not work, and why.
    Failed(Reason),
}

/// The state a check ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Status {
    /// The sources are accepted.
    Passed,
    /// The sources are not accepted.
    Findings,
    /// The check could not be done.
    Error,
    /// The check took longer than it may.
    TimedOut,
    /// The check was stopped, or never started, because of something else.
    Cancelled,
    /// The check had nothing to do, and that is fine.
    Skipped,
}

/// Why a check did not end as passed or findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Reason {
    /// Whose problem it is.
    pub kind: ReasonKind,
    /// What happened, in one or more sentences.
    pub message: String,
    /// What to do next; null if there is no advice.
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

    /// How a run ends in which this went wrong.
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

/// Whose problem an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ReasonKind {
    /// A configuration, ours or the tool's.
    Config,
    /// The engine, an image, the network, the disk.
    Environment,
    /// The tool crashed, or said what nobody understands.
    Tool,
    /// The container did not see the project.
    Mount,
    /// Cargo pipe itself.
    Internal,
    /// Somebody or something stopped it: a signal, a time limit, `--fail-fast`.
    Stopped,
}

/// What became of one check.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CheckOutcome {
    /// The check.
    pub name: CheckName,
    /// The tool behind it, or `command` for a check of the user's own.
    pub tool: String,
    /// The tool's locked version, where the catalogue knows it.
    pub tool_version: Option<String>,
    /// The state it ended in.
    pub status: Status,
    /// Why, where it is neither passed nor findings.
    pub reason: Option<Reason>,
    /// Whether it ran or was replayed.
    pub cache: CacheUse,
    /// What the fingerprint is made from; none if the check ended before they were known.
    pub inputs: Option<Inputs>,
    /// How long it took.
    pub duration: Duration,
    /// pylint's score.
    pub score: Option<f64>,
    /// What the tool wrote.
    pub log: Log,
    /// Sorted findings.
    pub findings: Vec<Finding>,
    /// The source lines that the findings speak of, as they were checked.
    pub excerpts: Excerpts,
    /// What a person should know besides.
    pub warnings: Vec<String>,
    /// What the tool's own command says, where that was asked.
    pub plain: Option<Plain>,
}

impl CheckOutcome {
    /// A check that passed without findings, to be completed.
    #[must_use]
    pub(crate) fn passed(name: CheckName, tool: String) -> Self {
        CheckOutcome {
            name,
            tool,
            tool_version: None,
            status: Status::Passed,
            reason: None,
            cache: CacheUse::Off,
            inputs: None,
            duration: Duration::ZERO,
            score: None,
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

/// Whether an outcome was computed or replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CacheUse {
    /// Replayed from the cache.
    Hit,
    /// Computed.
    Miss,
    /// Not looked for.
    Off,
}

/// A tool's raw output as text, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Log {
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// Whether a part in the middle was left out.
    pub truncated: bool,
}

/// How a run ended: the worst of its checks.
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
    /// A check could not be done.
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
            // A cancelled check follows from another one's failure or from a signal.
            (Status::Cancelled, _) => Verdict::Passed,
            (Status::Findings, _) => Verdict::Findings,
            (Status::Error, Some(reason)) => reason.verdict(),
            (Status::Error | Status::TimedOut, _) => Verdict::Error,
        });
        Verdict::worst(verdicts.chain(interruption.map(|_| Verdict::Interrupted)))
            .unwrap_or(Verdict::Error)
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

/// That somebody stopped the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interruption;

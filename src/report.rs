//! The report of a finished run, and its output formats.
//!
//! A renderer is a function from a [`Report`] to bytes. It makes no decisions, and does no I/O.

pub mod count;
pub mod diff;
pub mod elapsed;
#[cfg(feature = "cli")]
mod format;
pub mod github;
pub mod gitlab;
pub mod harmless;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod human;
pub mod json;
pub mod jsonl;
#[cfg(feature = "cli")]
pub mod junit;
pub mod label;
pub mod markdown;
pub mod merge;
pub mod next;
pub mod phase;
pub mod reported;
pub mod review;
#[cfg(test)]
pub(crate) mod sample;
pub mod sarif;
pub mod short;
#[cfg(feature = "cli")]
mod source_line;

#[cfg(feature = "cli")]
pub use format::Format;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::check::StepId;
use crate::engine_info::EngineInfo;
use crate::fingerprint;
use crate::gate::Gated;
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Reason, Verdict};
use crate::plan::{Affected, Partition};
use phase::Phase;
use review::Review;

/// The report of a finished run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// The path of the project within its repository, with `/`; empty at the root.
    pub folder: String,
    /// The platform of the checks, such as `linux/amd64`; none if nothing was started.
    pub platform: Option<String>,
    /// The engine; none if nothing was started.
    pub engine: Option<EngineInfo>,
    /// Warnings that belong to no particular check.
    pub warnings: Vec<String>,
    /// The duration of the run.
    pub duration: Duration,
    /// The pulls, builds and fixers before the checks, in the order of their ends.
    pub phases: Vec<Phase>,
    /// The files of each snapshot, under the snapshot's hash.
    pub snapshots: BTreeMap<Hash, BTreeMap<String, Hash>>,
    /// The files that fixes changed, relative to the project, sorted.
    pub changed_files: Vec<String>,
    /// The baseline and changed lines that findings were compared with; none without a gate.
    pub gate: Option<Gated>,
    /// The changed files that decide what checks report; none if no commit to compare with is known.
    pub review: Option<Review>,
    /// What the change reaches, if checks that it does not reach were left out.
    pub affected: Option<Affected>,
    /// The part of a run that this is; none for a whole run.
    pub partition: Option<Partition>,
    /// The checks, in plan order.
    pub checks: Vec<CheckOutcome>,
}

impl Report {
    /// Converts a path of the project to a path of the repository, as forges need it.
    #[must_use]
    pub fn in_repository(&self, path: &str) -> String {
        match self.folder.as_str() {
            "" => path.to_owned(),
            folder => format!("{folder}/{path}"),
        }
    }

    /// The fingerprint of the whole run.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        fingerprint::of_run(
            self.checks.iter().map(|check| (check.id.as_str(), check.fingerprint())),
        )
    }
}

/// The changes that fixes would make.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview {
    /// The verdict of a command that only shows them: [`Verdict::Findings`] if a file would be changed.
    pub verdict: Verdict,
    /// The files that would be changed, relative to the project, sorted.
    pub files: Vec<String>,
    /// The changes as a unified diff, in the bytes of the files.
    pub patch: Vec<u8>,
    /// Warnings.
    pub warnings: Vec<String>,
    /// The checks whose fixers failed, with the reasons.
    pub failures: BTreeMap<StepId, Reason>,
}

/// The warnings of a report without duplicates: first those of the run, then those of checks, after
/// the names of the checks that share them.
#[must_use]
pub fn warnings(report: &Report) -> Vec<String> {
    let mut of_checks: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in &report.checks {
        for warning in &check.warnings {
            match of_checks.iter_mut().find(|(text, _)| text == warning) {
                Some((_, names)) => names.push(check.id.as_str()),
                None => of_checks.push((warning, vec![check.id.as_str()])),
            }
        }
    }
    let mut all: Vec<String> = Vec::new();
    let prefixed = of_checks.into_iter().map(|(text, mut names)| {
        names.dedup();
        format!("{}: {text}", names.join(", "))
    });
    for warning in report.warnings.iter().cloned().chain(prefixed) {
        if !all.contains(&warning) {
            all.push(warning);
        }
    }
    all
}

#[cfg(test)]
mod tests;

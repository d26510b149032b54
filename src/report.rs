//! A finished run, and the forms it is shown in.
//!
//! Owns [`Report`], which every renderer reads and none changes. A renderer is a function from a
//! report to bytes: it decides nothing, reads nothing and starts nothing.

pub mod count;
pub mod diff;
pub mod elapsed;
pub mod harmless;
#[cfg(feature = "cli")]
pub mod human;
pub mod json;
#[cfg(test)]
pub(crate) mod sample;

use std::collections::BTreeMap;

use crate::check::CheckName;
use crate::engine::EngineInfo;
use crate::fingerprint::{self, Hash};
use crate::gate::Gated;
use crate::outcome::{CheckOutcome, Reason, Verdict};

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// How it ended.
    pub verdict: Verdict,
    /// What the checks ran on, such as `linux/amd64`; none if nothing was started.
    pub platform: Option<String>,
    /// What ran them; none if nothing was started.
    pub engine: Option<EngineInfo>,
    /// What a person should know, of no particular check.
    pub warnings: Vec<String>,
    /// The files of each snapshot, under the snapshot's hash.
    pub snapshots: BTreeMap<Hash, BTreeMap<String, Hash>>,
    /// The files that fixes changed, relative to the project, sorted.
    pub changed_files: Vec<String>,
    /// What kept findings from counting; none if nothing was asked to.
    pub gate: Option<Gated>,
    /// The checks, in plan order.
    pub checks: Vec<CheckOutcome>,
}

impl Report {
    /// The fingerprint of the whole run.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        fingerprint::of_run(
            self.checks.iter().map(|check| (check.name.as_str(), check.fingerprint())),
        )
    }
}

/// What fixes would change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview {
    /// How a command ends that only shows it: [`Verdict::Findings`] if a file would be changed.
    pub verdict: Verdict,
    /// The files that would be changed, relative to the project, sorted.
    pub files: Vec<String>,
    /// The changes as a unified diff, in the bytes of the files.
    pub patch: Vec<u8>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// The checks whose fixers could not do their work, and why.
    pub failures: BTreeMap<CheckName, Reason>,
}

/// The machine formats a report can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `cargo-pipe/report/1`.
    Json,
}

impl Format {
    /// All of them, in the order they are listed to a person.
    pub const ALL: [Format; 1] = [Format::Json];

    /// The name that `--report` takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
        }
    }

    /// The report in this format.
    #[must_use]
    pub fn render(self, report: &Report) -> String {
        match self {
            Format::Json => json::to_json(report),
        }
    }
}

/// The warnings of a report, each once: those of no check first, then those of checks behind the
/// names of the checks that share them.
#[must_use]
pub fn warnings(report: &Report) -> Vec<String> {
    let mut of_checks: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in &report.checks {
        for warning in &check.warnings {
            match of_checks.iter_mut().find(|(text, _)| text == warning) {
                Some((_, names)) => names.push(check.name.as_str()),
                None => of_checks.push((warning, vec![check.name.as_str()])),
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

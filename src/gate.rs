//! Decides which findings count for the verdict.
//!
//! A baseline accepts findings, and findings outside of the changed lines are not of interest: both are
//! listed and fail nowhere. An error of a check stays an error. A gate applies after the cache, which
//! stores outcomes without it. [`crate::run::read_gate`] reads the baseline and the changed lines.

pub mod baseline;
pub mod lines;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::finding::Finding;
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Status};
use crate::project::ProjectPath;
use baseline::{Baseline, BaselineEntry};
use lines::ChangedLines;

/// The gate that somebody asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GateSpec {
    /// The findings that are accepted; none if no baseline is read.
    pub baseline: Option<BaselineFile>,
    /// The lines that count; all if none.
    pub changed: Option<Since>,
}

/// The file that holds the accepted findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BaselineFile {
    /// Where it is.
    pub path: ProjectPath,
    /// Whether somebody named it, so that it has to be there.
    pub named: bool,
}

/// What lines have to have changed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Since {
    /// The last commit in common with this one.
    Ref(String),
    /// What the job's variables say, or else the last commit in common with the default branch.
    Default,
}

/// A gate whose baseline is read and whose lines are known. The default lets everything count.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Gate {
    /// The accepted findings, and the file that they are from.
    pub baseline: Option<(ProjectPath, Baseline)>,
    /// The lines that count, and since when.
    pub changed: Option<(CompareBase, ChangedLines)>,
}

/// The commit that lines are compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CompareBase {
    /// What was asked for, such as `main` or `origin/main`.
    #[serde(rename = "ref")]
    pub name: String,
    /// The commit it came to.
    pub commit: String,
}

/// What a gate did to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gated {
    /// What the baseline accepted.
    pub baseline: Option<Accepted>,
    /// What is outside of the changed lines.
    pub changed: Option<Outside>,
}

/// What a baseline accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// The baseline.
    pub file: ProjectPath,
    /// The hash of its content.
    pub hash: Hash,
    /// How many findings of the run are in it.
    pub accepted: usize,
    /// Its entries that no check found any more, of the checks that came to an end.
    pub gone: Vec<BaselineEntry>,
}

/// What is outside of the changed lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outside {
    /// What lines are compared with.
    pub base: CompareBase,
    /// How many findings are in lines that did not change, those of the baseline apart.
    pub findings: usize,
}

/// What a gate makes of a finding, whether its tool accepts that or not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Counts,
    Accepted,
    Outside,
}

impl Gate {
    /// Lets only those findings of a check count that the gate does not hold back; a check that
    /// none is left of has passed. One that could not be done stays as it is.
    pub fn apply(&self, check: &mut CheckOutcome) {
        if !ended(check) {
            return;
        }
        let counted = check.findings.iter().any(|finding| finding.gating);
        for finding in &mut check.findings {
            finding.gating = finding.gating && self.standing(finding) == Standing::Counts;
        }
        let counts = check.findings.iter().any(|finding| finding.gating);
        // A command that only says no has nothing that could be accepted.
        if check.status == Status::Findings && counted && !counts {
            check.status = Status::Passed;
        }
    }

    /// What it did to the checks of a run; none if it lets everything count.
    #[must_use]
    pub fn summary(&self, checks: &[CheckOutcome]) -> Option<Gated> {
        if *self == Gate::default() {
            return None;
        }
        let ended: Vec<&CheckOutcome> = checks.iter().filter(|check| ended(check)).collect();
        let number = |wanted| {
            let findings = ended.iter().flat_map(|check| &check.findings);
            findings.filter(|finding| self.standing(finding) == wanted).count()
        };
        let baseline = self.baseline.as_ref().map(|(file, baseline)| Accepted {
            file: file.clone(),
            hash: baseline.hash,
            accepted: number(Standing::Accepted),
            gone: gone(baseline, &ended),
        });
        let changed = self
            .changed
            .as_ref()
            .map(|(base, _)| Outside { base: base.clone(), findings: number(Standing::Outside) });
        Some(Gated { baseline, changed })
    }

    fn standing(&self, finding: &Finding) -> Standing {
        let is_accepted =
            self.baseline.as_ref().is_some_and(|(_, baseline)| baseline.accepts(finding));
        let is_outside = self.changed.as_ref().is_some_and(|(_, lines)| {
            !std::iter::once(&finding.place).chain(&finding.related).any(|at| lines.touch(at))
        });
        match (is_accepted, is_outside) {
            (true, _) => Standing::Accepted,
            (false, true) => Standing::Outside,
            (false, false) => Standing::Counts,
        }
    }
}

/// Whether a check came to a verdict about its sources.
fn ended(check: &CheckOutcome) -> bool {
    matches!(check.status, Status::Passed | Status::Findings)
}

/// The entries of checks that came to an end without finding them.
fn gone(baseline: &Baseline, ended: &[&CheckOutcome]) -> Vec<BaselineEntry> {
    let found: BTreeSet<Hash> =
        ended.iter().flat_map(|check| &check.findings).map(|it| it.fingerprint).collect();
    let was_looked_for =
        |entry: &&BaselineEntry| ended.iter().any(|check| check.name == entry.check);
    let entries = baseline.entries.iter().filter(was_looked_for);
    entries.filter(|entry| !found.contains(&entry.fingerprint)).cloned().collect()
}

#[cfg(test)]
mod tests;

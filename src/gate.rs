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
use crate::outcome::{CheckOutcome, Status, Verdict};
use crate::project::ProjectPath;
use baseline::{Baseline, BaselineEntry};
use lines::ChangedLines;

/// The requested gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateSpec {
    /// The baseline, if one is used.
    pub baseline: Option<BaselineFile>,
    /// The changes that count; all lines if none.
    pub changed: Option<Since>,
    /// Whether an obsolete entry of the baseline fails the run.
    pub strict: bool,
}

/// The file of accepted findings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BaselineFile {
    /// Its path.
    pub path: ProjectPath,
    /// Whether the user named it, so that it must exist.
    pub named: bool,
    /// The codes and rules of findings that it never accepts.
    pub never_accept: BTreeSet<String>,
}

/// The commit that lines must have changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Since {
    /// The merge base with this commit.
    Ref(String),
    /// The commit from the variables of the CI job, otherwise the merge base with the default branch.
    Default,
}

/// A loaded gate. With the default, every finding counts.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Gate {
    /// The accepted findings, and their file.
    pub baseline: Option<(ProjectPath, Baseline)>,
    /// The changed lines, and the commit that they were compared with.
    pub changed: Option<(CompareBase, ChangedLines)>,
    /// Whether an obsolete entry of the baseline fails the run.
    pub strict: bool,
}

/// The commit that the lines were compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CompareBase {
    /// Its name, such as `main` or `origin/main`.
    #[serde(rename = "ref")]
    pub name: String,
    /// Its hash.
    pub commit: String,
}

/// The effect of a gate on a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gated {
    /// The effect of the baseline.
    pub baseline: Option<Accepted>,
    /// The effect of the changed lines.
    pub changed: Option<Outside>,
}

/// The effect of a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// The baseline.
    pub file: ProjectPath,
    /// The hash of its content.
    pub hash: Hash,
    /// The number of accepted findings in the run.
    pub accepted: usize,
    /// Its obsolete entries: finished checks did not find them.
    pub gone: Vec<BaselineEntry>,
    /// Whether an obsolete entry fails the run.
    pub strict: bool,
}

/// The effect of changed lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outside {
    /// The commit that lines are compared with.
    pub base: CompareBase,
    /// The number of findings on unchanged lines, without those in the baseline.
    pub findings: usize,
}

/// The decision of a gate about a finding, independent of the tool's own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Counts,
    Accepted,
    Outside,
}

impl Gated {
    /// The verdict on the baseline itself, which is none of a check's; none if it is in order.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        let baseline = self.baseline.as_ref()?;
        (baseline.strict && !baseline.gone.is_empty()).then_some(Verdict::Findings)
    }
}

impl Gate {
    /// Marks the findings of a check that do not count; a check without any others has passed. A check
    /// that could not run is unchanged.
    pub fn apply(&self, check: &mut CheckOutcome) {
        if !ended(check) {
            return;
        }
        let counted = check.findings.iter().any(|finding| finding.gating);
        for finding in &mut check.findings {
            finding.gating = finding.gating && self.standing(finding) == Standing::Counts;
        }
        let counts = check.findings.iter().any(|finding| finding.gating);
        // A command without findings has nothing to accept.
        if check.status == Status::Findings && counted && !counts {
            check.status = Status::Passed;
        }
    }

    /// Summarizes its effect on a run; none if every finding counts.
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
            strict: self.strict,
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

/// Whether a check finished.
fn ended(check: &CheckOutcome) -> bool {
    matches!(check.status, Status::Passed | Status::Findings)
}

/// The entries that finished checks did not find.
fn gone(baseline: &Baseline, ended: &[&CheckOutcome]) -> Vec<BaselineEntry> {
    let found: BTreeSet<Hash> =
        ended.iter().flat_map(|check| &check.findings).map(|it| it.fingerprint).collect();
    let was_looked_for = |entry: &&BaselineEntry| ended.iter().any(|check| check.id == entry.check);
    let entries = baseline.entries.iter().filter(was_looked_for);
    let mut gone: Vec<BaselineEntry> =
        entries.filter(|entry| !found.contains(&entry.fingerprint)).cloned().collect();
    gone.sort();
    gone
}

#[cfg(test)]
mod tests;

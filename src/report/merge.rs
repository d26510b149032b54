//! Merges the reports of the parts of a run into the report of the whole.
//!
//! Reports belong together if they name the same plan and the same costs. A set that is not complete, has
//! a check twice, or is about different contents of a file is refused: its report would not be that of
//! any run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Report;
use crate::check::StepId;
use crate::gate::{Accepted, Gated, Outside};
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Interruption, Verdict};
use crate::plan::Partition;

/// The reason why reports do not make a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// No report was given.
    #[error("no report was given")]
    Empty,
    /// A report is not that of a part.
    #[error("`{0}` is not the report of a part of a run")]
    NotAPart(String),
    /// Reports are about different plans.
    #[error("`{0}` and `{1}` have different plans")]
    OtherPlan(String, String),
    /// The checks were divided by different costs.
    #[error("the checks of `{0}` and `{1}` were divided by different costs")]
    OtherCosts(String, String),
    /// Findings were compared with different baselines or commits.
    #[error("the findings of `{0}` and `{1}` were compared with different baselines or commits")]
    OtherGate(String, String),
    /// Two reports are about the same part.
    #[error("`{0}` and `{1}` are the same part of the run")]
    SamePart(String, String),
    /// A part has no report.
    #[error("the report of part {0}/{1} is missing")]
    MissingPart(usize, usize),
    /// A check is in two reports.
    #[error("the check `{0}` is in more than one report")]
    Overlap(StepId),
    /// A check is in no report.
    #[error("the check `{0}` is in no report")]
    MissingCheck(StepId),
    /// A check is not in the plan.
    #[error("the check `{0}` of `{1}` is not in the plan")]
    UnknownCheck(StepId, String),
    /// The parts saw different contents.
    #[error("the parts saw different contents of `{0}`")]
    OtherContent(String),
}

/// A report, and its name in messages.
pub type NamedReport = (String, Report);

/// Merges reports, in any order.
///
/// # Errors
///
/// When they are not those of all parts of one run.
pub fn merge(reports: Vec<NamedReport>) -> Result<Report, MergeError> {
    let mut reports = sort_parts(reports)?;
    let checks = collect_checks(&mut reports)?;
    let mut snapshots = BTreeMap::new();
    for (_, report) in &mut reports {
        snapshots.append(&mut report.snapshots);
    }
    refuse_other_contents(&snapshots)?;
    let gate = merge_gates(&reports, &checks)?;
    let is_interrupted = reports.iter().any(|(_, it)| it.verdict == Verdict::Interrupted);
    let mut parts = reports.into_iter().map(|(_, report)| report);
    let Some(mut whole) = parts.next() else { return Err(MergeError::Empty) };
    for part in parts {
        whole.platform = whole.platform.into_iter().chain(part.platform).min();
        whole.engine = whole.engine.or(part.engine);
        whole.duration = Duration::max(whole.duration, part.duration);
        whole.phases.extend(part.phases);
        whole.review = whole.review.or(part.review);
        for warning in part.warnings {
            if !whole.warnings.contains(&warning) {
                whole.warnings.push(warning);
            }
        }
    }
    let is_unaffected = whole.affected.is_some() && checks.is_empty();
    let verdict = match is_unaffected && !is_interrupted {
        true => Verdict::Passed,
        false => Verdict::over(&checks, is_interrupted.then_some(Interruption)),
    };
    let verdict = verdict.and(gate.as_ref().and_then(Gated::verdict));
    Ok(Report { verdict, snapshots, gate, partition: None, checks, ..whole })
}

/// Sorts the reports by their parts, and refuses those that are not all parts of one run.
fn sort_parts(reports: Vec<NamedReport>) -> Result<Vec<NamedReport>, MergeError> {
    let mut parts = Vec::new();
    for (name, report) in reports {
        match &report.partition {
            Some(partition) if (1..=partition.of).contains(&partition.part) => {
                parts.push((partition.clone(), name, report));
            }
            _ => return Err(MergeError::NotAPart(name)),
        }
    }
    parts.sort_by_key(|(partition, ..)| partition.part);
    let Some((first, first_name, _)) = parts.first() else { return Err(MergeError::Empty) };
    for (partition, name, _) in &parts[1..] {
        let Partition { part: _, of, plan, costs, checks } = partition;
        let names = || (first_name.clone(), name.clone());
        if (plan, of, checks) != (&first.plan, &first.of, &first.checks) {
            let (one, other) = names();
            return Err(MergeError::OtherPlan(one, other));
        }
        if *costs != first.costs {
            let (one, other) = names();
            return Err(MergeError::OtherCosts(one, other));
        }
    }
    if let Some(pair) = parts.windows(2).find(|pair| pair[0].0.part == pair[1].0.part) {
        return Err(MergeError::SamePart(pair[0].1.clone(), pair[1].1.clone()));
    }
    let expected = 1..=first.of;
    let present: BTreeSet<usize> = parts.iter().map(|(partition, ..)| partition.part).collect();
    if let Some(missing) = expected.into_iter().find(|part| !present.contains(part)) {
        return Err(MergeError::MissingPart(missing, first.of));
    }
    Ok(parts.into_iter().map(|(_, name, report)| (name, report)).collect())
}

/// Takes the checks of all reports, in plan order.
fn collect_checks(reports: &mut [NamedReport]) -> Result<Vec<CheckOutcome>, MergeError> {
    let partition = reports.first().and_then(|(_, report)| report.partition.as_ref());
    let planned = partition.map(|it| it.checks.clone()).unwrap_or_default();
    let known: BTreeSet<&StepId> = planned.iter().collect();
    let mut found = BTreeMap::new();
    for (name, report) in reports {
        for check in std::mem::take(&mut report.checks) {
            if !known.contains(&check.id) {
                return Err(MergeError::UnknownCheck(check.id, name.clone()));
            }
            if let Some(twice) = found.insert(check.id.clone(), check) {
                return Err(MergeError::Overlap(twice.id));
            }
        }
    }
    let take = |id: StepId| found.remove(&id).ok_or(MergeError::MissingCheck(id));
    planned.into_iter().map(take).collect()
}

/// Refuses snapshots of different contents.
fn refuse_other_contents(
    snapshots: &BTreeMap<Hash, BTreeMap<String, Hash>>,
) -> Result<(), MergeError> {
    let mut contents: BTreeMap<&String, &Hash> = BTreeMap::new();
    for (path, hash) in snapshots.values().flatten() {
        if contents.insert(path, hash).is_some_and(|other| other != hash) {
            return Err(MergeError::OtherContent(path.clone()));
        }
    }
    Ok(())
}

/// Merges the effects of the baseline and of changed lines.
fn merge_gates(
    reports: &[NamedReport],
    checks: &[CheckOutcome],
) -> Result<Option<Gated>, MergeError> {
    let mut merged: Option<(&String, Option<Gated>)> = None;
    for (name, report) in reports {
        merged = Some(match merged {
            None => (name, report.gate.clone()),
            Some((first, gate)) => match join_gates(gate, report.gate.as_ref()) {
                Ok(gate) => (first, gate),
                Err(OtherGate) => return Err(MergeError::OtherGate(first.clone(), name.clone())),
            },
        });
    }
    let mut gate = merged.and_then(|(_, gate)| gate);
    if let Some(baseline) = gate.as_mut().and_then(|gate| gate.baseline.as_mut()) {
        // A part knows the findings of its own checks alone.
        let found: BTreeSet<Hash> =
            checks.iter().flat_map(|check| &check.findings).map(|it| it.fingerprint).collect();
        baseline.gone.retain(|entry| !found.contains(&entry.fingerprint));
        baseline.gone.sort();
    }
    Ok(gate)
}

/// Two gates of different baselines or commits.
struct OtherGate;

fn join_gates(one: Option<Gated>, other: Option<&Gated>) -> Result<Option<Gated>, OtherGate> {
    let (Some(one), Some(other)) = (&one, other) else {
        return if one.is_none() && other.is_none() { Ok(None) } else { Err(OtherGate) };
    };
    let baseline = match (&one.baseline, &other.baseline) {
        (None, None) => None,
        (Some(one), Some(other))
            if (&one.file, one.hash, one.strict) == (&other.file, other.hash, other.strict) =>
        {
            let mut gone = one.gone.clone();
            gone.extend(other.gone.iter().cloned());
            Some(Accepted { accepted: one.accepted + other.accepted, gone, ..one.clone() })
        }
        _ => return Err(OtherGate),
    };
    let changed = match (&one.changed, &other.changed) {
        (None, None) => None,
        (Some(one), Some(other)) if one.base == other.base => {
            Some(Outside { findings: one.findings + other.findings, base: one.base.clone() })
        }
        _ => return Err(OtherGate),
    };
    Ok(Some(Gated { baseline, changed }))
}

#[cfg(test)]
mod tests;

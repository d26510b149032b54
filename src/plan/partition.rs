//! The division of a run into parts, for as many machines.
//!
//! Each machine plans the whole run and keeps its part. Which checks these are follows from the plan,
//! the number of parts and the cost of each check alone, so that all machines divide the run in the same
//! way without asking each other. A report names the plan and the costs by their hashes, by which
//! [`crate::report::merge`] knows that reports belong together.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Plan, Step};
use crate::check::StepId;
use crate::hash::{Hash, HashBuilder};
use crate::report::count::Count;

/// The highest number of parts.
const MAX_PARTS: usize = 1000;

/// A part of a run, such as the second of three, which is written `2/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunPart {
    number: usize,
    of: usize,
}

/// A text that is not a [`RunPart`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a part and the number of parts, such as `2/3`, of at most {MAX_PARTS}")]
pub struct RunPartError;

impl FromStr for RunPart {
    type Err = RunPartError;

    fn from_str(text: &str) -> Result<Self, RunPartError> {
        let (number, of) = text.split_once('/').ok_or(RunPartError)?;
        let [number, of] = [number, of].map(|text| text.parse().map_err(|_| RunPartError));
        let part = RunPart { number: number?, of: of? };
        let is_valid = (1..=part.of).contains(&part.number) && part.of <= MAX_PARTS;
        is_valid.then_some(part).ok_or(RunPartError)
    }
}

impl fmt::Display for RunPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.of)
    }
}

/// The part of a run that a plan or a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Partition {
    /// The number of the part, from 1.
    pub part: usize,
    /// The number of parts.
    pub of: usize,
    /// The hash of the plan of the whole run.
    pub plan: Hash,
    /// The hash of the costs by which the checks were divided.
    pub costs: Hash,
    /// The checks of the whole run, in plan order.
    pub checks: Vec<StepId>,
}

/// The costs of checks, in any unit.
pub type Costs = BTreeMap<StepId, u64>;

impl Plan {
    /// Keeps the steps of one part. A step without a cost has the mean of the others.
    pub(crate) fn divide(&mut self, part: RunPart, costs: &Costs) {
        let costs = complete(&self.steps, costs);
        let shares = assign(&costs, part.of);
        let partition = Partition {
            part: part.number,
            of: part.of,
            plan: self.hash(),
            costs: hash_costs(&self.steps, &costs),
            checks: self.steps.iter().map(|step| step.id.clone()).collect(),
        };
        for (step, share) in std::mem::take(&mut self.steps).into_iter().zip(shares) {
            let kept = if share + 1 == part.number { &mut self.steps } else { &mut self.others };
            kept.push(step);
        }
        let (kept, all) = (self.steps.len(), partition.checks.len());
        self.notes.push(format!("part {part} of the run: {kept} of {}", Count(all, "check")));
        self.partition = Some(partition);
    }

    /// The hash of everything in a plan that can change a report, except for `--jobs` and the use of the
    /// cache.
    fn hash(&self) -> Hash {
        let rest = (&self.gate, &self.affected, self.fail_fast);
        let hash = HashBuilder::new("plan").with(env!("PIPE_CODE")).with(format!("{rest:?}"));
        // `Debug` leaves out no member of a step, also none that is added later.
        hash.with_all(self.steps.iter().map(|step| format!("{step:?}"))).hash()
    }
}

/// The cost of each step.
fn complete(steps: &[Step], costs: &Costs) -> Vec<u64> {
    let known = |step: &Step| costs.get(&step.id).copied();
    let all: Vec<u64> = steps.iter().filter_map(known).collect();
    let sum = all.iter().fold(0_u64, |sum, cost| sum.saturating_add(*cost));
    let mean = sum.checked_div(all.len() as u64).unwrap_or_default();
    // A check costs something, whatever its files do.
    steps.iter().map(|step| known(step).unwrap_or(mean).max(1)).collect()
}

fn hash_costs(steps: &[Step], costs: &[u64]) -> Hash {
    let named = steps.iter().zip(costs).map(|(step, cost)| format!("{} {cost}", step.id));
    HashBuilder::new("costs").with_all(named).hash()
}

/// Assigns work to parts: the most expensive first, each to the part that has the least so far. Returns
/// the part of each, from 0.
fn assign(costs: &[u64], parts: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(costs[*at]));
    let mut loads = vec![0_u64; parts];
    let mut assigned = vec![0; costs.len()];
    for at in order {
        let (least, load) =
            loads.iter_mut().enumerate().min_by_key(|(_, load)| **load).expect("a part is valid");
        *load = load.saturating_add(costs[at]);
        assigned[at] = least;
    }
    assigned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_is_a_number_and_a_number_of_parts() {
        for text in ["1/1", "2/3", "1000/1000"] {
            assert_eq!(text.parse::<RunPart>().unwrap().to_string(), text);
        }
        for text in ["", "1", "0/3", "4/3", "1/1001", "-1/3", "1/3/3", "a/b", "1/0"] {
            assert_eq!(text.parse::<RunPart>(), Err(RunPartError), "{text}");
        }
    }

    #[test]
    fn the_most_expensive_work_is_alone() {
        assert_eq!(assign(&[1, 9, 1, 3, 5], 2), [1, 0, 0, 1, 1]);
        assert_eq!(assign(&[1, 1, 1], 2), [0, 1, 0]);
        assert_eq!(assign(&[7], 3), [0]);
        assert_eq!(assign(&[u64::MAX, u64::MAX, 1], 2), [0, 1, 0]);
    }

    proptest! {
        /// No part has more than the mean and the most expensive work together.
        #[test]
        fn parts_are_balanced(
            costs in proptest::collection::vec(1..1000_u64, 0..50), parts in 1..9_usize
        ) {
            let mut loads = vec![0; parts];
            for (cost, part) in costs.iter().zip(assign(&costs, parts)) {
                loads[part] += cost;
            }
            let mean = costs.iter().sum::<u64>() / parts as u64;
            let most = costs.iter().max().copied().unwrap_or_default();
            prop_assert!(loads.iter().all(|load| *load <= mean + most));
        }
    }
}

//! The steps of a plan, from a look into the cache to their outcomes.
//!
//! Owns which of them have to run at all: those whose outcomes the cache does not have, and those
//! whose environments turn out to be others than was remembered. It must not know how a step runs
//! or ends; [`super::step`] and [`super::outcome`] do. What comes of it goes into the report.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::preflight::{Looked, Survey};
use super::resources::{Blueprints, Workshop, blueprints};
use super::{Stop, World, fix, ignored_warnings, outcome};
use crate::cache::{Index, Store, last_run};
use crate::engine::{EngineError, EngineInfo};
use crate::gate::Gate;
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Outcome, Reason, ReasonKind};
use crate::plan::{Plan, Step};
use crate::snapshot::Inventory;

/// What a run came to, before its verdict.
#[derive(Default)]
pub(super) struct Worked {
    pub(super) outcomes: Vec<CheckOutcome>,
    pub(super) platform: Option<String>,
    pub(super) engine: Option<EngineInfo>,
    pub(super) warnings: Vec<String>,
    pub(super) snapshots: BTreeMap<Hash, BTreeMap<String, Hash>>,
    pub(super) changed_files: Vec<String>,
}

/// Nothing could be started, for one reason.
pub(super) fn failed(world: World<'_>, plan: &Plan, reason: &Reason) -> Worked {
    let failed = |step| outcome::finished(world, outcome::failed(world, step, reason));
    Worked { outcomes: plan.steps.iter().map(failed).collect(), ..Worked::default() }
}

/// Runs the fixers of a plan, if it has any, and then its steps.
pub(super) fn work(world: World<'_>, plan: &Plan, gate: &Gate) -> Worked {
    let blueprints = blueprints(world, plan);
    let mut workshop = None;
    let mut fixed = fix::Fixed::default();
    if plan.fixes.is_some() {
        let opened = Workshop::open(world, plan).and_then(|mut opened| {
            fixed = fix_first(world, plan, &blueprints, &mut opened)?;
            Ok(opened)
        });
        match opened {
            Ok(opened) => workshop = Some(opened),
            Err(error) => return failed(world, plan, &error.reason()),
        }
    }
    let store = Store::new(world.cache.to_owned(), plan.cache, world.config.cache_size);
    let project = world.project.id();
    let index = match (plan.cache.replays(), plan.cache.keeps()) {
        (true, true) => Index::load(world.cache, &project),
        (true, false) => Index::read(world.cache, &project),
        (false, _) => Index::none(),
    };
    let survey = Survey::of(world, plan, &blueprints, &index);
    let looked: Vec<Looked> =
        plan.steps.par_iter().map(|step| survey.look(world, &store, step)).collect();
    let run = Run { world, plan, gate, store: &store, blueprints: &blueprints, survey, fixed };
    let worked = run.finish(looked, workshop);
    if store.mode().keeps() {
        // Both only save work the next time.
        let _ = index.save(&world.project.root);
        let _ = note(&store, &project, &worked);
    }
    worked
}

/// Runs the fixers of a plan, if it has any.
pub(super) fn fix_first<'a>(
    world: World<'a>,
    plan: &Plan,
    blueprints: &Blueprints,
    workshop: &mut Workshop<'a>,
) -> Result<fix::Fixed, EngineError> {
    let Some(fixes) = &plan.fixes else {
        return Ok(fix::Fixed::default());
    };
    let wanted = fixes.steps.iter().map(|fix| &fix.step.environment).collect();
    workshop.prepare(world, blueprints, &wanted)?;
    let Workshop { environments, directory, .. } = &*workshop;
    let site = fix::Site { world, engine: workshop.engine(), environments, directory };
    Ok(fix::run(site, fixes))
}

/// A run whose files are fixed and known.
struct Run<'w, 'p> {
    world: World<'w>,
    plan: &'p Plan,
    gate: &'p Gate,
    store: &'p Store,
    blueprints: &'p Blueprints,
    survey: Survey<'p>,
    fixed: fix::Fixed,
}

impl<'w> Run<'w, '_> {
    /// Runs what has to run, and gathers everything.
    fn finish(self, mut looked: Vec<Looked>, workshop: Option<Workshop<'w>>) -> Worked {
        for (step, looked) in self.plan.steps.iter().zip(&mut looked) {
            if let Looked::Hit(hit) = looked {
                self.judge(step, &mut hit.outcome);
            }
        }
        if self.plan.fail_fast && looked.iter().any(is_not_passed) {
            self.world.cancel.stop(Stop::FailFast);
        }
        let furnished = self.furnish(&mut looked, workshop);
        let (workshop, trouble) = match furnished {
            Ok(workshop) => (workshop, Reason::new(ReasonKind::Stopped, "stopped")),
            Err(error) => (None, error.reason()),
        };
        let steps = self.plan.steps.iter().zip(&looked);
        let ready: Vec<_> = steps
            .map(|(step, looked)| match (looked, &workshop) {
                (Looked::Miss, Some(workshop)) => {
                    workshop.ready(self.world, step, Some(self.store))
                }
                _ => Err(trouble.clone()),
            })
            .collect();
        if let Some(workshop) = &workshop {
            let trees = ready.iter().flatten().flat_map(super::step::Ready::trees);
            workshop.engine().place(trees.collect());
        }
        let one = |((step, looked), ready): ((&Step, Looked), _)| {
            let outcome = match (looked, ready, &workshop) {
                (Looked::Hit(hit), ..) => hit.outcome,
                (Looked::Failed(reason), ..) => outcome::failed(self.world, step, &reason),
                (Looked::Miss, Ok::<super::step::Ready<'_>, _>(ready), Some(workshop)) => {
                    let mut outcome = ready.run(self.world, workshop.engine(), self.store);
                    self.judge(step, &mut outcome);
                    outcome
                }
                (Looked::Miss, Err(reason), _) => outcome::failed(self.world, step, &reason),
                (Looked::Miss, Ok(_), None) => outcome::failed(self.world, step, &trouble),
            };
            if self.plan.fail_fast && outcome.outcome != Outcome::Passed {
                self.world.cancel.stop(Stop::FailFast);
            }
            outcome::finished(self.world, outcome)
        };
        let (outcomes, ignored) = std::thread::scope(|scope| {
            let ignored = workshop.as_ref().map(|workshop| {
                // What an earlier run left behind is nobody's business to wait for.
                scope.spawn(|| workshop.engine().reap());
                scope.spawn(|| ignored_warnings(self.world, self.plan))
            });
            let steps = self.plan.steps.par_iter().zip(looked).zip(ready);
            let outcomes: Vec<CheckOutcome> = steps.with_max_len(1).map(one).collect();
            let ignored = ignored.and_then(|ignored| ignored.join().ok()).unwrap_or_default();
            (outcomes, ignored)
        });
        self.gathered(outcomes, workshop.as_ref(), ignored)
    }

    /// What is made of an outcome once it is known, and never kept with it: a check whose files were
    /// not fixed as they should be has not passed, and not every finding counts.
    fn judge(&self, step: &Step, outcome: &mut CheckOutcome) {
        outcome::unless_unfixed(outcome, self.fixed.unfixed.get(&step.check));
        self.gate.apply(outcome);
    }

    /// Prepares what the missed steps need. Steps whose base turns out to be another one than the
    /// cache was asked for are missed as well.
    fn furnish(
        &self,
        looked: &mut [Looked],
        mut workshop: Option<Workshop<'w>>,
    ) -> Result<Option<Workshop<'w>>, EngineError> {
        loop {
            let steps = self.plan.steps.iter().zip(&*looked);
            let missed: Vec<&Step> = steps
                .filter(|(_, looked)| matches!(looked, Looked::Miss))
                .map(|(step, _)| step)
                .collect();
            if missed.is_empty() || self.world.cancel.stopped().is_some() {
                return Ok(workshop);
            }
            let mut opened = match workshop.take() {
                Some(opened) => opened,
                None => Workshop::open(self.world, self.plan)?,
            };
            opened.furnish(self.world, self.blueprints, &self.survey, &missed)?;
            let bases = opened.bases(self.blueprints);
            let mut is_settled = true;
            for looked in looked.iter_mut() {
                let Looked::Hit(hit) = looked else { continue };
                if bases.get(hit.image.as_str()).is_some_and(|found| *found != hit.base) {
                    *looked = Looked::Miss;
                    is_settled = false;
                }
            }
            workshop = Some(opened);
            if is_settled {
                return Ok(workshop);
            }
        }
    }

    fn gathered(
        self,
        outcomes: Vec<CheckOutcome>,
        workshop: Option<&Workshop<'_>>,
        mut warnings: Vec<String>,
    ) -> Worked {
        let surveyed = self.survey.inventories.iter();
        let inventories: Vec<(Hash, &Inventory)> = surveyed
            .filter_map(|(coverage, surveyed)| {
                let copied = workshop.and_then(|workshop| workshop.copied(coverage));
                copied.or_else(|| surveyed.as_ref().ok().map(|it| (it.sources, &it.inventory)))
            })
            .collect();
        warnings.extend(workshop.into_iter().flat_map(|workshop| workshop.engine().notes()));
        warnings.extend(inventories.iter().flat_map(|(_, inventory)| inventory.warnings.clone()));
        // Coverages of the same files have one list of them.
        let snapshots: BTreeMap<Hash, &Inventory> = inventories.into_iter().collect();
        warnings.sort();
        warnings.dedup();
        warnings.splice(..0, self.fixed.warnings);
        let used = outcomes.iter().flat_map(|outcome| &outcome.inputs);
        let platforms: BTreeSet<&String> = used.map(|inputs| &inputs.parts.platform).collect();
        let platform = platforms.into_iter().next().cloned();
        Worked {
            platform,
            engine: workshop.map(|workshop| workshop.engine().info()),
            warnings,
            snapshots: snapshots.into_iter().map(|(hash, it)| (hash, it.hashes())).collect(),
            changed_files: self.fixed.changed,
            outcomes,
        }
    }
}

fn is_not_passed(looked: &Looked) -> bool {
    match looked {
        Looked::Hit(hit) => hit.outcome.outcome != Outcome::Passed,
        Looked::Failed(_) => true,
        Looked::Miss => false,
    }
}

/// Notes what each outcome was made from, so that a later difference can be named.
fn note(store: &Store, project: &str, worked: &Worked) -> std::io::Result<()> {
    for outcome in &worked.outcomes {
        let Some(inputs) = &outcome.inputs else { continue };
        if let Some(files) = worked.snapshots.get(&inputs.ingredients.sources) {
            store.save_files(&inputs.ingredients.sources, files)?;
        }
        last_run::note(store.home(), project, &outcome.name, inputs)?;
    }
    Ok(())
}

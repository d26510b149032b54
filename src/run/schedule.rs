//! The steps of a plan, from a look into the cache to their outcomes.
//!
//! Owns which of them have to run at all: those whose outcomes the cache does not have, and those
//! whose environments turn out to be others than was remembered. It must not know how a step runs
//! or ends; [`super::step`] and [`super::outcome`] do. What comes of it goes into the report.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::preflight::{Lookup, Preflight};
use super::resources::{Recipes, Resources, recipes};
use super::{Context, Stop, fix, ignored_warnings, outcome};
use crate::cache::{Index, ResultCache, last_run};
use crate::engine::EngineError;
use crate::engine_info::EngineInfo;
use crate::gate::Gate;
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Reason, ReasonKind, Status};
use crate::plan::{Plan, Step};
use crate::snapshot::Inventory;

/// What a run came to, before its verdict.
#[derive(Default)]
pub(super) struct RunResult {
    pub(super) outcomes: Vec<CheckOutcome>,
    pub(super) platform: Option<String>,
    pub(super) engine: Option<EngineInfo>,
    pub(super) warnings: Vec<String>,
    pub(super) snapshots: BTreeMap<Hash, BTreeMap<String, Hash>>,
    pub(super) changed_files: Vec<String>,
}

/// Nothing could be started, for one reason.
pub(super) fn failed(context: Context<'_>, plan: &Plan, reason: &Reason) -> RunResult {
    let failed = |step| outcome::finished(context, outcome::failed(context, step, reason));
    RunResult { outcomes: plan.steps.iter().map(failed).collect(), ..RunResult::default() }
}

/// Runs the fixers of a plan, if it has any, and then its steps.
pub(super) fn work(context: Context<'_>, plan: &Plan, gate: &Gate) -> RunResult {
    let recipes = recipes(context, plan);
    let mut resources = None;
    let mut fixed = fix::Fixed::default();
    if plan.fixes.is_some() {
        let opened = Resources::open(context, plan).and_then(|mut opened| {
            fixed = fix_first(context, plan, &recipes, &mut opened)?;
            Ok(opened)
        });
        match opened {
            Ok(opened) => resources = Some(opened),
            Err(error) => return failed(context, plan, &error.reason()),
        }
    }
    let store = ResultCache::new(context.cache.to_owned(), plan.cache, context.config.cache_size);
    let project = context.project.id();
    let index = match (plan.cache.replays(), plan.cache.keeps()) {
        (true, true) => Index::load(context.cache, &project),
        (true, false) => Index::read(context.cache, &project),
        (false, _) => Index::none(),
    };
    let survey = Preflight::of(context, plan, &recipes, &index);
    let looked: Vec<Lookup> =
        plan.steps.par_iter().map(|step| survey.look(context, &store, step)).collect();
    let run = Run { context, plan, gate, store: &store, recipes: &recipes, survey, fixed };
    let worked = run.finish(looked, resources);
    if store.mode().keeps() {
        // Both only save work the next time.
        let _ = index.save(&context.project.root);
        let _ = note(&store, &project, &worked);
    }
    worked
}

/// Runs the fixers of a plan, if it has any.
pub(super) fn fix_first<'a>(
    context: Context<'a>,
    plan: &Plan,
    recipes: &Recipes,
    resources: &mut Resources<'a>,
) -> Result<fix::Fixed, EngineError> {
    let Some(fixes) = &plan.fixes else {
        return Ok(fix::Fixed::default());
    };
    let wanted = fixes.steps.iter().map(|fix| &fix.step.environment).collect();
    resources.prepare(context, recipes, &wanted)?;
    let Resources { environments, directory, .. } = &*resources;
    let site = fix::FixContext { context, engine: resources.engine(), environments, directory };
    Ok(fix::run(site, fixes))
}

/// A run whose files are fixed and known.
struct Run<'w, 'p> {
    context: Context<'w>,
    plan: &'p Plan,
    gate: &'p Gate,
    store: &'p ResultCache,
    recipes: &'p Recipes,
    survey: Preflight<'p>,
    fixed: fix::Fixed,
}

impl<'w> Run<'w, '_> {
    /// Runs what has to run, and gathers everything.
    fn finish(self, mut looked: Vec<Lookup>, resources: Option<Resources<'w>>) -> RunResult {
        for (step, looked) in self.plan.steps.iter().zip(&mut looked) {
            if let Lookup::Hit(hit) = looked {
                self.judge(step, &mut hit.outcome);
            }
        }
        if self.plan.fail_fast && looked.iter().any(is_not_passed) {
            self.context.cancel.stop(Stop::FailFast);
        }
        let furnished = self.furnish(&mut looked, resources);
        let (resources, trouble) = match furnished {
            Ok(resources) => (resources, Reason::new(ReasonKind::Stopped, "stopped")),
            Err(error) => (None, error.reason()),
        };
        let steps = self.plan.steps.iter().zip(&looked);
        let ready: Vec<_> = steps
            .map(|(step, looked)| match (looked, &resources) {
                (Lookup::Miss, Some(resources)) => {
                    resources.ready(self.context, step, Some(self.store))
                }
                _ => Err(trouble.clone()),
            })
            .collect();
        if let Some(resources) = &resources {
            let trees = ready.iter().flatten().flat_map(super::step::Ready::trees);
            resources.engine().place(trees.collect());
        }
        let one = |((step, looked), ready): ((&Step, Lookup), _)| {
            let outcome = match (looked, ready, &resources) {
                (Lookup::Hit(hit), ..) => hit.outcome,
                (Lookup::Failed(reason), ..) => outcome::failed(self.context, step, &reason),
                (Lookup::Miss, Ok::<super::step::Ready<'_>, _>(ready), Some(resources)) => {
                    let mut outcome = ready.run(self.context, resources.engine(), self.store);
                    self.judge(step, &mut outcome);
                    outcome
                }
                (Lookup::Miss, Err(reason), _) => outcome::failed(self.context, step, &reason),
                (Lookup::Miss, Ok(_), None) => outcome::failed(self.context, step, &trouble),
            };
            if self.plan.fail_fast && outcome.status != Status::Passed {
                self.context.cancel.stop(Stop::FailFast);
            }
            outcome::finished(self.context, outcome)
        };
        let (outcomes, ignored) = std::thread::scope(|scope| {
            let ignored = resources.as_ref().map(|resources| {
                // What an earlier run left behind is nobody's business to wait for.
                scope.spawn(|| resources.engine().reap());
                scope.spawn(|| ignored_warnings(self.context, self.plan))
            });
            let steps = self.plan.steps.par_iter().zip(looked).zip(ready);
            let outcomes: Vec<CheckOutcome> = steps.with_max_len(1).map(one).collect();
            let ignored = ignored.and_then(|ignored| ignored.join().ok()).unwrap_or_default();
            (outcomes, ignored)
        });
        self.gathered(outcomes, resources.as_ref(), ignored)
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
        looked: &mut [Lookup],
        mut resources: Option<Resources<'w>>,
    ) -> Result<Option<Resources<'w>>, EngineError> {
        loop {
            let steps = self.plan.steps.iter().zip(&*looked);
            let missed: Vec<&Step> = steps
                .filter(|(_, looked)| matches!(looked, Lookup::Miss))
                .map(|(step, _)| step)
                .collect();
            if missed.is_empty() || self.context.cancel.stopped().is_some() {
                return Ok(resources);
            }
            let mut opened = match resources.take() {
                Some(opened) => opened,
                None => Resources::open(self.context, self.plan)?,
            };
            opened.furnish(self.context, self.recipes, &self.survey, &missed)?;
            let bases = opened.bases(self.recipes);
            let mut is_settled = true;
            for looked in looked.iter_mut() {
                let Lookup::Hit(hit) = looked else { continue };
                if bases.get(hit.image.as_str()).is_some_and(|found| *found != hit.base) {
                    *looked = Lookup::Miss;
                    is_settled = false;
                }
            }
            resources = Some(opened);
            if is_settled {
                return Ok(resources);
            }
        }
    }

    fn gathered(
        self,
        outcomes: Vec<CheckOutcome>,
        resources: Option<&Resources<'_>>,
        mut warnings: Vec<String>,
    ) -> RunResult {
        let surveyed = self.survey.inventories.iter();
        let inventories: Vec<(Hash, &Inventory)> = surveyed
            .filter_map(|(file_set, surveyed)| {
                let copied = resources.and_then(|resources| resources.copied(file_set));
                copied.or_else(|| surveyed.as_ref().ok().map(|it| (it.sources, &it.inventory)))
            })
            .collect();
        warnings.extend(resources.into_iter().flat_map(|resources| resources.engine().notes()));
        warnings.extend(inventories.iter().flat_map(|(_, inventory)| inventory.warnings.clone()));
        // Coverages of the same files have one list of them.
        let snapshots: BTreeMap<Hash, &Inventory> = inventories.into_iter().collect();
        warnings.sort();
        warnings.dedup();
        warnings.splice(..0, self.fixed.warnings);
        let used = outcomes.iter().flat_map(|outcome| &outcome.inputs);
        let platforms: BTreeSet<&String> = used.map(|inputs| &inputs.parts.platform).collect();
        let platform = platforms.into_iter().next().cloned();
        RunResult {
            platform,
            engine: resources.map(|resources| resources.engine().info()),
            warnings,
            snapshots: snapshots.into_iter().map(|(hash, it)| (hash, it.hashes())).collect(),
            changed_files: self.fixed.changed,
            outcomes,
        }
    }
}

fn is_not_passed(looked: &Lookup) -> bool {
    match looked {
        Lookup::Hit(hit) => hit.outcome.status != Status::Passed,
        Lookup::Failed(_) => true,
        Lookup::Miss => false,
    }
}

/// Notes what each outcome was made from, so that a later difference can be named.
fn note(store: &ResultCache, project: &str, worked: &RunResult) -> std::io::Result<()> {
    for outcome in &worked.outcomes {
        let Some(inputs) = &outcome.inputs else { continue };
        if let Some(files) = worked.snapshots.get(&inputs.ingredients.sources) {
            store.save_files(&inputs.ingredients.sources, files)?;
        }
        last_run::note(store.home(), project, &outcome.name, inputs)?;
    }
    Ok(())
}

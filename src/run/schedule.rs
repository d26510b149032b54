//! Decides which steps of a plan run, runs them in parallel, and stops them on a failure.
//!
//! A step runs if the cache does not have its outcome, or if its environment turns out to differ from
//! the one that is remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rayon::prelude::*;

use super::environments::Recipes;
use super::fix::{self, Fixed};
use super::history::History;
use super::preflight::{Lookup, Preflight};
use super::resources::Resources;
use super::step::ReadyStep;
use super::{Context, outcome};
use crate::cache::{Durations, Index, ResultCache, last_run};
use crate::config::Check;
use crate::engine::EngineError;
use crate::engine_info::EngineInfo;
use crate::gate::Gate;
use crate::git::{self, GitContext, GitError};
use crate::hash::Hash;
use crate::outcome::{CacheUse, CheckOutcome, Reason, ReasonKind, Status};
use crate::plan::{Plan, Step};
use crate::process::Stop;
use crate::project::ProjectPath;
use crate::snapshot::Inventory;

/// The result of a run, before its verdict.
#[derive(Default)]
pub(super) struct RunResult {
    pub(super) outcomes: Vec<CheckOutcome>,
    pub(super) platform: Option<String>,
    pub(super) engine: Option<EngineInfo>,
    pub(super) warnings: Vec<String>,
    pub(super) snapshots: BTreeMap<Hash, BTreeMap<String, Hash>>,
    pub(super) changed_files: Vec<String>,
}

impl Context<'_> {
    /// Ends every step of a plan that could not be started, for one reason.
    pub(super) fn fail_all(&self, plan: &Plan, reason: &Reason) -> RunResult {
        let fail = |step| self.finish(self.fail_step(step, reason));
        RunResult { outcomes: plan.steps.iter().map(fail).collect(), ..RunResult::default() }
    }

    /// Runs the fixers of a plan, if it has any, and then its steps.
    pub(super) fn run_steps(&self, plan: &Plan, gate: &Gate) -> RunResult {
        let recipes = self.read_recipes(plan);
        let (resources, fixed) = match self.run_fixers(plan, &recipes) {
            Ok(fixed) => fixed,
            Err(error) => return self.fail_all(plan, &error.reason()),
        };
        let (shared, warning) = self.open_shared_cache();
        let store = self.open_cache(plan.cache).sharing(shared.clone());
        let (project, files) = (self.project.id(), self.project.files_id());
        let index = match (plan.cache.replays(), plan.cache.keeps()) {
            (true, true) => Index::load(self.cache, &files),
            (true, false) => Index::read(self.cache, &files),
            (false, _) => Index::none(),
        };
        let preflight = Preflight::take(*self, plan, &recipes, &index);
        let lookups: Vec<Lookup> =
            plan.steps.par_iter().map(|step| preflight.lookup(&store, step)).collect();
        let run =
            Run { context: *self, plan, gate, store: &store, recipes: &recipes, preflight, fixed };
        let mut result = run.finish(lookups, resources);
        result.warnings.extend(warning);
        result.warnings.extend(shared.iter().flat_map(|shared| shared.finish()));
        if store.mode().keeps() {
            // They only save work in the next run.
            let _ = index.save(&self.project.root);
            let _ = record_inputs(&store, &project, &result);
            let _ = record_durations(&store, &project, &result);
        }
        result
    }

    /// Runs the fixers of a plan. Resources are opened only if it has any.
    fn run_fixers<'r>(
        &self,
        plan: &Plan,
        recipes: &'r Recipes,
    ) -> Result<(Option<Resources<'r>>, Fixed), EngineError>
    where
        Self: 'r,
    {
        if plan.fixes.is_none() {
            return Ok((None, Fixed::default()));
        }
        let mut resources = Resources::open(*self, plan, recipes)?;
        let fixed = fix::run(&mut resources, plan)?;
        Ok((Some(resources), fixed))
    }
}

/// A run whose files are fixed and hashed.
struct Run<'r> {
    context: Context<'r>,
    plan: &'r Plan,
    gate: &'r Gate,
    store: &'r ResultCache,
    recipes: &'r Recipes,
    preflight: Preflight<'r>,
    fixed: Fixed,
}

impl<'r> Run<'r> {
    /// Runs the steps that have to run, and gathers the result.
    fn finish(self, mut lookups: Vec<Lookup>, resources: Option<Resources<'r>>) -> RunResult {
        for (step, lookup) in self.plan.steps.iter().zip(&mut lookups) {
            if let Lookup::Hit(hit) = lookup {
                self.judge(step, &mut hit.outcome);
            }
        }
        if self.plan.fail_fast && lookups.iter().any(has_not_passed) {
            self.context.cancel.stop(Stop::FailFast);
        }
        let (resources, trouble) = match self.furnish(&mut lookups, resources) {
            Ok(resources) => (resources, Reason::new(ReasonKind::Stopped, "stopped")),
            Err(error) => (None, error.reason()),
        };
        let mut ready = Vec::new();
        for (step, lookup) in self.plan.steps.iter().zip(&lookups) {
            ready.push(match (lookup, &resources) {
                (Lookup::Miss, Some(resources)) => resources.make_ready(step, Some(self.store)),
                _ => Err(trouble.clone()),
            });
        }
        if let Some(resources) = &resources {
            resources.engine().place(ready.iter().flatten().flat_map(ReadyStep::trees).collect());
        }
        let (outcomes, warnings) = thread::scope(|scope| {
            let background = resources.as_ref().map(|resources| {
                // Containers of killed runs are removed in the background: no check depends on it.
                let left = || self.context.sweep_leftovers(Some(resources.engine()));
                let ignored = || self.find_ignored_files();
                // Without such a thread, only warnings are missing, and the next run looks again.
                let left = thread::Builder::new().spawn_scoped(scope, left);
                [left, thread::Builder::new().spawn_scoped(scope, ignored)]
            });
            let outcomes = self.end_all(lookups, ready);
            let mut warnings = match &resources {
                Some(resources) => {
                    resources.engine().clean_up();
                    Vec::new()
                }
                None => self.context.sweep_leftovers(None),
            };
            for thread in background.into_iter().flatten().flatten() {
                warnings.extend(thread.join().unwrap_or_default());
            }
            (outcomes, warnings)
        });
        self.gather(outcomes, resources.as_ref(), warnings)
    }

    /// Brings each step to its outcome. The steps that have to run start in the order of their last
    /// durations, and the others end at once.
    fn end_all(
        &self,
        lookups: Vec<Lookup>,
        ready: Vec<Result<ReadyStep<'_>, Reason>>,
    ) -> Vec<CheckOutcome> {
        let steps = self.plan.steps.iter().zip(lookups).zip(ready);
        let steps =
            steps.enumerate().map(|(at, ((step, lookup), ready))| (at, step, lookup, ready));
        let (mut missed, others): (Vec<_>, Vec<_>) =
            steps.partition(|(_, _, lookup, _)| matches!(lookup, Lookup::Miss));
        // Without more steps than threads, all of them start at once.
        if missed.len() > self.plan.jobs {
            let context = self.context;
            let durations = Durations::read(context.cache, &context.project.id());
            durations.sort(&mut missed, |(_, step, ..)| &step.id);
        }
        let waiting = Mutex::new(others.into_iter().chain(missed));
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        // A parallel iterator over the steps would not start them in their order.
        let threads = (0..rayon::current_num_threads()).into_par_iter().with_max_len(1);
        let mut ended: Vec<(usize, CheckOutcome)> = threads
            .flat_map_iter(|_| {
                std::iter::from_fn(next)
                    .map(|(at, step, lookup, ready)| (at, self.end_step(step, lookup, ready)))
            })
            .collect();
        ended.sort_unstable_by_key(|(at, _)| *at);
        ended.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Brings one step to its outcome.
    fn end_step(
        &self,
        step: &Step,
        lookup: Lookup,
        ready: Result<ReadyStep<'_>, Reason>,
    ) -> CheckOutcome {
        let outcome = match (lookup, ready) {
            (Lookup::Hit(hit), _) => hit.outcome,
            (Lookup::Failed(reason), _) | (Lookup::Miss, Err(reason)) => {
                self.context.fail_step(step, &reason)
            }
            (Lookup::Miss, Ok(ready)) => {
                let mut outcome = ready.run(self.store);
                self.judge(step, &mut outcome);
                self.find_changes(step, &mut outcome);
                outcome
            }
        };
        if self.plan.fail_fast && outcome.status != Status::Passed {
            self.context.cancel.stop(Stop::FailFast);
        }
        self.context.finish(outcome)
    }

    /// Names what changed since the last run of a step, which explains why it ran.
    fn find_changes(&self, step: &Step, outcome: &mut CheckOutcome) {
        let Some(inputs) = outcome.inputs.as_ref().filter(|_| outcome.cache != CacheUse::Hit)
        else {
            return;
        };
        let Run { context, preflight, store, .. } = self;
        let history = History { context: *context, preflight, store };
        let last = history.last_inputs(step);
        outcome.since_last = last.map(|last| history.diff(step, inputs, &last));
    }

    /// Applies what is never cached: a check whose files could not be fixed has not passed, and not
    /// every finding counts.
    fn judge(&self, step: &Step, outcome: &mut CheckOutcome) {
        outcome::fail_if_unfixed(outcome, self.fixed.unfixed.get(&step.id));
        self.gate.apply(outcome);
    }

    /// Prepares the environments and snapshots of the missed steps. A hit turns into a miss if its
    /// base image turns out to differ from the remembered one.
    fn furnish(
        &self,
        lookups: &mut [Lookup],
        mut resources: Option<Resources<'r>>,
    ) -> Result<Option<Resources<'r>>, EngineError> {
        loop {
            let mut missed = Vec::new();
            for (step, lookup) in self.plan.steps.iter().zip(&*lookups) {
                if matches!(lookup, Lookup::Miss) {
                    missed.push(step);
                }
            }
            if missed.is_empty() || self.context.is_stopped() {
                return Ok(resources);
            }
            let mut opened = match resources.take() {
                Some(opened) => opened,
                None => Resources::open(self.context, self.plan, self.recipes)?,
            };
            opened.furnish(&self.preflight, &missed)?;
            let bases = opened.base_hashes();
            let mut is_settled = true;
            for lookup in lookups.iter_mut() {
                let Lookup::Hit(hit) = lookup else { continue };
                if bases.get(hit.image.as_str()).is_some_and(|base| *base != hit.base) {
                    *lookup = Lookup::Miss;
                    is_settled = false;
                }
            }
            resources = Some(opened);
            if is_settled {
                return Ok(resources);
            }
        }
    }

    /// Warns of files that every clone has and no check sees.
    fn find_ignored_files(&self) -> Vec<String> {
        let Context { project, config, variables, cancel, emitter, .. } = self.context;
        let context = GitContext { root: &project.root, variables, cancel, emitter };
        let ignored = match git::list_ignored(context, &self.plan.sources()) {
            Ok(ignored) => ignored,
            Err(GitError::Limit(message)) => return vec![message],
            // Without git, only this warning is missing.
            Err(_) => return Vec::new(),
        };
        let mut warnings = Vec::new();
        for path in ignored {
            if config.include.iter().any(|glob| glob == path.as_str()) {
                continue;
            }
            warnings.push(format!(
                "`{path}` is tracked by git but ignored by a .gitignore, so no check sees it; \
                 `include = [\"{path}\"]` in pipe.toml adds it"
            ));
        }
        warnings
    }

    /// Warnings about sources in which no check that names them looks at any file.
    fn find_unchecked_sources(&self) -> Vec<String> {
        let mut is_checked: BTreeMap<&ProjectPath, bool> = BTreeMap::new();
        for step in &self.plan.steps {
            let Some(Ok(hashed)) = self.preflight.inventories.get(&step.file_set) else { continue };
            for source in &step.source {
                let is_checked = is_checked.entry(source).or_default();
                let one = std::slice::from_ref(source);
                *is_checked = *is_checked || hashed.inventory.has_any_below(one, &step.endings);
            }
        }
        if !is_checked.values().any(|is_checked| *is_checked) {
            // The checks themselves end with that error.
            return Vec::new();
        }
        // Another check of the project, which does not run now, may look at it.
        let is_planned = |check: &Check| self.plan.steps.iter().any(|step| step.id == check.id);
        let others: Vec<&Check> =
            self.context.config.checks.iter().filter(|check| !is_planned(check)).collect();
        let unchecked = is_checked.into_iter().filter(|(source, is_checked)| {
            !is_checked && !others.iter().any(|check| check.source.contains(source))
        });
        unchecked
            .map(|(source, _)| {
                format!("no check looks at `{source}`, which `source` in pipe.toml names")
            })
            .collect()
    }

    fn gather(
        self,
        outcomes: Vec<CheckOutcome>,
        resources: Option<&Resources<'_>>,
        mut warnings: Vec<String>,
    ) -> RunResult {
        // File sets of the same files share one list of them.
        let mut snapshots: BTreeMap<Hash, &Inventory> = BTreeMap::new();
        for (file_set, hashed) in &self.preflight.inventories {
            let copied = resources.and_then(|resources| resources.copied(file_set));
            let hashed = hashed.as_ref().ok().map(|hashed| (hashed.sources, &hashed.inventory));
            let Some((sources, inventory)) = copied.or(hashed) else { continue };
            warnings.extend(inventory.warnings.clone());
            snapshots.insert(sources, inventory);
        }
        warnings.extend(self.find_unchecked_sources());
        warnings
            .extend(resources.and_then(|resources| resources.context.warn_of_missing_base_lock()));
        warnings.extend(resources.into_iter().flat_map(|resources| resources.engine().notes()));
        warnings.sort();
        warnings.dedup();
        warnings.splice(..0, self.fixed.warnings);
        let inputs = outcomes.iter().filter_map(|outcome| outcome.inputs.as_ref());
        let platforms: BTreeSet<&String> = inputs.map(|inputs| &inputs.parts.platform).collect();
        let platform = platforms.into_iter().next().cloned();
        RunResult {
            platform,
            engine: resources.map(|resources| resources.engine().info()),
            warnings,
            snapshots: snapshots
                .into_iter()
                .map(|(sources, inventory)| (sources, inventory.hashes()))
                .collect(),
            changed_files: self.fixed.changed,
            outcomes,
        }
    }
}

fn has_not_passed(lookup: &Lookup) -> bool {
    match lookup {
        Lookup::Hit(hit) => hit.outcome.status != Status::Passed,
        Lookup::Failed(_) => true,
        Lookup::Miss => false,
    }
}

/// Records the inputs of each outcome, so that `cargo pipe why` can name a later difference.
/// Records how long the checks took that ran to their end.
fn record_durations(store: &ResultCache, project: &str, result: &RunResult) -> std::io::Result<()> {
    let has_run = |outcome: &&CheckOutcome| {
        outcome.cache != CacheUse::Hit
            && matches!(outcome.status, Status::Passed | Status::Findings)
    };
    let ran = result.outcomes.iter().filter(has_run);
    let ran = ran.map(|outcome| (&outcome.id, outcome.duration));
    Durations::record(store.home(), project, ran)
}

fn record_inputs(store: &ResultCache, project: &str, result: &RunResult) -> std::io::Result<()> {
    for outcome in &result.outcomes {
        let Some(inputs) = &outcome.inputs else { continue };
        if let Some(files) = result.snapshots.get(&inputs.ingredients.sources) {
            store.save_files(&inputs.ingredients.sources, files)?;
        }
        last_run::remember(store.home(), project, &outcome.id, inputs)?;
    }
    Ok(())
}

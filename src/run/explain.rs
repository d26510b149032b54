//! Answers `cargo pipe why` and `cargo pipe compare`.
//!
//! Neither runs a check. `why` starts no process; `compare` prepares an environment that is unknown
//! here.

use std::collections::{BTreeMap, BTreeSet};

use super::context::start_threads;
use super::environments::Recipes;
use super::history::History;
use super::per_file::Division;
use super::preflight::{Forecast, Preflight};
use super::resources::Resources;
use super::{Context, incremental, outcome};
use crate::cache::{CachedOutcome, Index, Key, Memory, ResultCache};
use crate::check::CachePolicy;
use crate::explanation::{Compared, Comparison, Expected, Sameness, Why};
use crate::fingerprint::diff::{self, Difference};
use crate::fingerprint::ingredients::{Ingredients, Inputs};
use crate::git;
use crate::outcome::{Reason, ReasonKind, Status};
use crate::plan::{Plan, Step};
use crate::project::ProjectPath;
use crate::report::json::{JsonCheck, JsonReport};

impl Context<'_> {
    /// Explains why the first check of a plan would run or not.
    ///
    /// # Errors
    ///
    /// When the check could not run.
    pub fn why(&self, plan: &Plan) -> Result<Why, Reason> {
        let Some(step) = plan.steps.first() else {
            return Err(Reason::new(ReasonKind::Internal, "the plan has no check to explain"));
        };
        let recipes = self.read_recipes(plan);
        let threads = start_threads(plan).map_err(|error| error.reason())?;
        threads.install(|| self.explainer(plan, &recipes)).explain(step)
    }

    /// Compares the inputs of a plan's checks here with those in a report.
    ///
    /// # Errors
    ///
    /// When the inputs here cannot be computed.
    pub fn compare(&self, plan: &Plan, report: &JsonReport) -> Result<Comparison, Reason> {
        let recipes = self.read_recipes(plan);
        let threads = start_threads(plan).map_err(|error| error.reason())?;
        let mut explainer = threads.install(|| self.explainer(plan, &recipes));
        threads.install(|| explainer.prepare_unknown(plan))?;
        let steps: BTreeMap<&str, &Step> =
            plan.steps.iter().map(|step| (step.id.as_str(), step)).collect();
        let comparer = Comparer { explainer: &explainer, report };
        let mut checks = Vec::new();
        for reported in &report.checks {
            let sameness = match steps.get(reported.name.as_str()) {
                None => Sameness::OnlyThere,
                Some(step) => comparer.compare(step, reported)?,
            };
            checks.push(Compared { check: reported.name.clone(), sameness });
        }
        Ok(Comparison { version: report.version.clone(), checks })
    }

    fn explainer<'r>(&'r self, plan: &'r Plan, recipes: &'r Recipes) -> Explainer<'r> {
        let index = Index::read(self.cache, &self.project.files_id());
        let preflight = Preflight::take(*self, plan, recipes, &index);
        Explainer { context: *self, recipes, preflight, store: self.open_cache(plan.cache) }
    }
}

/// The inputs of a plan's checks here, and the cache.
struct Explainer<'r> {
    context: Context<'r>,
    recipes: &'r Recipes,
    preflight: Preflight<'r>,
    store: ResultCache,
}

impl Explainer<'_> {
    /// Explains why a step would run or not.
    fn explain(&self, step: &Step) -> Result<Why, Reason> {
        let history = self.history();
        let last = history.last_inputs(step);
        let mut why = Why::of(step.id.clone());
        why.untracked = self.list_untracked(step);
        let Some(Forecast { inputs, environment, .. }) = self.preflight.forecast(step)? else {
            if let Some(last) = &last {
                // Assume that the base image has not changed.
                let like_last = self.preflight.forecast_like(step, &last.parts)?;
                why.since_last =
                    like_last.map(|forecast| history.diff(step, &forecast.inputs, last));
            }
            return Ok(why);
        };
        let fingerprint = inputs.ingredients.fingerprint();
        why.fingerprint = Some(fingerprint);
        why.environment = Some(environment);
        why.expected = self.expect(step, &Key::from_fingerprint(&fingerprint));
        if let Some(last) = &last {
            why.since_last = Some(history.diff(step, &inputs, last));
            let memory = self.find_memory(step, &last.ingredients);
            why.worked = memory.and_then(|memory| serde_json::from_str(&memory.summary).ok());
        }
        if why.expected == Expected::Miss {
            why.nearest = self.diff_nearest(step, &inputs);
        }
        Ok(why)
    }

    /// The files of a step that no commit has.
    fn list_untracked(&self, step: &Step) -> Vec<String> {
        let files = self.preflight.file_hashes(step).unwrap_or_default();
        let paths: Vec<ProjectPath> =
            files.keys().filter_map(|path| ProjectPath::new(path).ok()).collect();
        let root = &self.context.project.root;
        git::select_untracked(root, paths.iter()).into_iter().map(ToString::to_string).collect()
    }

    /// The memory that the run with these ingredients left.
    fn find_memory(&self, step: &Step, ingredients: &Ingredients) -> Option<Memory> {
        let key = if step.per_file {
            let files = self.store.files(&ingredients.sources)?.into_iter();
            let files =
                files.filter_map(|(path, hash)| Some((ProjectPath::new(&path).ok()?, hash)));
            Division::of(step, files).key(ingredients)
        } else {
            incremental::key(ingredients)
        };
        self.store.memory(&key, &ingredients.sources)
    }

    fn expect(&self, step: &Step, key: &Key) -> Expected {
        if outcome::lookup_cached(&self.store, step, key).is_some() {
            Expected::Hit
        } else if step.cache == CachePolicy::Never || !self.store.mode().replays() {
            Expected::Always
        } else {
            Expected::Miss
        }
    }

    /// The differences to the cached outcome of the same check that has the fewest of them.
    fn diff_nearest(&self, step: &Step, inputs: &Inputs) -> Option<Vec<Difference>> {
        let mut origins = self.store.origins();
        origins.retain(|origin| origin.check == step.id.as_str());
        let history = self.history();
        let differences = origins.iter().map(|origin| history.diff(step, inputs, &origin.inputs));
        differences.min_by_key(Vec::len)
    }

    fn history(&self) -> History<'_> {
        History { context: self.context, preflight: &self.preflight, store: &self.store }
    }

    /// Prepares the environments that are unknown.
    fn prepare_unknown(&mut self, plan: &Plan) -> Result<(), Reason> {
        let mut unknown = BTreeSet::new();
        for step in &plan.steps {
            if matches!(self.preflight.forecast(step), Ok(None)) {
                unknown.insert(&step.environment);
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let mut resources =
            Resources::open(self.context, plan, self.recipes).map_err(|error| error.reason())?;
        resources.prepare(&unknown).map_err(|error| error.reason())?;
        for preparation in resources.environments.values() {
            if let Err(error) = preparation {
                return Err(error.reason());
            }
        }
        self.preflight.learn(&resources.environments);
        Ok(())
    }
}

/// Compares checks here with those in a report.
struct Comparer<'r> {
    explainer: &'r Explainer<'r>,
    report: &'r JsonReport,
}

impl Comparer<'_> {
    fn compare(&self, step: &Step, reported: &JsonCheck) -> Result<Sameness, Reason> {
        let Explainer { preflight, store, .. } = self.explainer;
        let (Some(ingredients), Some(parts)) = (&reported.inputs, &reported.parts) else {
            return Ok(Sameness::Unknown("the report has no inputs for it".to_owned()));
        };
        let Some(Forecast { inputs, .. }) = preflight.forecast(step)? else {
            return Ok(Sameness::Unknown("its environment is unknown here".to_owned()));
        };
        if *ingredients != inputs.ingredients {
            let other = Inputs { ingredients: ingredients.clone(), parts: parts.clone() };
            let there = self.report.snapshots.get(&ingredients.sources);
            let here = preflight.file_hashes(step);
            let differences = diff::find_differences((&other, there), (&inputs, here.as_ref()));
            return Ok(Sameness::Different(differences));
        }
        let key = Key::from_fingerprint(&inputs.ingredients.fingerprint());
        match store.lookup(&key) {
            Some(cached) if !has_same_findings(&cached, reported) => Ok(Sameness::OnlyTheVerdict),
            _ => Ok(Sameness::Same),
        }
    }
}

/// Whether a cached outcome and a reported one have the same findings, gating or not. Failed tests do
/// not count, because a test can fail by chance.
fn has_same_findings(cached: &CachedOutcome, reported: &JsonCheck) -> bool {
    if !matches!(reported.outcome, Status::Passed | Status::Findings) {
        return true;
    }
    let here = cached.findings.iter().filter(|finding| finding.test.is_none());
    let there = reported.findings.iter().filter(|finding| finding.test.is_none());
    here.map(|finding| finding.fingerprint).eq(there.map(|finding| finding.fingerprint))
}

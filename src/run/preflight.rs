//! Looks for cached results before anything is started.
//!
//! Hashes the files that each check covers and combines them with what is known of its environment.
//! That gives the check's fingerprint, and with it a cache hit or a miss. No process is started here:
//! a run of hits alone needs no docker (`a_hit_starts_no_process` in `tests/cli/cache.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rayon::prelude::*;

use super::Context;
use super::environments::{Preparation, Recipes};
use super::outcome;
use super::step::{inputs_of, nothing_to_check};
use crate::cache::{Index, Key, ResultCache};
use crate::environment::{Recipe, ResolvedEnvironment};
use crate::explanation::ResolvedBy;
use crate::fingerprint::ingredients::{EnvironmentParts, Inputs, Parts};
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Reason, ReasonKind};
use crate::plan::{EnvironmentSpec, FileSet, Plan, Step};
use crate::snapshot::Inventory;

/// The inventories and environments of a plan, as far as they are known before anything is started.
pub(super) struct Preflight<'r> {
    context: Context<'r>,
    recipes: &'r Recipes,
    /// Identifies the engine that would be connected.
    engine: Hash,
    /// The environments that were prepared in this run.
    prepared: BTreeMap<EnvironmentSpec, ResolvedEnvironment>,
    pub(super) inventories: BTreeMap<&'r FileSet, Result<HashedInventory, Reason>>,
}

/// The inventory of a file set, and the hash of it.
pub(super) struct HashedInventory {
    pub(super) inventory: Inventory,
    pub(super) sources: Hash,
}

/// The result of looking for a step in the cache.
pub(super) enum Lookup {
    /// The cache has its outcome.
    Hit(Box<Hit>),
    /// The step cannot run, for this reason.
    Failed(Reason),
    /// The step has to run.
    Miss,
}

/// A cached outcome, with the base image that its fingerprint rests on.
pub(super) struct Hit {
    pub(super) outcome: CheckOutcome,
    /// The name of the base image.
    pub(super) image: String,
    /// The hash of the base image, as it is remembered.
    pub(super) base: Hash,
}

/// The inputs that a step would have if it ran now.
pub(super) struct Forecast<'r> {
    pub(super) inputs: Inputs,
    pub(super) recipe: &'r Recipe,
    /// The source of what is known of its environment.
    pub(super) environment: ResolvedBy,
}

impl Context<'_> {
    /// Refuses an inventory that would have a file whose content is withheld.
    fn refuse_withheld(&self, inventory: Inventory) -> Result<Inventory, Reason> {
        let missing = inventory.left_out.iter().find_map(|path| {
            let why = self.withheld.get(path)?;
            let hint = format!(
                "add it to `exclude` in pipe.toml: \"/{path}\"; `git commit --no-verify` commits \
                 without checks"
            );
            Some(
                Reason::new(ReasonKind::Config, format!("{why}, which only git can apply"))
                    .with_hint(hint),
            )
        });
        missing.map_or(Ok(inventory), Err)
    }
}

impl<'r> Preflight<'r> {
    /// Takes the inventories of a plan.
    pub(super) fn take(
        context: Context<'r>,
        plan: &'r Plan,
        recipes: &'r Recipes,
        index: &Index,
    ) -> Preflight<'r> {
        let wanted: BTreeSet<&FileSet> = plan.steps.iter().map(|step| &step.file_set).collect();
        let taken = Inventory::take_each(&context.project.root, &wanted, index, context.cancel);
        let inventories = taken
            .into_par_iter()
            .map(|(file_set, taken)| {
                let taken = taken.map_err(|error| error.reason());
                let complete = taken.and_then(|inventory| context.refuse_withheld(inventory));
                let hashed = complete
                    .map(|inventory| HashedInventory { sources: inventory.hash(), inventory });
                (file_set, hashed)
            })
            .collect();
        let engine = context.identify_engine();
        Preflight { context, recipes, engine, prepared: BTreeMap::new(), inventories }
    }

    /// Accepts environments that were prepared meanwhile, whether or not they are remembered.
    pub(super) fn learn(&mut self, environments: &BTreeMap<EnvironmentSpec, Preparation>) {
        for (environment, preparation) in environments {
            if let Ok(prepared) = preparation {
                self.prepared.insert(environment.clone(), prepared.resolved.clone());
            }
        }
    }

    /// Looks up the outcome of a step in the cache.
    pub(super) fn lookup(&self, store: &ResultCache, step: &Step) -> Lookup {
        let started = Instant::now();
        let Forecast { inputs, recipe, .. } = match self.forecast(step) {
            Ok(Some(forecast)) => forecast,
            Ok(None) => return Lookup::Miss,
            Err(reason) => return Lookup::Failed(reason),
        };
        let key = Key::from_fingerprint(&inputs.ingredients.fingerprint());
        let Some(cached) = outcome::lookup_cached(store, step, &key) else {
            return Lookup::Miss;
        };
        let Ok(HashedInventory { inventory, .. }) = self.hashed_inventory(step) else {
            return Lookup::Miss;
        };
        let base = inputs.parts.environment.base;
        let mut outcome = outcome::from_cache(step, cached, inputs);
        outcome.tool_version = recipe.version().map(str::to_owned);
        self.context.mark_flaky(&mut outcome);
        self.context.warn_of_unseen_imports(&mut outcome, inventory, step);
        outcome.duration = started.elapsed();
        Lookup::Hit(Box::new(Hit { outcome, image: recipe.base.clone(), base }))
    }

    /// Computes the inputs that a step would have if it ran now; none if its environment is unknown.
    pub(super) fn forecast(&self, step: &Step) -> Result<Option<Forecast<'r>>, Reason> {
        self.forecast_in(step, |recipe| {
            let prepared = self.prepared.get(&step.environment).cloned();
            prepared.or_else(|| self.context.resolve_environment(&self.engine, recipe))
        })
    }

    /// Computes the inputs of a step as if its environment had the base image of another run.
    pub(super) fn forecast_like(
        &self,
        step: &Step,
        run: &Parts,
    ) -> Result<Option<Forecast<'r>>, Reason> {
        let Parts { environment: EnvironmentParts { base, python, .. }, platform, .. } = run;
        self.forecast_in(step, |recipe| {
            let (python, platform) = (python.clone(), platform.clone());
            let origin = ResolvedBy::Predicted;
            Some(ResolvedEnvironment::on_base(recipe, *base, python, platform, origin))
        })
    }

    fn forecast_in(
        &self,
        step: &Step,
        resolve: impl Fn(&Recipe) -> Option<ResolvedEnvironment>,
    ) -> Result<Option<Forecast<'r>>, Reason> {
        super::step::find_missing_secret(step)?;
        let HashedInventory { inventory, sources } = self.hashed_inventory(step)?;
        if !inventory.has_any_below(&step.source, &step.endings) {
            return Err(nothing_to_check(step));
        }
        let recipe = match self.recipes.get(&step.environment) {
            Some(Ok(recipe)) => recipe,
            Some(Err(error)) => return Err(error.reason()),
            None => return Ok(None),
        };
        let config = self.context.read_config(step)?;
        let Some(environment) = resolve(recipe) else {
            return Ok(None);
        };
        let origin = environment.origin;
        let inputs = inputs_of(step, environment, *sources, config.as_deref());
        Ok(Some(Forecast { inputs, recipe, environment: origin }))
    }

    /// The hashes of the files that a step sees.
    pub(super) fn file_hashes(&self, step: &Step) -> Option<BTreeMap<String, Hash>> {
        Some(self.hashed_inventory(step).ok()?.inventory.hashes())
    }

    fn hashed_inventory(&self, step: &Step) -> Result<&HashedInventory, Reason> {
        match self.inventories.get(&step.file_set) {
            Some(hashed) => hashed.as_ref().map_err(Reason::clone),
            None => unreachable!("inventories are taken of the file sets of all steps"),
        }
    }
}

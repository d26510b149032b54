//! What can be known of a run before anything is started.
//!
//! Owns the files that its steps see, hashed but not copied, and what their environments were found
//! to be the last time; from both follow fingerprints, and outcomes that the cache has. It must
//! start no process. What is not found here is done by [`super::step`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rayon::prelude::*;

use super::inputs;
use super::resources::{Recipes, identify, resolve};
use super::{Context, Preparation, outcome, snapshot_reason};
use crate::cache::{Index, Key, ResultCache};
use crate::environment::{Recipe, ResolvedBy, ResolvedEnvironment};
use crate::fingerprint::ingredients::{EnvironmentParts, Inputs, Parts};
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Reason};
use crate::plan::{EnvironmentSpec, FileSet, Plan, Step};
use crate::snapshot::{Inventory, SnapshotError};

/// What can be known of a run before anything is started.
pub(super) struct Preflight<'p> {
    recipes: &'p Recipes,
    /// Which engine would be connected.
    engine: Hash,
    /// The environments that were prepared in this run.
    prepared: BTreeMap<EnvironmentSpec, ResolvedEnvironment>,
    pub(super) inventories: BTreeMap<&'p FileSet, Result<Surveyed, Reason>>,
}

/// The files that steps of the same file set see.
pub(super) struct Surveyed {
    pub(super) inventory: Inventory,
    /// Its hash.
    pub(super) sources: Hash,
}

/// What became of looking for a step's outcome.
pub(super) enum Lookup {
    /// The cache has it.
    Hit(Box<Hit>),
    /// It cannot run, for this reason.
    Failed(Reason),
    /// It has to run.
    Miss,
}

/// An outcome of the cache.
pub(super) struct Hit {
    pub(super) outcome: CheckOutcome,
    /// The name of the image that its environment is based on.
    pub(super) image: String,
    /// What that image was said to hold.
    pub(super) base: Hash,
}

impl<'p> Preflight<'p> {
    /// Takes the inventories of a plan.
    pub(super) fn of(
        context: Context<'_>,
        plan: &'p Plan,
        recipes: &'p Recipes,
        index: &Index,
    ) -> Preflight<'p> {
        let wanted: BTreeSet<&FileSet> = plan.steps.iter().map(|step| &step.file_set).collect();
        let taken = Inventory::take_each(&context.project.root, &wanted, index, context.cancel);
        let surveyed = |(file_set, taken): (&'p FileSet, Result<Inventory, SnapshotError>)| {
            let surveyed = taken.map(|inventory| Surveyed { sources: inventory.hash(), inventory });
            (file_set, surveyed.map_err(|error| snapshot_reason(&error)))
        };
        let inventories = taken.into_par_iter().map(surveyed).collect();
        let engine = identify(context);
        Preflight { recipes, engine, prepared: BTreeMap::new(), inventories }
    }

    /// Takes note of environments that were prepared meanwhile, whether that is kept or not.
    pub(super) fn learn(&mut self, environments: &BTreeMap<EnvironmentSpec, Preparation>) {
        for (environment, prepared) in environments {
            if let Ok(prepared) = prepared {
                self.prepared.insert(environment.clone(), prepared.resolved.clone());
            }
        }
    }

    /// Looks for the outcome of a step.
    pub(super) fn look(&self, context: Context<'_>, store: &ResultCache, step: &Step) -> Lookup {
        let started = Instant::now();
        let prospect = match self.prospect(context, step) {
            Ok(Some(prospect)) => prospect,
            Ok(None) => return Lookup::Miss,
            Err(reason) => return Lookup::Failed(reason),
        };
        let key = Key::of(&prospect.inputs.ingredients.fingerprint());
        let Some(kept) = outcome::replayable(store, step, &key) else {
            return Lookup::Miss;
        };
        let Ok(surveyed) = self.surveyed(step) else {
            return Lookup::Miss;
        };
        let version = prospect.recipe.version();
        let base = prospect.inputs.parts.environment.base;
        let mut outcome = outcome::replayed(step, kept, prospect.inputs);
        outcome::hint(context, &mut outcome, &surveyed.inventory, step);
        outcome.tool_version = version.map(str::to_owned);
        outcome.duration = started.elapsed();
        let Recipe { base: image, .. } = prospect.recipe;
        Lookup::Hit(Box::new(Hit { outcome, image: image.clone(), base }))
    }

    /// What a step would be made from if it ran now; none if nobody knows what its environment is.
    pub(super) fn prospect(
        &self,
        context: Context<'_>,
        step: &Step,
    ) -> Result<Option<Prospect<'p>>, Reason> {
        self.prospect_in(context, step, |recipe| {
            let prepared = self.prepared.get(&step.environment).cloned();
            prepared.or_else(|| resolve(context, &self.engine, recipe))
        })
    }

    /// The same if its environment is based on what that of another run was.
    pub(super) fn prospect_like(
        &self,
        context: Context<'_>,
        step: &Step,
        run: &Parts,
    ) -> Result<Option<Prospect<'p>>, Reason> {
        let Parts { environment: EnvironmentParts { base, python, .. }, platform, .. } = run;
        self.prospect_in(context, step, |recipe| {
            let (python, platform) = (python.clone(), platform.clone());
            let origin = ResolvedBy::Predicted;
            Some(ResolvedEnvironment::on_base(recipe, *base, python, platform, origin))
        })
    }

    fn prospect_in(
        &self,
        context: Context<'_>,
        step: &Step,
        resolve: impl Fn(&Recipe) -> Option<ResolvedEnvironment>,
    ) -> Result<Option<Prospect<'p>>, Reason> {
        let surveyed = self.surveyed(step)?;
        if !surveyed.inventory.has_any_below(&step.source, &step.endings) {
            return Err(inputs::nothing_to_check(step));
        }
        let recipe = match self.recipes.get(&step.environment) {
            Some(Ok(recipe)) => recipe,
            Some(Err(error)) => return Err(error.reason()),
            None => return Ok(None),
        };
        let config = inputs::config(context, step)?;
        let Some(environment) = resolve(recipe) else {
            return Ok(None);
        };
        let inputs = inputs::of(step, surveyed.sources, config.as_deref(), environment);
        Ok(Some(Prospect { inputs, recipe }))
    }

    /// The files that a step sees.
    pub(super) fn files(&self, step: &Step) -> Option<BTreeMap<String, Hash>> {
        Some(self.surveyed(step).ok()?.inventory.hashes())
    }

    fn surveyed(&self, step: &Step) -> Result<&Surveyed, Reason> {
        match self.inventories.get(&step.file_set) {
            Some(surveyed) => surveyed.as_ref().map_err(Reason::clone),
            None => unreachable!("inventories are taken of the file sets of all steps"),
        }
    }
}

/// What a step would be made from if it ran now.
pub(super) struct Prospect<'p> {
    pub(super) inputs: Inputs,
    pub(super) recipe: &'p Recipe,
}

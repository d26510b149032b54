//! What can be known of a run before anything is started.
//!
//! Owns the files that its steps see, hashed but not copied, and what their environments were found
//! to be the last time; from both follow fingerprints, and outcomes that the cache has. It must
//! start no process. What is not found here is done by [`super::step`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rayon::prelude::*;

use super::inputs::{self, Surroundings};
use super::resources::{Blueprints, identify, identity, recall};
use super::{Preparation, World, outcome, snapshot_reason};
use crate::cache::{Index, Key, Store};
use crate::environment::Blueprint;
use crate::environment::remembered::Identity;
use crate::fingerprint::ingredients::{EnvironmentParts, Inputs, Parts};
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Reason};
use crate::plan::{Coverage, Environment, Plan, Step};
use crate::snapshot::{Inventory, SnapshotError};

/// What can be known of a run before anything is started.
pub(super) struct Survey<'p> {
    blueprints: &'p Blueprints,
    /// Which engine would be connected.
    engine: Hash,
    /// What environments were found to be in this run.
    found: BTreeMap<Environment, Identity>,
    pub(super) inventories: BTreeMap<&'p Coverage, Result<Surveyed, Reason>>,
}

/// The files that steps of equal coverage see.
pub(super) struct Surveyed {
    pub(super) inventory: Inventory,
    /// Its hash.
    pub(super) sources: Hash,
}

/// What became of looking for a step's outcome.
pub(super) enum Looked {
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

impl<'p> Survey<'p> {
    /// Takes the inventories of a plan.
    pub(super) fn of(
        world: World<'_>,
        plan: &'p Plan,
        blueprints: &'p Blueprints,
        index: &Index,
    ) -> Survey<'p> {
        let wanted: BTreeSet<&Coverage> = plan.steps.iter().map(|step| &step.coverage).collect();
        let taken = Inventory::take_each(&world.project.root, &wanted, index, world.cancel);
        let surveyed = |(coverage, taken): (&'p Coverage, Result<Inventory, SnapshotError>)| {
            let surveyed = taken.map(|inventory| Surveyed { sources: inventory.hash(), inventory });
            (coverage, surveyed.map_err(|error| snapshot_reason(&error)))
        };
        let inventories = taken.into_par_iter().map(surveyed).collect();
        let engine = identify(world);
        Survey { blueprints, engine, found: BTreeMap::new(), inventories }
    }

    /// Takes note of environments that were prepared meanwhile, whether that is kept or not.
    pub(super) fn learn(&mut self, environments: &BTreeMap<Environment, Preparation>) {
        let found = environments.iter().filter_map(|(environment, prepared)| {
            Some((environment.clone(), identity(prepared.as_ref().ok()?)))
        });
        self.found.extend(found);
    }

    /// Looks for the outcome of a step.
    pub(super) fn look(&self, world: World<'_>, store: &Store, step: &Step) -> Looked {
        let started = Instant::now();
        let prospect = match self.prospect(world, step) {
            Ok(Some(prospect)) => prospect,
            Ok(None) => return Looked::Miss,
            Err(reason) => return Looked::Failed(reason),
        };
        let key = Key::of(&prospect.inputs.ingredients.fingerprint());
        let Some(kept) = outcome::replayable(store, step, &key) else {
            return Looked::Miss;
        };
        let Ok(surveyed) = self.surveyed(step) else {
            return Looked::Miss;
        };
        let version = prospect.blueprint.version();
        let mut outcome = outcome::replayed(step, kept, prospect.inputs);
        outcome::hint(world, &mut outcome, &surveyed.inventory, step);
        outcome.tool_version = version.map(str::to_owned);
        outcome.duration = started.elapsed();
        let Blueprint { base: image, .. } = prospect.blueprint;
        Looked::Hit(Box::new(Hit { outcome, image: image.clone(), base: prospect.identity.base }))
    }

    /// What a step would be made from if it ran now; none if nobody knows what its environment is.
    pub(super) fn prospect(
        &self,
        world: World<'_>,
        step: &Step,
    ) -> Result<Option<Prospect<'p>>, Reason> {
        self.prospect_in(world, step, |blueprint| {
            let found = self.found.get(&step.environment).cloned();
            found.or_else(|| recall(world, &self.engine, blueprint))
        })
    }

    /// The same if its environment is based on what that of another run was.
    pub(super) fn prospect_like(
        &self,
        world: World<'_>,
        step: &Step,
        run: &Parts,
    ) -> Result<Option<Prospect<'p>>, Reason> {
        let Parts { environment: EnvironmentParts { base, python, .. }, platform, .. } = run;
        self.prospect_in(world, step, |blueprint| {
            let (python, platform) = (python.clone(), platform.clone());
            Some(Identity { hash: blueprint.hash(base), base: *base, python, platform })
        })
    }

    fn prospect_in(
        &self,
        world: World<'_>,
        step: &Step,
        identity: impl Fn(&Blueprint) -> Option<Identity>,
    ) -> Result<Option<Prospect<'p>>, Reason> {
        let surveyed = self.surveyed(step)?;
        if !surveyed.inventory.has_any_below(&step.source, &step.endings) {
            return Err(inputs::nothing_to_check(step));
        }
        let blueprint = match self.blueprints.get(&step.environment) {
            Some(Ok(blueprint)) => blueprint,
            Some(Err(error)) => return Err(error.reason()),
            None => return Ok(None),
        };
        let config = inputs::config(world, step)?;
        let Some(identity) = identity(blueprint) else {
            return Ok(None);
        };
        let surroundings = Surroundings {
            hash: identity.hash,
            platform: identity.platform.clone(),
            parts: blueprint.parts(identity.base, identity.python.clone()),
        };
        let inputs = inputs::of(step, surveyed.sources, config.as_deref(), surroundings);
        Ok(Some(Prospect { inputs, blueprint, identity }))
    }

    /// The files that a step sees.
    pub(super) fn files(&self, step: &Step) -> Option<BTreeMap<String, Hash>> {
        Some(self.surveyed(step).ok()?.inventory.hashes())
    }

    fn surveyed(&self, step: &Step) -> Result<&Surveyed, Reason> {
        match self.inventories.get(&step.coverage) {
            Some(surveyed) => surveyed.as_ref().map_err(Reason::clone),
            None => unreachable!("inventories are taken of the coverages of all steps"),
        }
    }
}

/// What a step would be made from if it ran now.
pub(super) struct Prospect<'p> {
    pub(super) inputs: Inputs,
    pub(super) blueprint: &'p Blueprint,
    pub(super) identity: Identity,
}

//! What is started for a run.
//!
//! Owns the run's folder, and the engine and the environments once they are needed: a run whose
//! outcomes are all known has none. It must not know what is done in it; [`super::schedule`] and
//! [`super::fix`] do that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rayon::prelude::*;

use super::preflight::Survey;
use super::{Copied, Directory, Preparation, Snapshot, World, connect, snapshot_reason, step};
use crate::cache::{Index, Store};
use crate::engine::{self, Engine, EngineError, Prepared};
use crate::environment::remembered::{self, Identity};
use crate::environment::{self, BaseLock, Blueprint, Promise, recipe};
use crate::hash::Hash;
use crate::outcome::Reason;
use crate::plan::{Coverage, Environment, Plan, Step};
use crate::snapshot::{self, Inventory};

/// What is started for a run. The engine goes before its folder does.
pub(super) struct Workshop<'a> {
    engine: Option<Box<dyn Engine + 'a>>,
    pub(super) environments: BTreeMap<Environment, Preparation>,
    copies: BTreeMap<Coverage, Copied>,
    pub(super) directory: Directory,
    longest: Duration,
    remembers: bool,
}

/// What each environment of a plan is made from, or why that cannot be said.
pub(super) type Blueprints = BTreeMap<Environment, Result<Blueprint, Arc<EngineError>>>;

/// Reads what the environments of a plan are made from.
pub(super) fn blueprints(world: World<'_>, plan: &Plan) -> Blueprints {
    let mut wanted: BTreeMap<&Environment, BTreeSet<_>> = BTreeMap::new();
    for step in plan.every_step() {
        wanted.entry(&step.environment).or_default().extend(&step.grants);
    }
    let read = |(environment, grants): (&Environment, BTreeSet<_>)| {
        let read = Blueprint::read(&world.project.root, world.config, environment, &grants);
        (environment.clone(), read.map_err(|error| Arc::new(EngineError::from(error))))
    };
    wanted.into_iter().map(read).collect()
}

impl<'a> Workshop<'a> {
    /// A folder to work in, and nothing started yet.
    pub(super) fn open(world: World<'_>, plan: &Plan) -> Result<Workshop<'a>, EngineError> {
        Ok(Workshop {
            engine: None,
            environments: BTreeMap::new(),
            copies: BTreeMap::new(),
            directory: Directory::create(world.scratch)?,
            longest: super::longest(plan),
            remembers: plan.cache.keeps(),
        })
    }

    /// The engine, once anything was prepared.
    pub(super) fn engine(&self) -> &(dyn Engine + 'a) {
        match &self.engine {
            Some(engine) => &**engine,
            None => unreachable!("nothing runs before its environment was prepared"),
        }
    }

    /// Prepares environments, as far as that was not done yet, and remembers what they are.
    pub(super) fn prepare(
        &mut self,
        world: World<'a>,
        blueprints: &Blueprints,
        wanted: &BTreeSet<&Environment>,
    ) -> Result<(), EngineError> {
        if self.engine.is_none() {
            self.engine = Some(connect(world, &self.directory, self.longest)?);
        }
        let mut missing = Vec::new();
        for environment in wanted {
            match blueprints.get(*environment) {
                _ if self.environments.contains_key(*environment) => {}
                Some(Ok(blueprint)) => missing.push(blueprint.clone()),
                Some(Err(error)) => {
                    self.environments.insert((*environment).clone(), Err(Arc::clone(error)));
                }
                None => {}
            }
        }
        let prepared = match missing.is_empty() {
            true => Vec::new(),
            false => self.engine().prepare(&missing),
        };
        let prepared = match world.config.offline {
            true => engine::missing::listed(&missing, prepared),
            false => prepared,
        };
        let engine = identify(world);
        for (blueprint, prepared) in missing.into_iter().zip(prepared) {
            if let Ok(found) = prepared.as_ref()
                && self.remembers
            {
                let (makings, found) = (makings(world, &engine, &blueprint), identity(found));
                // What is not remembered is asked for again.
                let _ = remembered::remember(world.cache, &makings, &found);
            }
            self.environments.insert(blueprint.environment, prepared);
        }
        Ok(())
    }

    /// Prepares what these steps run in while the files are copied that they see.
    pub(super) fn furnish(
        &mut self,
        world: World<'a>,
        blueprints: &Blueprints,
        survey: &Survey<'_>,
        steps: &[&Step],
    ) -> Result<(), EngineError> {
        let environments = steps.iter().map(|step| &step.environment).collect();
        let coverages: BTreeSet<&Coverage> = steps.iter().map(|step| &step.coverage).collect();
        let missing: Vec<&Coverage> =
            coverages.into_iter().filter(|it| !self.copies.contains_key(*it)).collect();
        let (folder, copied) = (self.directory.path().to_owned(), self.copies.len());
        let copy = || -> Vec<(Coverage, Copied)> {
            let numbered = missing.into_par_iter().enumerate();
            numbered
                .map(|(number, coverage)| {
                    let folder = folder.join(format!("app-{}", copied + number));
                    (coverage.clone(), self::copy(world, coverage, survey, &folder))
                })
                .collect()
        };
        let (prepared, copies) =
            rayon::join(|| self.prepare(world, blueprints, &environments), copy);
        self.copies.extend(copies);
        prepared
    }

    /// A step with all that it needs to run.
    pub(super) fn ready<'s>(
        &'s self,
        world: World<'_>,
        step: &'s Step,
        store: Option<&Store>,
    ) -> Result<step::Ready<'s>, Reason> {
        let environment = self.environments.get(&step.environment);
        let copied = self.copies.get(&step.coverage);
        let folder = &self.directory.path().join(step.check.as_str());
        step::Ready::of(world, step, &step::Supply { environment, copied, folder, store })
    }

    /// What these files turned out to be when they were copied, and the hash of all of them.
    pub(super) fn copied(&self, coverage: &Coverage) -> Option<(Hash, &Inventory)> {
        let snapshot = self.copies.get(coverage)?.as_ref().ok()?;
        Some((snapshot.tree.hash, &snapshot.inventory))
    }

    /// What bases were found to be, by their names.
    pub(super) fn bases<'s>(&'s self, blueprints: &'s Blueprints) -> BTreeMap<&'s str, Hash> {
        let base = |(environment, prepared): (&Environment, &'s Preparation)| {
            let blueprint = blueprints.get(environment)?.as_ref().ok()?;
            Some((blueprint.base.as_str(), prepared.as_ref().ok()?.parts.base))
        };
        self.environments.iter().filter_map(base).collect()
    }
}

/// Copies files that were surveyed, and looks at them again if they have changed since.
fn copy(world: World<'_>, coverage: &Coverage, survey: &Survey<'_>, folder: &Path) -> Copied {
    let root = &world.project.root;
    let surveyed = survey.inventories.get(coverage).and_then(|it| it.as_ref().ok());
    let first = std::cell::Cell::new(surveyed.map(|it| it.inventory.clone()));
    let take = || match first.take() {
        Some(inventory) => Ok(inventory),
        None => Inventory::take(root, coverage, &Index::none(), world.cancel),
    };
    let (inventory, tree) = snapshot::copy(root, folder, world.cancel, take)
        .map_err(|error| snapshot_reason(&error))?;
    Ok(Snapshot { inventory, tree })
}

/// What is remembered of an environment, or else what the project's locks promise, so that nobody
/// has to be asked what it is.
pub(super) fn recall(world: World<'_>, engine: &Hash, blueprint: &Blueprint) -> Option<Identity> {
    remembered::recall(world.cache, &makings(world, engine, blueprint)).or_else(|| {
        // A lock that cannot be read is told of by the engine that needs it.
        let lock = BaseLock::read(&base_lock(world)).ok()?;
        let promise = environment::promised(
            world.config,
            engine::local_platform(world.variables),
            &lock,
            blueprint,
        )?;
        let Promise { hash, base, python, platform } = promise;
        Some(Identity { hash, base, python: Some(python), platform })
    })
}

/// What an environment was found to be.
pub(super) fn identity(prepared: &Prepared) -> Identity {
    Identity {
        hash: prepared.hash,
        base: prepared.parts.base,
        python: prepared.parts.python.clone(),
        platform: prepared.platform.clone(),
    }
}

/// Which engine would be connected.
pub(super) fn identify(world: World<'_>) -> Hash {
    engine::identify(world.config, world.variables, &base_lock(world))
}

fn base_lock(world: World<'_>) -> PathBuf {
    recipe::base_lock_path(world.config).on_disk(&world.project.root)
}

/// Everything that decides what an environment is, but for what only its engine knows.
fn makings(world: World<'_>, engine: &Hash, blueprint: &Blueprint) -> Hash {
    blueprint.makings(engine, world.config.platform.as_deref())
}

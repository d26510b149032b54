//! The resources of a run, made on demand: its folder, engine, environments and snapshots.
//!
//! A run whose outcomes are all cached makes none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rayon::prelude::*;

use super::environments::{Preparation, Recipes};
use super::preflight::Preflight;
use super::snapshot::Snapshot;
use super::step::{ReadyStep, StepResources};
use super::{Context, Directory};
use crate::cache::ResultCache;
use crate::config::{CacheMode, EngineChoice};
use crate::engine::{self, Engine, EngineError};
use crate::hash::Hash;
use crate::outcome::Reason;
use crate::plan::{EnvironmentSpec, FileSet, Plan, Step};
use crate::snapshot::{Inventory, KeptCopy};

/// The resources of a run. The engine is dropped before the folder that it works in.
pub(super) struct Resources<'r> {
    pub(super) context: Context<'r>,
    recipes: &'r Recipes,
    engine: Option<Box<dyn Engine + 'r>>,
    pub(super) environments: BTreeMap<EnvironmentSpec, Preparation>,
    snapshots: BTreeMap<FileSet, Result<Snapshot, Reason>>,
    pub(super) directory: Directory,
    /// A folder with a short path, if that of `directory` is too long for temporary files of jobs.
    short: Option<Directory>,
    longest: Duration,
    remembers: bool,
    keeps_snapshots: bool,
}

impl<'r> Resources<'r> {
    /// Creates the folder of a run. Nothing is started yet.
    pub(super) fn open(
        context: Context<'r>,
        plan: &Plan,
        recipes: &'r Recipes,
    ) -> Result<Resources<'r>, EngineError> {
        let directory = Directory::create(context.scratch)?;
        let needs_short = matches!(context.config.engine, EngineChoice::Auto | EngineChoice::Venv);
        let short = if needs_short { directory.create_short() } else { None };
        Ok(Resources {
            context,
            recipes,
            engine: None,
            environments: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            directory,
            short,
            longest: plan.longest_timeout(),
            remembers: plan.cache.keeps(),
            keeps_snapshots: plan.cache == CacheMode::On,
        })
    }

    /// The engine, which is connected as soon as an environment was prepared.
    pub(super) fn engine(&self) -> &(dyn Engine + 'r) {
        match &self.engine {
            Some(engine) => &**engine,
            None => unreachable!("nothing runs before its environment was prepared"),
        }
    }

    /// Prepares the environments that were not prepared yet, and remembers them.
    pub(super) fn prepare(
        &mut self,
        wanted: &BTreeSet<&EnvironmentSpec>,
    ) -> Result<(), EngineError> {
        if self.engine.is_none() {
            let mut options = self.context.engine_options(&self.directory, self.longest);
            if let Some(short) = &self.short {
                short.path().clone_into(&mut options.temporary);
            }
            self.engine = Some(self.context.connect_engine(options)?);
        }
        let mut missing = Vec::new();
        for environment in wanted {
            if self.environments.contains_key(*environment) {
                continue;
            }
            match self.recipes.get(*environment) {
                Some(Ok(recipe)) => missing.push(recipe.clone()),
                Some(Err(error)) => {
                    self.environments.insert((*environment).clone(), Err(Arc::clone(error)));
                }
                None => {}
            }
        }
        let mut prepared =
            if missing.is_empty() { Vec::new() } else { self.engine().prepare(&missing) };
        if self.context.config.offline {
            prepared = engine::offline::list_missing(&missing, prepared);
        }
        let engine = self.context.identify_engine();
        for (recipe, preparation) in missing.into_iter().zip(prepared) {
            if let Ok(prepared) = &preparation
                && self.remembers
            {
                self.context.remember_environment(&engine, &recipe, &prepared.resolved);
            }
            self.environments.insert(recipe.environment, preparation);
        }
        Ok(())
    }

    /// Prepares the environments of these steps, and copies the files that they see meanwhile.
    pub(super) fn furnish(
        &mut self,
        preflight: &Preflight<'_>,
        steps: &[&Step],
    ) -> Result<(), EngineError> {
        let environments = steps.iter().map(|step| &step.environment).collect();
        let mut file_sets: BTreeSet<&FileSet> = steps.iter().map(|step| &step.file_set).collect();
        file_sets.retain(|file_set| !self.snapshots.contains_key(*file_set));
        let context = self.context;
        let folder = self.directory.path().to_owned();
        let first = self.snapshots.len();
        let keeps = self.keeps_snapshots;
        let copy = |(number, file_set): (usize, &FileSet)| {
            let hashed =
                preflight.inventories.get(file_set).and_then(|hashed| hashed.as_ref().ok());
            let inventory = hashed.map(|hashed| &hashed.inventory);
            let folder = folder.join(format!("app-{}", first + number));
            let kept = if keeps { context.take_kept_copy(file_set, &folder) } else { None };
            (file_set.clone(), Snapshot::take(&context, file_set, inventory, &folder, kept))
        };
        let copy_all = || -> Vec<_> {
            let file_sets: Vec<&FileSet> = file_sets.into_iter().collect();
            file_sets.into_par_iter().enumerate().map(copy).collect()
        };
        let (prepared, snapshots) = rayon::join(|| self.prepare(&environments), copy_all);
        self.snapshots.extend(snapshots);
        if prepared.is_ok() && !self.engine().info().has_sandbox() {
            // A check that can write to a copy could change it in its own way.
            let kept = self.snapshots.values().flatten().filter_map(|it| it.kept.as_ref());
            kept.for_each(KeptCopy::discard);
        }
        prepared
    }

    /// Gathers everything that a step needs to run.
    pub(super) fn make_ready<'s>(
        &'s self,
        step: &'s Step,
        store: Option<&ResultCache>,
    ) -> Result<ReadyStep<'s>, Reason> {
        let resources = StepResources {
            context: self.context,
            engine: self.engine(),
            environment: self.environments.get(&step.environment),
            snapshot: self.snapshots.get(&step.file_set),
            folder: &self.directory.path().join(step.id.to_file_name()),
            store,
        };
        resources.make_ready(step)
    }

    /// The inventory of a file set as it was copied, and the hash of it.
    pub(super) fn copied(&self, file_set: &FileSet) -> Option<(Hash, &Inventory)> {
        let snapshot = self.snapshots.get(file_set)?.as_ref().ok()?;
        Some((snapshot.tree.hash, &snapshot.inventory))
    }

    /// The hashes of the base images of the prepared environments, by the images' names.
    pub(super) fn base_hashes(&self) -> BTreeMap<&str, Hash> {
        let mut bases = BTreeMap::new();
        for (environment, preparation) in &self.environments {
            if let (Some(Ok(recipe)), Ok(prepared)) = (self.recipes.get(environment), preparation) {
                bases.insert(recipe.base.as_str(), prepared.resolved.parts.base);
            }
        }
        bases
    }
}

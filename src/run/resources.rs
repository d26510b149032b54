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

use super::preflight::Preflight;
use super::{Context, Copied, Directory, Preparation, Snapshot, connect, snapshot_reason, step};
use crate::cache::{Index, ResultCache};
use crate::engine::{self, Engine, EngineError};
use crate::environment::{self, BaseLock, Recipe, ResolvedEnvironment, recipe, remembered};
use crate::hash::Hash;
use crate::outcome::Reason;
use crate::plan::{EnvironmentSpec, FileSet, Plan, Step};
use crate::snapshot::{self, Inventory};

/// What is started for a run. The engine goes before its folder does.
pub(super) struct Resources<'a> {
    engine: Option<Box<dyn Engine + 'a>>,
    pub(super) environments: BTreeMap<EnvironmentSpec, Preparation>,
    copies: BTreeMap<FileSet, Copied>,
    pub(super) directory: Directory,
    longest: Duration,
    remembers: bool,
}

/// What each environment of a plan is made from, or why that cannot be said.
pub(super) type Recipes = BTreeMap<EnvironmentSpec, Result<Recipe, Arc<EngineError>>>;

/// Reads what the environments of a plan are made from.
pub(super) fn recipes(context: Context<'_>, plan: &Plan) -> Recipes {
    let mut wanted: BTreeMap<&EnvironmentSpec, BTreeSet<_>> = BTreeMap::new();
    for step in plan.every_step() {
        wanted.entry(&step.environment).or_default().extend(&step.grants);
    }
    let read = |(environment, grants): (&EnvironmentSpec, BTreeSet<_>)| {
        let read = Recipe::read(&context.project.root, context.config, environment, &grants);
        (environment.clone(), read.map_err(|error| Arc::new(EngineError::from(error))))
    };
    wanted.into_iter().map(read).collect()
}

impl<'a> Resources<'a> {
    /// A folder to work in, and nothing started yet.
    pub(super) fn open(context: Context<'_>, plan: &Plan) -> Result<Resources<'a>, EngineError> {
        Ok(Resources {
            engine: None,
            environments: BTreeMap::new(),
            copies: BTreeMap::new(),
            directory: Directory::create(context.scratch)?,
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
        context: Context<'a>,
        recipes: &Recipes,
        wanted: &BTreeSet<&EnvironmentSpec>,
    ) -> Result<(), EngineError> {
        if self.engine.is_none() {
            self.engine = Some(connect(context, &self.directory, self.longest)?);
        }
        let mut missing = Vec::new();
        for environment in wanted {
            match recipes.get(*environment) {
                _ if self.environments.contains_key(*environment) => {}
                Some(Ok(recipe)) => missing.push(recipe.clone()),
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
        let prepared = match context.config.offline {
            true => engine::missing::listed(&missing, prepared),
            false => prepared,
        };
        let engine = identify(context);
        for (recipe, prepared) in missing.into_iter().zip(prepared) {
            if let Ok(prepared) = &prepared
                && self.remembers
            {
                let key = memory_key(context, &engine, &recipe);
                // An environment that is not remembered is prepared again by the next run.
                let _ = remembered::remember(context.cache, &key, &prepared.resolved);
            }
            self.environments.insert(recipe.environment, prepared);
        }
        Ok(())
    }

    /// Prepares what these steps run in while the files are copied that they see.
    pub(super) fn furnish(
        &mut self,
        context: Context<'a>,
        recipes: &Recipes,
        survey: &Preflight<'_>,
        steps: &[&Step],
    ) -> Result<(), EngineError> {
        let environments = steps.iter().map(|step| &step.environment).collect();
        let file_sets: BTreeSet<&FileSet> = steps.iter().map(|step| &step.file_set).collect();
        let missing: Vec<&FileSet> =
            file_sets.into_iter().filter(|it| !self.copies.contains_key(*it)).collect();
        let (folder, copied) = (self.directory.path().to_owned(), self.copies.len());
        let copy = || -> Vec<(FileSet, Copied)> {
            let numbered = missing.into_par_iter().enumerate();
            numbered
                .map(|(number, file_set)| {
                    let folder = folder.join(format!("app-{}", copied + number));
                    (file_set.clone(), self::copy(context, file_set, survey, &folder))
                })
                .collect()
        };
        let (prepared, copies) =
            rayon::join(|| self.prepare(context, recipes, &environments), copy);
        self.copies.extend(copies);
        prepared
    }

    /// A step with all that it needs to run.
    pub(super) fn ready<'s>(
        &'s self,
        context: Context<'_>,
        step: &'s Step,
        store: Option<&ResultCache>,
    ) -> Result<step::Ready<'s>, Reason> {
        let environment = self.environments.get(&step.environment);
        let copied = self.copies.get(&step.file_set);
        let folder = &self.directory.path().join(step.check.as_str());
        step::Ready::of(context, step, &step::Supply { environment, copied, folder, store })
    }

    /// What these files turned out to be when they were copied, and the hash of all of them.
    pub(super) fn copied(&self, file_set: &FileSet) -> Option<(Hash, &Inventory)> {
        let snapshot = self.copies.get(file_set)?.as_ref().ok()?;
        Some((snapshot.tree.hash, &snapshot.inventory))
    }

    /// What bases were found to be, by their names.
    pub(super) fn bases<'s>(&'s self, recipes: &'s Recipes) -> BTreeMap<&'s str, Hash> {
        let base = |(environment, prepared): (&EnvironmentSpec, &'s Preparation)| {
            let recipe = recipes.get(environment)?.as_ref().ok()?;
            Some((recipe.base.as_str(), prepared.as_ref().ok()?.resolved.parts.base))
        };
        self.environments.iter().filter_map(base).collect()
    }
}

/// Copies files that were surveyed, and looks at them again if they have changed since.
fn copy(context: Context<'_>, file_set: &FileSet, survey: &Preflight<'_>, folder: &Path) -> Copied {
    let root = &context.project.root;
    let surveyed = survey.inventories.get(file_set).and_then(|it| it.as_ref().ok());
    let first = std::cell::Cell::new(surveyed.map(|it| it.inventory.clone()));
    let take = || match first.take() {
        Some(inventory) => Ok(inventory),
        None => Inventory::take(root, file_set, &Index::none(), context.cancel),
    };
    let (inventory, tree) = snapshot::copy(root, folder, context.cancel, take)
        .map_err(|error| snapshot_reason(&error))?;
    Ok(Snapshot { inventory, tree })
}

/// Resolves an environment without an engine: it is remembered, or predicted from the locks.
pub(super) fn resolve(
    context: Context<'_>,
    engine: &Hash,
    recipe: &Recipe,
) -> Option<ResolvedEnvironment> {
    let key = memory_key(context, engine, recipe);
    if let Some(remembered) = remembered::lookup(context.cache, &key) {
        return Some(remembered);
    }
    // An unreadable lock is reported by the engine that needs it.
    let lock = BaseLock::read(&base_lock(context)).ok()?;
    let platform = engine::local_platform(context.variables);
    environment::predict(context.config, platform, &lock, recipe)
}

/// Which engine would be connected.
pub(super) fn identify(context: Context<'_>) -> Hash {
    engine::identify(context.config, context.variables, &base_lock(context))
}

fn base_lock(context: Context<'_>) -> PathBuf {
    recipe::base_lock_path(context.config).on_disk(&context.project.root)
}

/// The key under which an environment is remembered.
fn memory_key(context: Context<'_>, engine: &Hash, recipe: &Recipe) -> Hash {
    recipe.memory_key(engine, context.config.platform.as_deref())
}

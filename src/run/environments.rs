//! The environments of a plan: their recipes, and what is known of them without an engine.
//!
//! An environment that was prepared before is remembered in the user's cache. Of any other one, the
//! project's locks may say enough. Either way, a fingerprint follows without starting a process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Context;
use crate::check::Grant;
use crate::engine::{self, EngineError, PreparedEnvironment};
use crate::environment::{self, BaseLock, Recipe, ResolvedEnvironment, recipe, remembered};
use crate::hash::Hash;
use crate::plan::{EnvironmentSpec, Plan};
use crate::read::{self, SizeLimit};

/// A prepared environment, or the error that all steps share which need it.
pub(super) type Preparation = Result<PreparedEnvironment, Arc<EngineError>>;

/// The recipe of each environment of a plan, or the error of reading its files.
pub(super) type Recipes = BTreeMap<EnvironmentSpec, Result<Recipe, Arc<EngineError>>>;

impl Context<'_> {
    /// Reads the recipes of a plan's environments.
    pub(super) fn read_recipes(&self, plan: &Plan) -> Recipes {
        let mut wanted: BTreeMap<&EnvironmentSpec, BTreeSet<Grant>> = BTreeMap::new();
        for step in plan.every_step() {
            wanted.entry(&step.environment).or_default().extend(step.grants.iter().cloned());
        }
        let mut recipes = Recipes::new();
        for (environment, grants) in wanted {
            let recipe = Recipe::read(&self.project.root, self.config, environment, &grants)
                .map_err(|error| Arc::new(EngineError::from(error)));
            recipes.insert(environment.clone(), recipe);
        }
        recipes
    }

    /// Identifies the engine that would be connected, without connecting to it.
    pub(super) fn identify_engine(&self) -> Hash {
        let path = recipe::base_lock_path(self.config);
        // The engine that needs an unreadable lock reports it.
        let lock = read::read_project_file(&self.project.root, &path, SizeLimit::Lock);
        engine::identify(self.config, self.variables, &lock.unwrap_or_default())
    }

    /// Resolves an environment without an engine: it is remembered, or predicted from the locks.
    pub(super) fn resolve_environment(
        &self,
        engine: &Hash,
        recipe: &Recipe,
    ) -> Option<ResolvedEnvironment> {
        if let Some(remembered) = remembered::lookup(self.cache, &self.memory_key(engine, recipe)) {
            return Some(remembered);
        }
        // An unreadable lock is reported by the engine that needs it.
        let lock = BaseLock::read(&self.project.root, &recipe::base_lock_path(self.config)).ok()?;
        let platform = engine::local_platform(self.variables);
        environment::predict(self.config, platform, &lock, recipe)
    }

    /// A warning for a CI job of a project that does not record its base: with another engine or another
    /// Python, the same commit has another fingerprint.
    pub(super) fn warn_of_missing_base_lock(&self) -> Option<String> {
        let path = recipe::base_lock_path(self.config);
        let is_missing = !BaseLock::exists(&self.project.root, &path);
        (is_missing && self.variables.is_ci()).then(|| {
            format!(
                "`{path}` is missing, so other machines can have another fingerprint for the same \
                 commit; run `cargo pipe update base` where docker is installed, and commit the file"
            )
        })
    }

    /// Remembers an environment that an engine prepared.
    pub(super) fn remember_environment(
        &self,
        engine: &Hash,
        recipe: &Recipe,
        resolved: &ResolvedEnvironment,
    ) {
        // An environment that is not remembered is prepared again by the next run.
        let _ = remembered::remember(self.cache, &self.memory_key(engine, recipe), resolved);
    }

    /// The key under which an environment is remembered.
    fn memory_key(&self, engine: &Hash, recipe: &Recipe) -> Hash {
        recipe.memory_key(engine, self.config.platform.as_deref())
    }
}

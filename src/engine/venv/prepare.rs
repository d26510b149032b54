//! Prepares virtual environments: each is installed once, and held for as long as the run needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use rayon::prelude::*;

use super::install::{self, Installer};
use super::store::Held;
use super::{Venv, platform};
use crate::engine::{EngineError, EngineOptions, PreparedEnvironment};
use crate::environment::{BaseLock, Recipe, ResolvedEnvironment, recipe};
use crate::event::Event;
use crate::explanation::ResolvedBy;
use crate::hash::{Hash, HashBuilder};
use crate::lock::Lock;
use crate::plan::EnvironmentSpec;

/// The version of the way that a virtual environment is filled from its lock.
const FORMAT: &str = "1";

/// The virtual environments of an environment.
#[derive(Clone)]
pub(super) struct VenvParts {
    pub(super) tool: Option<Arc<Held>>,
    pub(super) project: Option<Arc<Held>>,
    pub(super) build: Option<Arc<Held>>,
}

impl VenvParts {
    fn iter(&self) -> impl Iterator<Item = &Arc<Held>> {
        [&self.tool, &self.project, &self.build].into_iter().flatten()
    }
}

/// A wanted virtual environment.
struct Part<'b> {
    key: String,
    /// The name of its environment, for messages.
    environment: &'b str,
    lock: &'b Lock,
    /// The packages that are built from source.
    from_source: Vec<&'b str>,
}

impl Venv<'_> {
    /// Prepares the environments of all recipes. A virtual environment that several need is
    /// installed once.
    pub(super) fn prepare_all(
        &self,
        recipes: &[Recipe],
    ) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>> {
        let wanted: Vec<Result<[Option<Part<'_>>; 3], Arc<EngineError>>> = recipes
            .iter()
            .map(|recipe| {
                check_supported(recipe, self.settings.allows_host)
                    .map(|()| self.parts(recipe))
                    .map_err(Arc::new)
            })
            .collect();
        let mut parts: BTreeMap<&str, &Part<'_>> = BTreeMap::new();
        let mut references: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (recipe, wanted) in recipes.iter().zip(&wanted) {
            for part in wanted.iter().flatten().flatten() {
                parts.entry(&part.key).or_insert(part);
                let keys = references.entry(recipe.name().to_owned()).or_default();
                keys.insert(part.key.clone());
            }
        }
        let EngineOptions { project, identity, .. } = &self.settings;
        if let Err(error) = self.store.refer(project, identity, references) {
            let error = Arc::new(error);
            return recipes.iter().map(|_| Err(Arc::clone(&error))).collect();
        }
        let held: BTreeMap<&str, Result<Arc<Held>, Arc<EngineError>>> = parts
            .into_par_iter()
            .map(|(key, part)| (key, self.hold(part).map(Arc::new).map_err(Arc::new)))
            .collect();
        recipes
            .iter()
            .zip(&wanted)
            .map(|(recipe, wanted)| {
                let [tool, project, build] = wanted.as_ref().map_err(Arc::clone)?;
                let held = |part: &Option<Part<'_>>| match part {
                    Some(part) => held[part.key.as_str()].clone().map(Some),
                    None => Ok(None),
                };
                let base = self.base(&recipe.base)?;
                let parts =
                    VenvParts { tool: held(tool)?, project: held(project)?, build: held(build)? };
                self.prepared(recipe, &base, parts).map_err(Arc::new)
            })
            .collect()
    }

    /// The virtual environments that an environment consists of: those of the tool, of the project's
    /// dependencies and of its build system.
    fn parts<'b>(&'b self, recipe: &'b Recipe) -> [Option<Part<'b>>; 3] {
        let part = |environment, lock: &'b Lock| {
            let is_in = |name: &&str| lock.packages.iter().any(|package| package.name == **name);
            let names = recipe.from_source.iter().map(String::as_str);
            let from_source: Vec<&str> = names.filter(is_in).collect();
            Part { key: self.key(lock, &from_source), environment, lock, from_source }
        };
        let project = recipe.project.as_ref().map(|lock| part(recipe::PROJECT, lock));
        let tool = match (&recipe.lock, &project) {
            (None, Some(_)) => None,
            (lock, _) => Some(part(recipe.name(), lock.as_ref().unwrap_or(&self.nothing))),
        };
        let build = recipe.build.as_ref().map(|lock| part(recipe::BUILD, lock));
        [tool, project, build]
    }

    /// The key of a virtual environment: a hash of everything that it is built from.
    fn key(&self, lock: &Lock, from_source: &[&str]) -> String {
        let key = HashBuilder::new("venv")
            .with(FORMAT)
            .with(self.interpreter.executable.as_os_str().as_encoded_bytes())
            .with(self.interpreter.probe.identity().to_string())
            .with(platform())
            .with(lock.hash().to_string())
            .with_all(from_source.iter())
            .hash();
        key.to_string()[..32].to_owned()
    }

    /// Holds a virtual environment, and installs it if it is missing.
    fn hold(&self, part: &Part<'_>) -> Result<Held, EngineError> {
        let Part { key, environment, lock, from_source } = part;
        let installer = Installer {
            settings: &self.settings,
            interpreter: &self.interpreter,
            cancel: self.cancel,
            emitter: self.emitter,
        };
        let environment = *environment;
        if let Some(shipped) = &self.shipped {
            let held = Held::shipped(shipped.join(key));
            return held.ok_or_else(|| EngineError::StaleImage(environment.to_owned()));
        }
        self.store.hold(key, self.cancel, |folder| {
            if self.settings.offline {
                return Err(EngineError::OfflineVenv(environment.to_owned()));
            }
            self.emitter.emit(&Event::BuildStarted { environment });
            let started = Instant::now();
            installer.install(environment, lock, from_source, folder)?;
            let duration = started.elapsed();
            self.emitter.emit(&Event::BuildFinished { environment, duration });
            Ok(())
        })
    }

    /// The identity of the base: the recorded one if this interpreter equals the base's Python,
    /// otherwise the interpreter's own.
    fn base(&self, image: &str) -> Result<Hash, Arc<EngineError>> {
        let lock = BaseLock::read(&self.settings.root, &self.settings.base_lock);
        let lock = lock.map_err(|error| Arc::new(EngineError::from(error)))?;
        let here = &self.interpreter.probe;
        Ok(match lock.find(image, &platform()) {
            Some(base) if base.python == *here => base.layers,
            Some(base) => {
                let differences = here.differences(&base.python).join(", ");
                let note = format!(
                    "this machine's Python differs from that of `{image}`, so fingerprints differ as \
                     well: {differences}"
                );
                self.note(note);
                here.identity()
            }
            None => here.identity(),
        })
    }

    fn prepared(
        &self,
        recipe: &Recipe,
        base: &Hash,
        parts: VenvParts,
    ) -> Result<PreparedEnvironment, EngineError> {
        let folders: Vec<String> =
            parts.iter().map(|part| part.folder.display().to_string()).collect();
        let existed = parts.iter().all(|part| part.existed);
        let python = Some(self.interpreter.probe.version.clone());
        let mut resolved =
            ResolvedEnvironment::on_base(recipe, *base, python, platform(), ResolvedBy::Prepared);
        if recipe.exceeds_locks() {
            let built = parts.iter().map(|part| install::hash_records(&part.folder));
            let built: Vec<String> = built.collect::<Result<_, _>>()?;
            let hash = HashBuilder::new("built").with(resolved.hash.to_string());
            resolved.hash = hash.with_all(built.iter()).hash();
            self.note(format!(
                "the environment of `{}` contains packages built from source on this machine ({}), so \
                 no other machine has the same environment",
                recipe.name(),
                recipe.from_source.join(", ")
            ));
        }
        let id = folders.join(":");
        self.held().insert(id.clone(), parts);
        Ok(PreparedEnvironment {
            name: recipe.name().to_owned(),
            reference: folders.first().cloned().unwrap_or_default(),
            id,
            version: recipe.version().map(str::to_owned),
            has_launcher: true,
            existed,
            resolved,
        })
    }

    pub(super) fn held(&self) -> MutexGuard<'_, BTreeMap<String, VenvParts>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses environments that need an image, and packages built from source unless their code may
/// run on this machine.
fn check_supported(recipe: &Recipe, builds: bool) -> Result<(), EngineError> {
    if let EnvironmentSpec::Image(image) = &recipe.environment {
        return Err(EngineError::NeedsImages(format!("`{image}` is an image")));
    }
    match recipe.dockerfile.as_ref().is_some_and(|dockerfile| dockerfile.adds_to_base) {
        true => {
            Err(EngineError::NeedsImages("the Dockerfile adds to the locked packages".to_owned()))
        }
        false if !recipe.from_source.is_empty() && !builds => {
            Err(EngineError::SourceNotGranted(recipe.from_source.clone()))
        }
        false => Ok(()),
    }
}

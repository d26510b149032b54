//! Prepares virtual environments: each is installed once, and held for as long as the run needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use rayon::prelude::*;

use super::install::{self, Installer};
use super::interpreter::{Interpreter, SUPPORTED};
use super::rust::CompiledFrom;
use super::store::Held;
use super::{Venv, platform, toolchain};
use crate::config::python::minor;
use crate::engine::{EngineError, EngineOptions, PreparedEnvironment};
use crate::environment::rust::Skeleton;
use crate::environment::{BaseLock, Recipe, ResolvedEnvironment, RustRecipe, recipe};
use crate::event::Event;
use crate::explanation::ResolvedBy;
use crate::hash::{Hash, HashBuilder};
use crate::lock::Lock;
use crate::plan::EnvironmentSpec;

/// The version of the way that a virtual environment is filled from its lock.
const FORMAT: &str = "1";

/// The name of the packages of Rust in messages.
const CARGO_LOCK: &str = "Cargo.lock";

/// The virtual environments of an environment.
#[derive(Clone)]
pub(super) struct VenvParts {
    pub(super) interpreter: Arc<Interpreter>,
    pub(super) tool: Option<Arc<Held>>,
    pub(super) project: Option<Arc<Held>>,
    pub(super) build: Option<Arc<Held>>,
    pub(super) rust: Option<RustParts>,
}

/// The Rust toolchain of an environment, and its packages.
#[derive(Clone)]
pub(super) struct RustParts {
    /// The folder of the toolchain.
    pub(super) toolchain: PathBuf,
    /// The packages, if its checks compile any.
    pub(super) crates: Option<Arc<Held>>,
    /// The same, compiled.
    pub(super) compiled: Option<Arc<Held>>,
}

impl VenvParts {
    fn iter(&self) -> impl Iterator<Item = &Arc<Held>> {
        let rust = self.rust.iter().flat_map(|rust| [&rust.crates, &rust.compiled]);
        [&self.tool, &self.project, &self.build].into_iter().chain(rust).flatten()
    }
}

/// The folders that an environment consists of: the virtual environments of the tool, of the project's
/// dependencies and of its build system, and the packages of Rust.
struct Wanted<'b> {
    interpreter: Arc<Interpreter>,
    parts: [Option<Part<'b>>; 3],
    rust: Option<WantedRust<'b>>,
}

/// The folders of Rust that an environment consists of.
struct WantedRust<'b> {
    toolchain: PathBuf,
    crates: Option<Part<'b>>,
    compiled: Option<Part<'b>>,
}

impl<'b> Wanted<'b> {
    fn all_parts(&self) -> impl Iterator<Item = &Part<'b>> {
        let rust = self.rust.iter().flat_map(|rust| [&rust.crates, &rust.compiled]);
        self.parts.iter().chain(rust).flatten()
    }
}

/// A wanted folder.
struct Part<'b> {
    key: String,
    interpreter: Arc<Interpreter>,
    /// The name of its environment, for messages.
    environment: String,
    content: Content<'b>,
}

/// The content of a folder.
enum Content<'b> {
    /// A virtual environment.
    Packages {
        lock: &'b Lock,
        /// The packages that are built from source.
        from_source: Vec<&'b str>,
    },
    /// The packages of Rust.
    Crates(&'b RustRecipe),
    /// The same, compiled.
    Compiled {
        /// The key of their folder.
        crates: String,
        toolchain: PathBuf,
        skeleton: Skeleton,
    },
}

impl Part<'_> {
    /// The key of the packages of Rust that it is compiled from.
    fn compiled_from(&self) -> Option<&str> {
        match &self.content {
            Content::Compiled { crates, .. } => Some(crates),
            _ => None,
        }
    }
}

/// Folders that are held, by their keys.
type HeldParts<'p> = BTreeMap<&'p str, Result<Arc<Held>, Arc<EngineError>>>;

impl Venv<'_> {
    /// Prepares the environments of all recipes. A virtual environment that several need is
    /// installed once.
    pub(super) fn prepare_all(
        &self,
        recipes: &[Recipe],
    ) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>> {
        let wanted: Vec<Result<Wanted<'_>, Arc<EngineError>>> = recipes
            .iter()
            .map(|recipe| {
                check_supported(recipe, self.settings.allows_host).map_err(Arc::new)?;
                let interpreter = self.interpreter_of(recipe)?;
                let parts = self.parts(recipe, &interpreter);
                let rust = recipe.rust.as_ref();
                let rust =
                    rust.map(|rust| self.rust_parts(recipe, rust, &interpreter)).transpose()?;
                Ok(Wanted { interpreter, parts, rust })
            })
            .collect();
        let mut parts: BTreeMap<&str, &Part<'_>> = BTreeMap::new();
        let mut references: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (recipe, wanted) in recipes.iter().zip(&wanted) {
            for part in wanted.iter().flat_map(Wanted::all_parts) {
                parts.entry(&part.key).or_insert(part);
                let keys = references.entry(recipe.label()).or_default();
                keys.insert(part.key.clone());
            }
        }
        let EngineOptions { project, identity, .. } = &self.settings;
        if let Err(error) = self.store.refer(project, identity, references) {
            let error = Arc::new(error);
            return recipes.iter().map(|_| Err(Arc::clone(&error))).collect();
        }
        // A folder is held once: its lock would wait for that of another thread.
        let (compiled, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            parts.into_iter().partition(|(_, part)| part.compiled_from().is_some());
        let mut held = self.hold_all(others, &HeldParts::new());
        held.extend(self.hold_all(compiled, &held));
        recipes
            .iter()
            .zip(&wanted)
            .map(|(recipe, wanted)| {
                let Wanted { interpreter, parts, rust } = wanted.as_ref().map_err(Arc::clone)?;
                let [tool, project, build] = parts;
                let held = |part: &Option<Part<'_>>| match part {
                    Some(part) => held[part.key.as_str()].clone().map(Some),
                    None => Ok(None),
                };
                let base = self.base(&recipe.base, interpreter)?;
                let parts = VenvParts {
                    interpreter: Arc::clone(interpreter),
                    tool: held(tool)?,
                    project: held(project)?,
                    build: held(build)?,
                    rust: match rust {
                        Some(WantedRust { toolchain, crates, compiled }) => Some(RustParts {
                            toolchain: toolchain.clone(),
                            crates: held(crates)?,
                            compiled: held(compiled)?,
                        }),
                        None => None,
                    },
                };
                self.prepared(recipe, &base, parts).map_err(Arc::new)
            })
            .collect()
    }

    /// The interpreter of an environment. That of the project may be of another version if there is none
    /// of its own, and that of a tool of any version that its release supports; all others must be of
    /// the version that the configuration names.
    fn interpreter_of(&self, recipe: &Recipe) -> Result<Arc<Interpreter>, Arc<EngineError>> {
        let Some(version) = recipe.environment.python() else {
            self.note_other_version();
            return Ok(Arc::clone(&self.interpreter));
        };
        self.interpreter_for(version)
            .or_else(|error| self.supported_interpreter(recipe, version).ok_or(error))
    }

    /// The newest interpreter that the release of a tool supports, in place of one that was chosen for
    /// it; that of the project if the release is older than every one here.
    fn supported_interpreter(&self, recipe: &Recipe, version: &str) -> Option<Arc<Interpreter>> {
        let range = recipe.lock.as_ref()?.pythons;
        let own = minor(&self.settings.python)?;
        if range.contains(own) || !range.contains(minor(version)?) {
            // The configuration names this version.
            return None;
        }
        let others = SUPPORTED.rev().filter(|minor| range.contains(*minor));
        let found = others.map(|minor| self.interpreter_for(&format!("3.{minor}")));
        let is_too_new = range.newest.is_some_and(|newest| newest < own);
        let found = found.filter_map(Result::ok).next();
        let found = found.or_else(|| is_too_new.then(|| Arc::clone(&self.interpreter)))?;
        self.note(format!(
            "Python {version} not found; `{}` runs on {}, which may report different findings",
            recipe.name(),
            found.probe.version
        ));
        Some(found)
    }

    /// The interpreter of exactly this version.
    pub(super) fn interpreter_for(
        &self,
        version: &str,
    ) -> Result<Arc<Interpreter>, Arc<EngineError>> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = others.get(version) {
            return Ok(Arc::clone(found));
        }
        let found = Interpreter::find_exact(version, &self.settings, self.cancel, self.emitter)?;
        let found = Arc::new(found);
        others.insert(version.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    /// The virtual environments of an environment.
    fn parts<'b>(
        &'b self,
        recipe: &'b Recipe,
        interpreter: &Arc<Interpreter>,
    ) -> [Option<Part<'b>>; 3] {
        let part = |name, lock: &'b Lock| {
            let environment = recipe.environment.with_python(name);
            let is_in = |name: &&str| lock.packages.iter().any(|package| package.name == **name);
            let names = recipe.from_source.iter().map(String::as_str);
            let from_source: Vec<&str> = names.filter(is_in).collect();
            let key = key(interpreter, lock, &from_source);
            let content = Content::Packages { lock, from_source };
            Part { key, interpreter: Arc::clone(interpreter), environment, content }
        };
        let project = recipe.environment.project().unwrap_or(recipe::PROJECT);
        let project = recipe.project.as_ref().map(|lock| part(project, lock));
        let tool = match (&recipe.lock, &project) {
            (None, Some(_)) => None,
            (None, None) if recipe.rust.is_some() => None,
            (lock, _) => Some(part(recipe.name(), lock.as_ref().unwrap_or(&self.nothing))),
        };
        let build = recipe.build.as_ref().map(|lock| part(recipe::BUILD, lock));
        [tool, project, build]
    }

    /// The folders of Rust that an environment consists of.
    fn rust_parts<'b>(
        &self,
        recipe: &Recipe,
        rust: &'b RustRecipe,
        interpreter: &Arc<Interpreter>,
    ) -> Result<WantedRust<'b>, EngineError> {
        let (settings, release) = (&self.settings, &rust.toolchain);
        let toolchain = toolchain::find(release, settings, self.cancel, self.emitter)?;
        let part = |key, environment, content| Part {
            key,
            interpreter: Arc::clone(interpreter),
            environment,
            content,
        };
        let Some(packages) = &rust.packages else {
            return Ok(WantedRust { toolchain, crates: None, compiled: None });
        };
        let crates = Some(part(crates_key(rust), CARGO_LOCK.to_owned(), Content::Crates(rust)));
        let compiled = match self.has_sandbox() {
            true => {
                let skeleton = Skeleton::read(&settings.root, packages)?;
                let key = compiled_key(interpreter, rust, &toolchain, &skeleton);
                let toolchain = toolchain.clone();
                Some(part(
                    key,
                    recipe.label(),
                    Content::Compiled { crates: crates_key(rust), toolchain, skeleton },
                ))
            }
            false => None,
        };
        Ok(WantedRust { toolchain, crates, compiled })
    }

    /// Holds several folders, for which those in `before` are held already.
    fn hold_all<'p>(
        &self,
        parts: BTreeMap<&'p str, &Part<'_>>,
        before: &HeldParts<'p>,
    ) -> HeldParts<'p> {
        let hold = |part: &Part<'_>| {
            let crates = match part.compiled_from() {
                Some(key) => Some(before[key].as_ref().map_err(Arc::clone)?),
                None => None,
            };
            let crates = crates.map(|held| held.folder.as_path());
            self.hold(part, crates).map(Arc::new).map_err(Arc::new)
        };
        parts.into_par_iter().map(|(key, part)| (key, hold(part))).collect()
    }

    /// Holds a folder, and fills it if it is missing. Packages of Rust are compiled from those in
    /// `crates`.
    fn hold(&self, part: &Part<'_>, crates: Option<&Path>) -> Result<Held, EngineError> {
        let Part { key, interpreter, environment, content } = part;
        let installer = Installer {
            settings: &self.settings,
            interpreter,
            cancel: self.cancel,
            emitter: self.emitter,
        };
        if let Some(shipped) = &self.shipped {
            let held = Held::shipped(shipped.join(key));
            return held.ok_or_else(|| EngineError::StaleImage(environment.clone()));
        }
        self.store.hold(key, self.cancel, |folder| {
            if self.settings.offline {
                return Err(EngineError::OfflineVenv(environment.clone()));
            }
            self.emitter.emit(&Event::BuildStarted { environment });
            let started = Instant::now();
            match content {
                Content::Packages { lock, from_source } => {
                    installer.install(environment, lock, from_source, folder)?;
                }
                Content::Crates(rust) => installer.download(environment, rust, folder)?,
                Content::Compiled { toolchain, skeleton, .. } => {
                    if let Some(crates) = crates {
                        let from = CompiledFrom { toolchain, crates, target: folder };
                        self.compile(interpreter, environment, skeleton, &from)?;
                    }
                }
            }
            let duration = started.elapsed();
            self.emitter.emit(&Event::BuildFinished { environment, duration });
            Ok(())
        })
    }

    /// The identity of the base: the recorded one if this interpreter equals the base's Python,
    /// otherwise the interpreter's own.
    fn base(&self, image: &str, interpreter: &Interpreter) -> Result<Hash, Arc<EngineError>> {
        let lock = BaseLock::read(&self.settings.root, &self.settings.base_lock);
        let lock = lock.map_err(|error| Arc::new(EngineError::from(error)))?;
        let here = &interpreter.probe;
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
        let python = Some(parts.interpreter.probe.version.clone());
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
                recipe.label(),
                recipe.from_source.join(", ")
            ));
        }
        let id = folders.join(":");
        self.held().insert(id.clone(), parts);
        Ok(PreparedEnvironment {
            name: recipe.label(),
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

/// The key of a virtual environment: a hash of everything that it is built from.
fn key(interpreter: &Interpreter, lock: &Lock, from_source: &[&str]) -> String {
    let key = HashBuilder::new("venv")
        .with(FORMAT)
        .with(interpreter.executable.as_os_str().as_encoded_bytes())
        .with(interpreter.probe.identity().to_string())
        .with(platform())
        .with(lock.hash().to_string())
        .with_all(from_source.iter())
        .hash();
    key.to_string()[..32].to_owned()
}

/// The key of the packages of Rust.
fn crates_key(rust: &RustRecipe) -> String {
    let key = HashBuilder::new("crates").with(FORMAT).with(rust.list()).hash();
    key.to_string()[..32].to_owned()
}

/// The key of compiled packages of Rust.
fn compiled_key(
    interpreter: &Interpreter,
    rust: &RustRecipe,
    toolchain: &Path,
    skeleton: &Skeleton,
) -> String {
    // Build scripts look for Python, for libraries of the system, and for a compiler of C.
    let key = HashBuilder::new("compiled")
        .with(FORMAT)
        .with(interpreter.executable.as_os_str().as_encoded_bytes())
        .with(interpreter.probe.identity().to_string())
        .with(platform())
        .with(rust.hash())
        .with(toolchain.as_os_str().as_encoded_bytes())
        .with(skeleton.hash())
        .hash();
    key.to_string()[..32].to_owned()
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

//! The engine without containers.
//!
//! It installs the same environments from the same locks as the docker engine, as virtual
//! environments in the user's cache. A job runs in a bubblewrap sandbox if that works, and
//! otherwise directly on the machine, where code of the project needs the grant `host`. [`store`]
//! keeps the environments, and [`install`] fills them.

mod bubblewrap;
mod folders;
mod install;
mod interpreter;
mod job;
mod private_folder;
mod store;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use self::bubblewrap::{Root, Sandbox};
use self::folders::{Folder, JobFolders};
use self::install::Installer;
use self::interpreter::Interpreter;
use self::job::JobStreams;
use self::store::{Held, VenvStore};
use super::launcher::{self, Seen};
use super::{Access, Engine, EngineError, EngineOptions, Job, PreparedEnvironment, RunError};
use crate::container::APP;
use crate::engine_info::{EngineInfo, SandboxKind};
use crate::env_vars::ENVIRONMENTS;
use crate::env_vars::EnvVars;
use crate::environment::{BaseLock, Recipe, ResolvedEnvironment, recipe};
use crate::event::Event;
use crate::explanation::ResolvedBy;
use crate::hash::{Hash, HashBuilder};
use crate::lock::Lock;
use crate::outcome::RawOutput;
use crate::plan::{EnvironmentSpec, Shell};
use crate::process::{self, Cancel, Emitter, Invocation, Until};
use crate::snapshot::{Changes, Inventory, Tree};

/// The version of the way that a virtual environment is filled from its lock.
const FORMAT: &str = "1";

/// The time limit of the test whether bubblewrap works.
const LIMIT: Duration = Duration::from_secs(20);

/// The engine without containers.
pub struct Venv<'a> {
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
    interpreter: Interpreter,
    store: VenvStore,
    /// The folder of the environments in a job's image, which are used exclusively if there are
    /// any.
    shipped: Option<PathBuf>,
    /// The program `bwrap`, if it works.
    bubblewrap: Option<PathBuf>,
    roots: Vec<Root>,
    /// The environments that the run holds, by the ids of the prepared ones.
    held: Mutex<BTreeMap<String, Parts>>,
    /// An empty lock, for an environment without packages.
    nothing: Lock,
    /// The warnings for the report, without duplicates.
    notes: Mutex<BTreeSet<String>>,
}

/// The virtual environments of an environment.
#[derive(Clone)]
struct Parts {
    tool: Option<Arc<Held>>,
    project: Option<Arc<Held>>,
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

impl<'a> Venv<'a> {
    /// Locates the interpreter and probes for bubblewrap.
    ///
    /// # Errors
    ///
    /// When no Python is found, or the user's cache is not writable.
    pub fn connect(
        settings: EngineOptions,
        cancel: &'a Cancel,
        emitter: &'a Emitter<'a>,
    ) -> Result<Self, EngineError> {
        let here = platform();
        if let Some(forced) = settings.platform.as_ref().filter(|forced| **forced != here) {
            return Err(EngineError::Platform { forced: forced.clone(), here });
        }
        let store = VenvStore::open(&settings.cache)?;
        let interpreter = Interpreter::find(&settings, cancel, emitter)?;
        let mut venv = Venv {
            shipped: settings.variables.get(ENVIRONMENTS).map(PathBuf::from),
            settings,
            cancel,
            emitter,
            interpreter,
            store,
            bubblewrap: None,
            roots: bubblewrap::roots(),
            held: Mutex::default(),
            nothing: Lock { packages: Vec::new() },
            notes: Mutex::default(),
        };
        venv.bubblewrap = venv.find_bubblewrap()?;
        Ok(venv)
    }

    /// Adds a warning about the engine that it replaces.
    #[must_use]
    pub fn with_note(self, note: String) -> Self {
        Venv { notes: Mutex::new(BTreeSet::from([note])), ..self }
    }

    /// The interpreter of the environments.
    #[must_use]
    pub fn python(&self) -> &Path {
        &self.interpreter.executable
    }

    /// Whether jobs run in a sandbox.
    #[must_use]
    pub fn has_sandbox(&self) -> bool {
        self.bubblewrap.is_some()
    }

    /// The program `bwrap`, if it can start the interpreter.
    fn find_bubblewrap(&self) -> Result<Option<PathBuf>, EngineError> {
        let path = self.settings.variables.get("PATH");
        let Ok(program) = which::which_in("bwrap", path, "/") else {
            return Ok(None);
        };
        let folder =
            Folder { outside: self.settings.folder.clone(), inside: APP, access: Access::Read };
        let folders = JobFolders { folders: vec![folder] };
        let mut args = bubblewrap::arguments(&self.sandbox(&folders), &self.roots);
        args.push(self.interpreter.executable.clone().into());
        args.extend(["-I", "-S", "-c", ""].map(OsString::from));
        let until = Until { cancel: Some(self.cancel), limit: LIMIT };
        match process::run(&Invocation::new(&program, args), until, self.emitter) {
            Ok(output) if output.code == 0 => Ok(Some(program)),
            Err(error @ process::ProcessError::Stopped) => Err(error.into()),
            _ => Ok(None),
        }
    }

    fn sandbox<'s>(&'s self, folders: &'s JobFolders) -> Sandbox<'s> {
        let prefix = &self.interpreter.prefix;
        Sandbox { folders, prefix, network: false, socket: None, terminal: false }
    }

    /// The virtual environments that an environment consists of: the tool's and the project's.
    fn parts<'b>(&'b self, recipe: &'b Recipe) -> [Option<Part<'b>>; 2] {
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
        [tool, project]
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

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Parts>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Venv<'_> {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            kind: "venv".to_owned(),
            version: self.interpreter.probe.version.clone(),
            topology: None,
            sandbox: Some(match self.bubblewrap {
                Some(_) => SandboxKind::Bubblewrap,
                None => SandboxKind::None,
            }),
        }
    }

    fn notes(&self) -> Vec<String> {
        let noted = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes: Vec<String> = noted.iter().cloned().collect();
        let Interpreter { executable, probe, .. } = &self.interpreter;
        if !self.interpreter.is(&self.settings.python) {
            notes.push(format!(
                "Python {} not found; the checks ran on {} (`{}`), which may report different \
                 findings",
                self.settings.python,
                probe.version,
                executable.display()
            ));
        }
        if self.bubblewrap.is_none() {
            notes.push(
                "the checks ran without a sandbox, because `bwrap` is missing or does not work"
                    .to_owned(),
            );
        }
        notes
    }

    fn prepare(&self, recipes: &[Recipe]) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>> {
        let wanted: Vec<Result<[Option<Part<'_>>; 2], Arc<EngineError>>> = recipes
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
        let EngineOptions { project, root, .. } = &self.settings;
        if let Err(error) = self.store.refer(project, root, references) {
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
                let [tool, project] = wanted.as_ref().map_err(Arc::clone)?;
                let held = |part: &Option<Part<'_>>| match part {
                    Some(part) => held[part.key.as_str()].clone().map(Some),
                    None => Ok(None),
                };
                let base = self.base(&recipe.base)?;
                let parts = Parts { tool: held(tool)?, project: held(project)? };
                self.prepared(recipe, &base, parts).map_err(Arc::new)
            })
            .collect()
    }

    fn reap(&self, _: &BTreeMap<String, String>) -> Result<Vec<String>, EngineError> {
        self.store.collect();
        Ok(Vec::new())
    }

    fn place(&self, _: Vec<Tree>) {
        // Jobs read the trees in place.
    }

    fn run(&self, job: &Job<'_>) -> Result<RawOutput, RunError> {
        let mut output = self.finish(job)?;
        let last_line = |output: &RawOutput| {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message").to_owned()
        };
        match launcher::check_proof(job, &mut output) {
            Seen::Tool => Ok(output),
            Seen::NoProgram => Err(RunError::Engine(launcher::no_program(job, last_line(&output)))),
            Seen::EndedEarly => Err(launcher::ended_early(job, output)),
            Seen::OtherFiles => Err(RunError::Unseen("it sees other files".to_owned())),
            Seen::Nothing => Err(RunError::Engine(EngineError::NotStarted {
                message: last_line(&output),
                code: output.code,
            })),
        }
    }

    fn run_shell(&self, job: &Job<'_>, shell: &Shell) -> Result<i32, RunError> {
        let (invocation, _) = self.invocation(job, &shell.command, JobStreams::Attached)?;
        if self.cancel.stopped().is_some() {
            return Err(RunError::Stopped);
        }
        // A program that does not end is killed, and bubblewrap ends everything in the sandbox.
        let status = process::attach(&invocation, self.cancel, self.emitter, || {});
        Ok(status.map_err(EngineError::from)?)
    }

    fn changes(&self, job: &Job<'_>, inventory: &Inventory) -> Result<Changes, EngineError> {
        Ok(Changes::in_folder(&job.app.folder, inventory)?)
    }
}

impl Venv<'_> {
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
        parts: Parts,
    ) -> Result<PreparedEnvironment, EngineError> {
        let held = [&parts.tool, &parts.project];
        let folders: Vec<String> =
            held.into_iter().flatten().map(|part| part.folder.display().to_string()).collect();
        let existed = held.into_iter().flatten().all(|part| part.existed);
        let python = Some(self.interpreter.probe.version.clone());
        let mut resolved =
            ResolvedEnvironment::on_base(recipe, *base, python, platform(), ResolvedBy::Prepared);
        if recipe.exceeds_locks() {
            let built = held.into_iter().flatten().map(|part| install::hash_records(&part.folder));
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

    /// Adds a warning to the report.
    fn note(&self, message: String) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).insert(message);
    }
}

/// All programs that could be the interpreter.
pub(super) fn interpreters(variables: &EnvVars) -> Vec<PathBuf> {
    interpreter::candidates(variables)
}

/// Removes a project's references to environments, and the environments that no other project uses.
pub(super) fn remove(settings: &EngineOptions) -> Result<Vec<String>, EngineError> {
    VenvStore::open(&settings.cache)?.forget(&settings.project)
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

/// This machine's platform in docker's notation.
pub(super) fn platform() -> String {
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{}/{processor}", std::env::consts::OS)
}

//! The engine without containers.
//!
//! It installs the same environments from the same locks as the docker engine, as virtual
//! environments in the user's cache. A job runs in a bubblewrap sandbox if that works, and
//! otherwise directly on the machine, where code of the project needs the grant `host`. [`store`]
//! keeps the environments, [`install`] fills them, and [`prepare`] does so for a run.

mod bubblewrap;
mod folders;
mod install;
mod interpreter;
mod job;
mod prepare;
mod private_folder;
mod rust;
mod store;
mod toolchain;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::bubblewrap::{Root, Sandbox};
use self::folders::{Folder, JobFolders};
use self::interpreter::Interpreter;
use self::job::JobStreams;
use self::prepare::VenvParts;
use self::store::VenvStore;
use super::launcher::{self, Seen};
use super::{
    Access, Engine, EngineError, EngineOptions, Job, PreparedEnvironment, Removal, RunError,
};
use crate::container::APP;
use crate::engine_info::{EngineInfo, SandboxKind};
use crate::env_vars::ENVIRONMENTS;
use crate::env_vars::EnvVars;
use crate::environment::Recipe;
use crate::lock::Lock;
use crate::outcome::RawOutput;
use crate::plan::{Shell, ShellFiles};
use crate::process::{self, Cancel, Emitter, Invocation, Stdin, Until};
use crate::snapshot::{Changes, Inventory, Tree};

/// The script that starts a program outside of a sandbox, and ends all of its processes.
const GUARD: &str = include_str!("../../templates/guard.py");

/// The time limit of the test whether bubblewrap works.
const LIMIT: Duration = Duration::from_secs(20);

/// The engine without containers.
pub struct Venv<'a> {
    settings: EngineOptions,
    cancel: &'a Cancel,
    emitter: &'a Emitter<'a>,
    /// The interpreter of the project's version, or of the nearest one.
    interpreter: Arc<Interpreter>,
    /// The interpreters of other versions, by version, as far as environments wanted them.
    others: Mutex<BTreeMap<String, Arc<Interpreter>>>,
    store: VenvStore,
    /// The folder of the environments in a job's image, which are used exclusively if there are
    /// any.
    shipped: Option<PathBuf>,
    /// The program `bwrap`, if it works.
    bubblewrap: Option<PathBuf>,
    roots: Vec<Root>,
    /// The environments that the run holds, by the ids of the prepared ones.
    held: Mutex<BTreeMap<String, VenvParts>>,
    /// An empty lock, for an environment without packages.
    nothing: Lock,
    /// The warnings for the report, without duplicates.
    notes: Mutex<BTreeSet<String>>,
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
        let interpreter = Arc::new(Interpreter::find(&settings, cancel, emitter)?);
        let mut venv = Venv {
            shipped: settings.variables.get(ENVIRONMENTS).map(PathBuf::from),
            settings,
            cancel,
            emitter,
            interpreter,
            others: Mutex::default(),
            store,
            bubblewrap: None,
            roots: bubblewrap::roots(),
            held: Mutex::default(),
            nothing: Lock::default(),
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

    /// Finds the interpreter of a version that some checks run on.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn find_python(&self, version: &str) -> Result<PathBuf, Arc<EngineError>> {
        Ok(self.interpreter_for(version)?.executable.clone())
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
        let sandbox = sandbox(&self.interpreter, &folders);
        let mut args = bubblewrap::arguments(&sandbox, &self.roots);
        args.push(self.interpreter.executable.clone().into());
        args.extend(["-I", "-S", "-c", ""].map(OsString::from));
        let until = Until { cancel: Some(self.cancel), limit: LIMIT };
        match process::run(&Invocation::new(&program, args), until, self.emitter) {
            Ok(output) if output.code == 0 => Ok(Some(program)),
            Err(error @ process::ProcessError::Stopped) => Err(error.into()),
            _ => Ok(None),
        }
    }
}

/// The invocation that starts a program and ends all of its processes, also when this process is killed.
fn guarded(python: &Path, words: impl IntoIterator<Item = OsString>) -> Invocation {
    let guard = ["-I", "-S", "-c", GUARD].map(OsString::from);
    let guarded = Invocation::new(python, guard.into_iter().chain(words));
    Invocation { stdin: Stdin::Held, ..guarded }
}

/// The sandbox in which a job with this interpreter sees these folders.
fn sandbox<'s>(interpreter: &'s Interpreter, folders: &'s JobFolders) -> Sandbox<'s> {
    Sandbox {
        folders,
        working_directory: APP,
        prefix: &interpreter.prefix,
        network: false,
        socket: None,
        terminal: false,
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
        if self.bubblewrap.is_none() {
            notes.push(
                "the checks ran without a sandbox, because `bwrap` is missing or does not work"
                    .to_owned(),
            );
        }
        notes
    }

    fn prepare(&self, recipes: &[Recipe]) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>> {
        self.prepare_all(recipes)
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
            Seen::ReadOnly => Err(launcher::read_only(&output)),
            Seen::NotInstalled => Err(launcher::not_installed(output)),
            Seen::Nothing => Err(RunError::Engine(EngineError::NotStarted {
                message: last_line(&output),
                code: output.code,
            })),
        }
    }

    fn run_shell(&self, job: &Job<'_>, shell: &Shell) -> Result<i32, RunError> {
        if shell.files == ShellFiles::Project && !self.has_sandbox() {
            let what = "`--tree` without `--writable` shows the project read-only".to_owned();
            return Err(RunError::Engine(EngineError::NeedsImages(what)));
        }
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
    /// Adds a warning to the report if the interpreter is not of the project's version.
    fn note_other_version(&self) {
        if self.interpreter.is(&self.settings.python) {
            return;
        }
        self.note(format!(
            "Python {} not found; the checks ran on {} (`{}`), which may report different findings",
            self.settings.python,
            self.interpreter.probe.version,
            self.interpreter.executable.display()
        ));
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

/// Removes a project's references to environments and the environments that no other project uses, or
/// all environments that no project uses.
pub(super) fn remove(
    removal: Removal,
    settings: &EngineOptions,
) -> Result<Vec<String>, EngineError> {
    let store = VenvStore::open(&settings.cache)?;
    match removal {
        Removal::Project => store.forget(&settings.project),
        Removal::Unused => store.remove_unused(),
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

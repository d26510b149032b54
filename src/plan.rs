//! What a run will do, as plain data with reasons.
//!
//! `plan` is pure: from a [`Config`] and a [`Request`] it makes the
//! [`Plan`] that `--dry-run` prints and [`crate::run`] executes. It spawns nothing, reads nothing
//! and knows no engine; paths in it are those of the inside of a container or of the project.

mod error;
mod fixes;
mod grants;
mod own_code;
mod shell;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use crate::check::{COMMANDS, CachePolicy, CheckName, Grant, GrantRequest, Standing};
use crate::config::nearest::nearest;
use crate::config::{CacheMode, Check, CommandPlace, Config, ToolConfig, Work};
use crate::container::{APP, CONFIG};
use crate::gate::{self, Since};
use crate::project::ProjectPath;
use crate::tools::{self, Command, Tool, ToolInvocation};

pub use error::PlanError;
pub use fixes::{Effect, FixStep, Fixes, Fixing, Withheld};
pub use shell::{Shell, ShellRequest, Streams, plan_shell};

/// The endings of the files that the catalogue's tools are about.
const PYTHON_ENDINGS: [&str; 2] = [".py", ".pyi"];

/// What somebody asked for.
///
/// Exhaustive: whoever asks fills in what differs from `Request::default()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The checks to run; all if empty.
    pub checks: Vec<String>,
    /// Cancel the rest at the first check that does not pass.
    pub fail_fast: bool,
    /// A time limit for every check, over what is configured.
    pub timeout: Option<Duration>,
    /// Whether files are fixed before they are checked.
    pub fixing: Fixing,
    /// The findings that count.
    pub gate: GateAsked,
    /// What the result cache is used for, over what is configured.
    pub cache: Option<CacheMode>,
    /// Whether nothing is replayed that ran before.
    pub no_cache: bool,
}

/// Which findings somebody wants to count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GateAsked {
    /// All that the configured baseline does not accept.
    #[default]
    Configured,
    /// Of those, the ones in lines that changed.
    Changed(Since),
    /// All, because a baseline is to be made of them.
    Open,
}

/// What is known of a project besides its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known {
    /// What it asks for beyond the sandbox, with what its user has said to that before. What is not
    /// here nobody has said anything to.
    pub asks: Vec<GrantRequest>,
    /// Whether there is a lock of its own dependencies.
    pub has_project_lock: bool,
    /// The files at its root that some tool reads without being told.
    pub root_files: BTreeSet<ProjectPath>,
}

/// What a run will do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// What is fixed before anything is checked; none if nothing is.
    pub fixes: Option<Fixes>,
    /// What somebody should be told who may expect another plan.
    pub notes: Vec<String>,
    /// The checks to run, in the order they are reported; none if fixes are only shown.
    pub steps: Vec<Step>,
    /// Which findings will count.
    pub gate: gate::GateSpec,
    /// Whether the first step that does not pass ends the others.
    pub fail_fast: bool,
    /// How many steps run at once.
    pub jobs: usize,
    /// What the result cache is used for.
    pub cache: CacheMode,
}

impl Plan {
    /// Every step, those that fix first.
    pub fn every_step(&self) -> impl Iterator<Item = &Step> {
        let fixes = self.fixes.iter().flat_map(|fixes| &fixes.steps);
        fixes.map(|fix| &fix.step).chain(&self.steps)
    }

    /// The longest time limit of a step.
    pub(crate) fn longest_timeout(&self) -> Duration {
        self.every_step().map(|step| step.timeout).max().unwrap_or_default()
    }

    /// The sources of all checks, sorted.
    pub(crate) fn sources(&self) -> Vec<ProjectPath> {
        let sources: BTreeSet<_> = self.steps.iter().flat_map(|step| step.source.clone()).collect();
        sources.into_iter().collect()
    }
}

/// One check to run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The check.
    pub check: CheckName,
    /// The catalogue's name of its tool, or `command`.
    pub tool: String,
    /// The files and folders it is about; without a file of these endings there is nothing to do.
    pub source: Vec<ProjectPath>,
    /// The endings of the files it is about; none for any.
    pub endings: Vec<String>,
    /// The exact files that it sees and that its fingerprint covers.
    pub file_set: FileSet,
    /// The tool's configuration file; none if it has none, or finds its own.
    pub config: Option<ConfigFile>,
    /// What it runs in.
    pub environment: EnvironmentSpec,
    /// The command inside the container.
    pub command: Command,
    /// Variables inside the container, the canonical ones included.
    pub env: BTreeMap<String, String>,
    /// Exit statuses that mean findings, for a command of the user's own.
    pub findings_exit: BTreeSet<i32>,
    /// Whether it works on a private copy of its files, which it can write to.
    pub writable: bool,
    /// What goes beyond the sandbox; all of it is granted once the step is in a plan.
    pub grants: BTreeSet<Grant>,
    /// How long it may take.
    pub timeout: Duration,
    /// What may be kept of its outcome.
    pub cache: CachePolicy,
}

/// The exact files that a check sees. Checks with the same file set share a snapshot.
///
/// Exhaustive: files are covered by nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileSet {
    /// Files and folders, sorted.
    pub paths: Vec<ProjectPath>,
    /// Globs of what is left out.
    pub exclude: Vec<String>,
    /// Globs of ignored files that are taken all the same.
    pub include: Vec<String>,
}

/// A tool's configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConfigFile {
    /// Where it is in the project.
    pub path: ProjectPath,
    /// Whether it is mounted apart at [`CONFIG`], or read in its place in the snapshot.
    pub mounted: bool,
}

/// What a step runs in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum EnvironmentSpec {
    /// The base with locked packages: those of a tool of the catalogue, or of a check of the user's
    /// own that requires some.
    Tool {
        /// The lock's name.
        lock: String,
        /// Whether the project's dependencies are there too.
        sees_project: bool,
    },
    /// The base without a tool.
    Base {
        /// Whether the project's dependencies are there.
        sees_project: bool,
    },
    /// An image that is not ours.
    Image(String),
}

/// The name of the tool behind a check of the user's own, in plans and reports.
pub const COMMAND: &str = "command";

/// Variables that every check gets, so that no tool's answer depends on the machine.
pub const CANONICAL_ENV: &[(&str, &str)] = &[
    ("BLACK_CACHE_DIR", "/tmp/black"),
    ("COLUMNS", "80"),
    ("HOME", "/tmp"),
    ("LC_ALL", "C.UTF-8"),
    ("LOGNAME", "pipe"),
    ("MYPY_CACHE_DIR", "/tmp/mypy"),
    ("NO_COLOR", "1"),
    ("PYLINTHOME", "/tmp/pylint"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("PYTHONHASHSEED", "0"),
    ("RUFF_CACHE_DIR", "/tmp/ruff"),
    ("TERM", "dumb"),
    ("TZ", "UTC"),
    ("USER", "pipe"),
];

/// Plans the checks of a request.
///
/// # Errors
///
/// When a name is no check of the configuration, a check asks for what is not granted, or fixes
/// are wanted where there are none.
pub fn plan(config: &Config, known: &Known, request: &Request) -> Result<Plan, PlanError> {
    for name in &request.checks {
        if !config.checks.iter().any(|check| check.name.as_str() == name) {
            return Err(unknown_check(config, name));
        }
    }
    let wanted = |check: &&Check| {
        request.checks.is_empty() || request.checks.iter().any(|name| check.name.as_str() == name)
    };
    let checks: Vec<&Check> = config.checks.iter().filter(wanted).collect();
    let mut steps: Vec<Step> =
        checks.iter().map(|check| step(config, known, check, request)).collect();
    let mut missing = Vec::new();
    for step in &mut steps {
        for ask in grants::asks_of(config, &known.asks, step) {
            step.grants.insert(ask.grant);
            let is_granted = config.allow.contains(&ask.grant) || ask.standing == Standing::Trusted;
            if !is_granted && !missing.contains(&ask) {
                missing.push(ask);
            }
        }
    }
    // It is the engine that asks for this one, where there is no sandbox.
    for step in steps.iter_mut().filter(|step| grants::has_host(config, &known.asks, step)) {
        step.grants.insert(Grant::Host);
    }
    if !missing.is_empty() {
        return Err(PlanError::GrantsMissing(missing));
    }
    let (fixes, notes) = fixes::plan(config, &checks, &steps, request.fixing)?;
    if fixes.as_ref().is_some_and(|fixes| fixes.effect == Effect::Show) {
        steps.clear();
    }
    let gate = gate_of(config, &request.gate);
    let cache = request.cache.unwrap_or(config.cache).replaying(!request.no_cache);
    Ok(Plan { fail_fast: request.fail_fast, jobs: config.jobs, fixes, notes, steps, gate, cache })
}

fn gate_of(config: &Config, asked: &GateAsked) -> gate::GateSpec {
    let baseline = config.baseline.clone();
    match asked {
        GateAsked::Open => gate::GateSpec::default(),
        GateAsked::Configured => gate::GateSpec { baseline, changed: None },
        GateAsked::Changed(since) => gate::GateSpec { baseline, changed: Some(since.clone()) },
    }
}

fn unknown_check(config: &Config, name: &str) -> PlanError {
    let checks: Vec<&str> = config.checks.iter().map(|check| check.name.as_str()).collect();
    let known: Vec<&str> = checks.iter().chain(COMMANDS).copied().collect();
    let hint = match nearest(name, &known) {
        Some(nearest) => format!("did you mean `cargo pipe {nearest}`?"),
        None => format!("the checks are: {}", checks.join(", ")),
    };
    PlanError::UnknownCheck { name: name.to_owned(), hint }
}

/// The step of a check, with all that it asks for itself, granted or not.
pub(crate) fn step(config: &Config, known: &Known, check: &Check, request: &Request) -> Step {
    let sees_project = known.has_project_lock;
    let mut env: BTreeMap<String, String> = CANONICAL_ENV
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    env.extend(check.env.clone());
    let mut step = Step {
        check: check.name.clone(),
        tool: COMMAND.to_owned(),
        source: check.source.clone(),
        endings: Vec::new(),
        file_set: FileSet::of(check),
        config: None,
        environment: EnvironmentSpec::Base { sees_project },
        command: Command::Exec(Vec::new()),
        env,
        findings_exit: BTreeSet::new(),
        writable: check.asks.contains(&Grant::Writable),
        grants: check.asks.clone(),
        timeout: request.timeout.unwrap_or(check.timeout),
        cache: check.cache,
    };
    match &check.work {
        Work::Tool { tool, config: file, args } => {
            let tool = tools::find(tool).unwrap_or_else(|| {
                unreachable!("the configuration was validated against the catalogue")
            });
            let file = ConfigFile::of(tool, file, config);
            step.writable |= tool.runs_project();
            let at_root = known.root_files.iter();
            let at_root = at_root.filter(|it| tool.reads_at_root().contains(&it.as_str()));
            at_root.for_each(|file| step.file_set.add(file));
            step.tool = tool.name().to_owned();
            step.endings = PYTHON_ENDINGS.map(str::to_owned).to_vec();
            step.environment = EnvironmentSpec::Tool {
                lock: tool.lock().to_owned(),
                sees_project: sees_project && tool.sees_project(),
            };
            step.command = tool.check(&ToolInvocation {
                config: file.as_ref().map(ConfigFile::in_container).as_deref(),
                source: &check.source,
                args,
                sees_project: step.environment.sees_project(),
            });
            if let Some(file) = file.as_ref().filter(|file| !file.mounted) {
                step.file_set.add(&file.path);
            }
            step.config = file;
        }
        Work::Command { run, place, findings_exit, .. } => {
            step.environment = match place {
                CommandPlace::Base => EnvironmentSpec::Base { sees_project },
                CommandPlace::Image(image) => EnvironmentSpec::Image(image.clone()),
                CommandPlace::Requirements(_) => {
                    EnvironmentSpec::Tool { lock: check.name.to_string(), sees_project: false }
                }
            };
            step.command = Command::Exec(run.clone());
            step.findings_exit = findings_exit.clone();
        }
    }
    step
}

impl EnvironmentSpec {
    /// Whether the project's dependencies are there.
    #[must_use]
    pub fn sees_project(&self) -> bool {
        match self {
            EnvironmentSpec::Tool { sees_project, .. } | EnvironmentSpec::Base { sees_project } => {
                *sees_project
            }
            EnvironmentSpec::Image(_) => false,
        }
    }

    /// Whether it is built from the project's Dockerfile: without packages the base itself is all
    /// there is of it.
    #[must_use]
    pub fn has_dockerfile(&self, config: &Config) -> bool {
        match self {
            EnvironmentSpec::Tool { .. } => true,
            EnvironmentSpec::Base { sees_project } => *sees_project || !config.image.apt.is_empty(),
            EnvironmentSpec::Image(_) => false,
        }
    }
}

impl FileSet {
    fn of(check: &Check) -> FileSet {
        let paths: BTreeSet<ProjectPath> =
            check.source.iter().chain(&check.inputs).cloned().collect();
        let sorted = |globs: &[String]| {
            let set: BTreeSet<String> = globs.iter().cloned().collect();
            set.into_iter().collect()
        };
        FileSet {
            paths: paths.into_iter().collect(),
            exclude: sorted(&check.exclude),
            include: sorted(&check.include),
        }
    }

    fn add(&mut self, path: &ProjectPath) {
        if let Err(place) = self.paths.binary_search(path) {
            self.paths.insert(place, path.clone());
        }
    }
}

impl ConfigFile {
    /// A file of the config folder is mounted apart; any other one is read in its place, because
    /// relative paths in it must hold.
    fn of(tool: &dyn Tool, named: &ToolConfig, config: &Config) -> Option<ConfigFile> {
        match named {
            ToolConfig::Found => None,
            ToolConfig::File(path) => {
                let mounted = !config.config.is_root() && path.starts_with(&config.config);
                Some(ConfigFile { path: path.clone(), mounted })
            }
            ToolConfig::Usual => {
                let path = config.config.join(tool.config_file()?).unwrap_or_else(|error| {
                    unreachable!("the catalogue's names are plain: {error}")
                });
                Some(ConfigFile { path, mounted: !config.config.is_root() })
            }
        }
    }

    /// Where the tool finds it.
    #[must_use]
    pub fn in_container(&self) -> String {
        match self.mounted {
            true => format!("{CONFIG}/{}", self.path.file_name()),
            false => format!("{APP}/{}", self.path),
        }
    }
}

//! The plan: everything that a run will do, as plain data with reasons.
//!
//! From a [`Config`] and a [`Request`] comes the [`Plan`] that `--dry-run` prints and [`crate::run`]
//! executes. Planning is pure: it starts no process, reads no file and knows no engine. Paths in a
//! plan are relative to the project, or those inside a container.

mod error;
mod fixes;
mod grants;
mod host_reason;
mod shell;
mod unused;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::check::{
    COMMANDS, CachePolicy, CheckName, FindingsOrigin, FindingsSpec, Grant, GrantRequest, Standing,
    StepId,
};
use crate::config::nearest::nearest;
use crate::config::{CacheMode, Check, CommandPlace, Config, ToolConfig, Work};
use crate::container::{APP, CONFIG};
use crate::gate::{self, Since};
use crate::limits::Limits;
use crate::project::ProjectPath;
use crate::tools::{self, Command, Tool, ToolInvocation};

pub use error::PlanError;
pub use fixes::{Effect, FixStep, Fixes, Fixing, Withheld};
pub use shell::{Shell, ShellRequest, Streams, plan_shell};

/// Whether the name of a file ends like Python.
pub(crate) fn ends_like_python(path: &ProjectPath) -> bool {
    tools::PYTHON_ENDINGS.iter().any(|ending| path.as_str().ends_with(ending))
}

/// The checks to plan, and how to run them.
///
/// Exhaustive: a caller fills in what differs from `Request::default()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The checks to run, spelled like a [`StepId`]; all if empty.
    pub checks: Vec<String>,
    /// Whether the first check that does not pass cancels the others.
    pub fail_fast: bool,
    /// A time limit for every check, instead of the configured one.
    pub timeout: Option<Duration>,
    /// Whether files are fixed before they are checked.
    pub fixing: Fixing,
    /// The findings that count.
    pub gate: GateAsked,
    /// The use of the result cache, instead of the configured one.
    pub cache: Option<CacheMode>,
    /// Whether cached results are ignored.
    pub no_cache: bool,
}

/// The findings that count, as requested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GateAsked {
    /// All that the configured baseline does not accept.
    #[default]
    Configured,
    /// Of those, the ones in lines that changed.
    Changed(Since),
    /// All, because a baseline will accept them.
    Open,
}

/// Facts about a project that are not in its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known {
    /// The requests for more than the sandbox, with the user's decision. A request that is missing
    /// here was never decided.
    pub asks: Vec<GrantRequest>,
    /// Whether its own dependencies are locked.
    pub has_project_lock: bool,
    /// The locked releases of tools, by the name of their lock; only those that the configuration
    /// chooses.
    pub versions: BTreeMap<String, String>,
    /// The files at its root that some tool reads without an option.
    pub root_files: BTreeSet<ProjectPath>,
    /// The sources of checks that are files whose names do not end like Python.
    pub scripts: BTreeSet<ProjectPath>,
    /// The files and folders to which the configuration of each check refers.
    pub references: BTreeMap<CheckName, BTreeSet<ProjectPath>>,
    /// The files that building the project generates.
    pub generated: Vec<ProjectPath>,
}

impl Known {
    /// The scripts among the sources of a check.
    fn scripts_of(&self, check: &Check) -> Vec<ProjectPath> {
        check.source.iter().filter(|path| self.scripts.contains(path)).cloned().collect()
    }
}

/// Everything that a run will do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The fixers that run before anything is checked; none if nothing is fixed.
    pub fixes: Option<Fixes>,
    /// Notes for a user who may expect another plan.
    pub notes: Vec<String>,
    /// The checks to run, in the order they are reported; none if fixes are only shown.
    pub steps: Vec<Step>,
    /// The findings that will count.
    pub gate: gate::GateSpec,
    /// Whether the first step that does not pass cancels the others.
    pub fail_fast: bool,
    /// The number of steps that run at once.
    pub jobs: usize,
    /// The use of the result cache.
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
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The check, and the package and Python that it is for.
    pub id: StepId,
    /// The catalogue's name of its tool, or `command`.
    pub tool: String,
    /// The files and folders that it checks; it fails if none of them has one of `endings`.
    pub source: Vec<ProjectPath>,
    /// The endings of the files that it checks; empty for any.
    pub endings: Vec<String>,
    /// The exact files that it sees and that its fingerprint covers.
    pub file_set: FileSet,
    /// The tool's configuration file; none if it has none, or finds its own.
    pub config: Option<ConfigFile>,
    /// The environment that it runs in.
    pub environment: EnvironmentSpec,
    /// The command inside the container.
    pub command: Command,
    /// The arguments of the command that the configuration adds to those of the tool.
    pub args: Vec<String>,
    /// Variables inside the container, the canonical ones included.
    pub env: BTreeMap<String, String>,
    /// Exit statuses that mean findings, for a command of the user's own.
    pub findings_exit: BTreeSet<i32>,
    /// The format of the findings of a command of the user's own.
    pub findings: Option<FindingsSpec>,
    /// Whether it works on a private copy of its files, to which it can write.
    pub writable: bool,
    /// The grants beyond the sandbox; all of them are given once the step is in a plan.
    pub grants: BTreeSet<Grant>,
    /// Its time limit.
    pub timeout: Duration,
    /// The limits of its resources.
    pub limits: Limits,
    /// The outcomes that may be cached.
    pub cache: CachePolicy,
}

/// The exact files that a check sees. Checks with the same file set share a snapshot.
///
/// Exhaustive: no other rule covers files.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileSet {
    /// Files and folders, sorted.
    pub paths: Vec<ProjectPath>,
    /// Globs of files that are left out.
    pub exclude: Vec<String>,
    /// Globs of ignored files that are included anyway.
    pub include: Vec<String>,
    /// Files that are included where they exist, even if they are ignored.
    pub generated: Vec<ProjectPath>,
}

/// A tool's configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigFile {
    /// Where it is in the project.
    pub path: ProjectPath,
    /// Whether it is mounted at [`CONFIG`] instead of read in its place in the snapshot.
    pub mounted: bool,
}

/// The environment that a step runs in, as requested.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EnvironmentSpec {
    /// The base with locked packages: those of a tool of the catalogue, or of a check of the user's
    /// own that requires some.
    Tool {
        /// The lock's name.
        lock: String,
        /// Whether it contains the project's dependencies, too.
        sees_project: bool,
    },
    /// The base without a tool.
    Base {
        /// Whether it contains the project's dependencies.
        sees_project: bool,
    },
    /// An image that cargo pipe does not build.
    Image(String),
}

pub use crate::check::COMMAND;

/// Variables that every check gets, so that no tool's output depends on the machine.
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
/// When a check is unknown, a grant is missing, or fixes are requested of checks that have none.
pub fn plan(config: &Config, known: &Known, request: &Request) -> Result<Plan, PlanError> {
    for name in &request.checks {
        if !config.checks.iter().any(|check| check.step_id().as_str() == name) {
            return Err(unknown_check(config, name));
        }
    }
    let wanted = |check: &&Check| {
        let id = check.step_id();
        request.checks.is_empty() || request.checks.iter().any(|name| id.as_str() == name)
    };
    let checks: Vec<&Check> = config.checks.iter().filter(wanted).collect();
    let mut steps: Vec<Step> =
        checks.iter().map(|check| step(config, known, check, request)).collect();
    let mut missing = Vec::new();
    for step in &mut steps {
        for ask in grants::requests_of(config, &known.asks, step) {
            step.grants.insert(ask.grant);
            let is_granted = config.allow.contains(&ask.grant) || ask.standing == Standing::Trusted;
            if !is_granted && !missing.contains(&ask) {
                missing.push(ask);
            }
        }
    }
    // The engine asks for this grant if it has no sandbox.
    for step in steps.iter_mut().filter(|step| grants::has_host(config, &known.asks, step)) {
        step.grants.insert(Grant::Host);
    }
    if !missing.is_empty() {
        return Err(PlanError::GrantsMissing(missing));
    }
    let (fixes, notes) = fixes::plan_fixes(config, known, &checks, &steps, request.fixing)?;
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
    if let Some(error) = unused::unused_tool(config, name) {
        return error;
    }
    let hint = match nearest(name, &known) {
        Some(nearest) => format!("did you mean `cargo pipe {nearest}`?"),
        None => format!("the checks are: {}", checks.join(", ")),
    };
    PlanError::UnknownCheck { name: name.to_owned(), hint }
}

/// The step of a check, with all grants that it asks for, given or not.
pub(crate) fn step(config: &Config, known: &Known, check: &Check, request: &Request) -> Step {
    let sees_project = known.has_project_lock && check.sees_project;
    let mut env: BTreeMap<String, String> = CANONICAL_ENV
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    env.extend(check.env.clone());
    let mut step = Step {
        id: check.step_id(),
        tool: COMMAND.to_owned(),
        source: check.source.clone(),
        endings: Vec::new(),
        file_set: FileSet::of(check, &check.inputs),
        config: None,
        environment: EnvironmentSpec::Base { sees_project },
        command: Command::Exec(Vec::new()),
        args: Vec::new(),
        env,
        findings_exit: BTreeSet::new(),
        findings: None,
        writable: check.asks.contains(&Grant::Writable),
        grants: check.asks.clone(),
        timeout: request.timeout.unwrap_or(check.timeout),
        limits: check.limits,
        cache: check.cache,
    };
    match &check.work {
        Work::Tool { tool, config: file, args, packages } => {
            let tool = tools::find(tool).unwrap_or_else(|| {
                unreachable!("the configuration was validated against the catalogue")
            });
            let file = ConfigFile::of(tool, file, config);
            step.writable |= tool.runs_project();
            if !tool.reads_inputs() {
                step.file_set = FileSet::of(check, &[]);
            }
            if tool.sees_project() {
                step.file_set.generated.clone_from(&known.generated);
            }
            let referred = known.references.get(&check.name);
            referred.into_iter().flatten().for_each(|path| step.file_set.add(path));
            if !tool.runs_project() {
                // A Python that the tool starts imports nothing from the working directory.
                step.env.insert("PYTHONSAFEPATH".to_owned(), "1".to_owned());
            }
            let at_root = known.root_files.iter();
            let at_root = at_root.filter(|it| tool.reads_at_root().contains(&it.as_str()));
            at_root.for_each(|file| step.file_set.add(file));
            step.tool = tool.name().to_owned();
            step.args.clone_from(args);
            step.endings = tool.endings().iter().map(|ending| (*ending).to_owned()).collect();
            step.environment = EnvironmentSpec::Tool {
                lock: packages.lock.clone(),
                sees_project: sees_project && tool.sees_project(),
            };
            step.command = tool.check(&ToolInvocation {
                config: file.as_ref().map(ConfigFile::in_container).as_deref(),
                source: &check.source,
                scripts: &known.scripts_of(check),
                args,
                sees_project: step.environment.sees_project(),
                version: known.versions.get(&packages.lock).map(String::as_str),
            });
            if let Some(file) = file.as_ref().filter(|file| !file.mounted) {
                step.file_set.add(&file.path);
            }
            step.config = file;
        }
        Work::Command { run, place, findings_exit, findings, .. } => {
            step.environment = match place {
                CommandPlace::Base => EnvironmentSpec::Base { sees_project },
                CommandPlace::Image(image) => EnvironmentSpec::Image(image.clone()),
                CommandPlace::Requirements(_) => {
                    EnvironmentSpec::Tool { lock: check.name.to_string(), sees_project: false }
                }
            };
            step.command = match findings.as_ref().map(|it| &it.from) {
                Some(FindingsOrigin::File(file)) => {
                    Command::Report { argv: run.clone(), file: file.clone() }
                }
                _ => Command::Exec(run.clone()),
            };
            step.findings_exit = findings_exit.clone();
            step.findings = findings.as_deref().cloned();
        }
    }
    step
}

impl EnvironmentSpec {
    /// Whether it contains the project's dependencies.
    #[must_use]
    pub fn sees_project(&self) -> bool {
        match self {
            EnvironmentSpec::Tool { sees_project, .. } | EnvironmentSpec::Base { sees_project } => {
                *sees_project
            }
            EnvironmentSpec::Image(_) => false,
        }
    }

    /// Whether it is built from the project's Dockerfile: without packages it is the base itself.
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
    fn of(check: &Check, inputs: &[ProjectPath]) -> FileSet {
        let paths: BTreeSet<ProjectPath> = check.source.iter().chain(inputs).cloned().collect();
        let sorted = |globs: &[String]| {
            let set: BTreeSet<String> = globs.iter().cloned().collect();
            set.into_iter().collect()
        };
        FileSet {
            paths: paths.into_iter().collect(),
            exclude: sorted(&check.exclude),
            include: sorted(&check.include),
            generated: Vec::new(),
        }
    }

    fn add(&mut self, path: &ProjectPath) {
        if let Err(place) = self.paths.binary_search(path) {
            self.paths.insert(place, path.clone());
        }
    }
}

impl ConfigFile {
    /// A file of the config folder is mounted apart; any other one is read in its place, because it may
    /// contain relative paths.
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

    /// Its path inside the container.
    #[must_use]
    pub fn in_container(&self) -> String {
        if self.mounted {
            format!("{CONFIG}/{}", self.path.file_name())
        } else {
            format!("{APP}/{}", self.path)
        }
    }
}

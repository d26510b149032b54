//! The plan: everything that a run will do, as plain data with reasons.
//!
//! From a [`Config`] and a [`Request`] comes the [`Plan`] that `--dry-run` prints and [`crate::run`]
//! executes. Planning is pure: it starts no process, reads no file and knows no engine. Paths in a
//! plan are relative to the project, or those inside a container.

mod affected;
mod environment;
mod error;
mod fixes;
mod grants;
mod host_reason;
mod partition;
mod rust;
mod shell;
mod step;
mod unused;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::check::{COMMANDS, Grant, GrantRequest, SecretName, StepId};
use crate::config::nearest::nearest;
use crate::config::{CacheMode, Check, Config};
use crate::gate::{self, Since};
use crate::hash::Hash;
use crate::project::ProjectPath;
use crate::secrets::SecretError;
use crate::tools::{self, Installation};

pub(crate) use affected::ChangeSet;
pub use affected::{Affected, ReachedBy};
pub use environment::{EnvironmentSpec, RustCompilation};
pub use error::PlanError;
pub use fixes::{Effect, FixStep, Fixes, Fixing, Withheld, can_fix};
pub use partition::{Costs, Partition, RunPart, RunPartError};
pub use shell::{Shell, ShellFiles, ShellRequest, Streams, plan_shell};
pub(crate) use step::step;
pub use step::{CANONICAL_ENV, ConfigFile, FileSet, Step};

pub use crate::check::COMMAND;

/// Whether the name of a file ends like Python.
pub(crate) fn ends_like_python(path: &ProjectPath) -> bool {
    tools::PYTHON_ENDINGS.iter().any(|ending| path.as_str().ends_with(ending))
}

/// The checks to plan, and how to run them.
///
/// Exhaustive: a caller fills in what differs from `Request::default()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The checks to run, all if empty: `lint` in every package and on every Python, `core:lint` in one
    /// package, `lint@3.12` on one Python, `core:` for all of a package, or `@3.12` for all on a Python.
    pub checks: Vec<String>,
    /// Whether the first check that does not pass cancels the others.
    pub fail_fast: bool,
    /// A time limit for every check, instead of the configured one.
    pub timeout: Option<Duration>,
    /// Whether files are fixed before they are checked.
    pub fixing: Fixing,
    /// The findings that count.
    pub gate: GateAsked,
    /// Whether an obsolete entry of the baseline fails the run.
    pub strict: bool,
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
    /// The locks of dependencies that it has.
    pub project_locks: BTreeSet<String>,
    /// The facts about each folder in which a check runs.
    pub folders: BTreeMap<ProjectPath, FolderFacts>,
    /// The folders from which a package can import those that it depends on, and a tool that runs once all
    /// packages.
    pub import_roots: BTreeMap<Option<String>, Vec<ProjectPath>>,
    /// The locked releases of tools, by the name of their lock; only those that the configuration
    /// chooses.
    pub versions: BTreeMap<String, String>,
    /// The files that some tool reads without an option: those at its root, and in the folder of a
    /// package and those above it also configurations.
    pub tool_files: BTreeSet<ProjectPath>,
    /// The sources of checks that are files whose names do not end like Python.
    pub scripts: BTreeSet<ProjectPath>,
    /// The files and folders to which the configuration of each check refers.
    pub references: BTreeMap<StepId, BTreeSet<ProjectPath>>,
    /// The Python that an option names for the tools of some checks, because they run on a newer one.
    pub targets: BTreeMap<StepId, String>,
    /// The granted secrets: what a fingerprint has of each value, or the reason why there is none.
    pub secrets: BTreeMap<SecretName, Result<Hash, SecretError>>,
}

/// Facts about a folder that a build system can install.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderFacts {
    /// Its installation; none without a locked build system, or a check that needs it.
    pub installation: Option<Installation>,
    /// The files and folders that building it reads, in addition to those of a check.
    pub build_inputs: BTreeSet<ProjectPath>,
    /// The files that building it generates.
    pub generated: Vec<ProjectPath>,
}

impl Known {
    /// The part of a fingerprint that stands for the value of a secret.
    fn secret(&self, name: &SecretName) -> Result<Hash, SecretError> {
        self.secrets.get(name).copied().unwrap_or(Err(SecretError::Missing))
    }

    /// The scripts among the sources of a check, relative to the folder that it runs in.
    fn scripts_of(&self, check: &Check) -> Vec<ProjectPath> {
        let scripts = check.source.iter().filter(|path| self.scripts.contains(path));
        scripts.map(|path| path.below(&check.folder)).collect()
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
    /// The steps in the order in which they start, if that was asked for.
    pub starts: Option<Vec<StepId>>,
    /// What a change reaches, if steps that it does not reach are left out.
    pub affected: Option<Affected>,
    /// The part of the run that this is; none for a whole run.
    pub partition: Option<Partition>,
    /// The steps of the other parts, which do not run.
    pub others: Vec<Step>,
}

impl Plan {
    /// Every step, those that fix first.
    pub fn every_step(&self) -> impl Iterator<Item = &Step> {
        let fixes = self.fixes.iter().flat_map(|fixes| &fixes.steps);
        fixes.map(|fix| &fix.step).chain(&self.steps)
    }

    /// Refuses the name of a check that means several steps, for a command about one.
    ///
    /// # Errors
    ///
    /// When the plan has more than one step.
    pub(crate) fn refuse_several(&self, name: &str) -> Result<(), PlanError> {
        match self.steps.as_slice() {
            [] | [_] => Ok(()),
            steps => Err(PlanError::SeveralSteps {
                name: name.to_owned(),
                steps: steps.iter().map(|step| step.id.clone()).collect(),
            }),
        }
    }

    /// The longest time limit of a step.
    pub(crate) fn longest_timeout(&self) -> Duration {
        self.every_step().map(|step| step.timeout).max().unwrap_or_default()
    }

    /// Every step of the whole run, also those of other parts.
    pub(crate) fn steps_of_all_parts(&self) -> impl Iterator<Item = &Step> {
        self.every_step().chain(&self.others)
    }

    /// The sources of all checks of the whole run, sorted.
    pub(crate) fn sources(&self) -> Vec<ProjectPath> {
        let steps = self.steps.iter().chain(&self.others);
        let sources: BTreeSet<_> = steps.flat_map(|step| step.source.clone()).collect();
        sources.into_iter().collect()
    }
}

/// Plans the checks of a request.
///
/// # Errors
///
/// When a check is unknown, a grant is missing, or fixes are requested of checks that have none.
pub fn plan(config: &Config, known: &Known, request: &Request) -> Result<Plan, PlanError> {
    for name in &request.checks {
        if !config.checks.iter().any(|check| names(name, check)) {
            return Err(unknown_check(config, name));
        }
    }
    let wanted = |check: &&Check| {
        request.checks.is_empty() || request.checks.iter().any(|name| names(name, check))
    };
    let checks: Vec<&Check> = config.checks.iter().filter(wanted).collect();
    let mut steps: Vec<Step> =
        checks.iter().map(|check| step(config, known, check, request)).collect();
    let mut missing = Vec::new();
    for step in &mut steps {
        for ask in grants::requests_of(config, &known.asks, step) {
            step.grants.insert(ask.grant.clone());
            if !ask.is_granted(&config.allow) && !missing.contains(&ask) {
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
    let gate = gate_of(config, request);
    let cache = request.cache.unwrap_or(config.cache).replaying(!request.no_cache);
    let (fail_fast, jobs) = (request.fail_fast, config.jobs);
    Ok(Plan {
        fail_fast,
        jobs,
        fixes,
        notes,
        steps,
        gate,
        cache,
        starts: None,
        affected: None,
        partition: None,
        others: Vec::new(),
    })
}

/// Whether a name on the command line means a check. Each part of `package:check@python` can be left
/// out, and then means all: `lint`, `core:lint`, `core:`, `lint@3.12`, `@3.12`.
pub(crate) fn names(name: &str, check: &Check) -> bool {
    let (package, own_name, python) = StepId::split(name);
    let is_of_check = match own_name {
        "" => package.is_some() || python.is_some(),
        _ => own_name == check.name.as_str(),
    };
    is_of_check
        && package.is_none_or(|package| check.id.package() == Some(package))
        && python.is_none_or(|python| check.python == python)
}

fn gate_of(config: &Config, request: &Request) -> gate::GateSpec {
    let changed = match &request.gate {
        GateAsked::Open => return gate::GateSpec::default(),
        GateAsked::Configured => None,
        GateAsked::Changed(since) => Some(since.clone()),
    };
    gate::GateSpec { baseline: config.baseline.clone(), changed, strict: request.strict }
}

fn unknown_check(config: &Config, name: &str) -> PlanError {
    let mut checks: Vec<&str> = Vec::new();
    for check in &config.checks {
        if !checks.contains(&check.name.as_str()) {
            checks.push(check.name.as_str());
        }
    }
    if name.contains([':', '@']) {
        let steps = config.checks.iter().map(|check| check.id.as_str());
        let steps: Vec<&str> = steps.filter(|step| !checks.contains(step)).collect();
        checks.extend(steps);
    }
    let known: Vec<&str> = checks.iter().chain(COMMANDS).copied().collect();
    if let Some(error) = unused::unused_tool(config, name) {
        return error;
    }
    let hint = match nearest(name, &known) {
        Some(nearest) => format!("did you mean `cargo pipe {nearest}`?"),
        None => {
            let checks = checks.join(", ");
            format!("the checks are: {checks}; `cargo pipe help` lists the commands")
        }
    };
    PlanError::UnknownCheck { name: name.to_owned(), hint }
}

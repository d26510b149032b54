//! Executes a plan.
//!
//! Owns the order of things: fixers run one after the other; then outcomes are looked for that are
//! known already; for the other steps environments are prepared and snapshots copied, and they run
//! side by side in a rayon pool of our own. Every step ends as an outcome, whatever happens. It
//! knows what an engine can do but not how, and what a tool's output means only through the
//! catalogue. The outcomes go into a [`Report`].

mod directory;
mod explain;
pub mod fix;
mod incremental;
mod inputs;
mod outcome;
mod preflight;
mod read_gate;
mod resources;
mod schedule;
mod step;
mod unseen_imports;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::Index;
use crate::check::Grant;
use crate::config::Config;
use crate::config::load::EnvVars;
use crate::engine::{
    self, Engine, EngineError, EngineOptions, JobImage, PreparedEnvironment, Removed, Shipped,
    Then, docker,
};
use crate::environment::recipe;
use crate::event::Event;
use crate::gate::Gate;
use crate::git::GitContext;
use crate::outcome::{Interruption, Reason, ReasonKind, Verdict};
use crate::plan::{Plan, Shell, Step};
use crate::process::Emitter;
use crate::project::{Project, discover};
use crate::report::{Preview, Report};
use crate::snapshot::{self, Inventory, SnapshotError, Tree};

use preflight::Preflight;
use resources::Resources;

pub use crate::process::{Cancel, Stop};
pub use directory::Directory;
pub use explain::{compare, why};
pub use read_gate::read_gate;

/// What a run has at hand.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The project.
    pub project: &'a Project,
    /// What it wants.
    pub config: &'a Config,
    /// The variables it runs in.
    pub variables: &'a EnvVars,
    /// Our folder in the user's cache.
    pub cache: &'a Path,
    /// Where the run has its own folder: there too, unless somebody says otherwise.
    pub scratch: &'a Path,
    /// The run's off switch.
    pub cancel: &'a Cancel,
    /// Whoever watches.
    pub emitter: &'a Emitter<'a>,
}

/// An environment, or why it is not to be had; shared by all who wait for it.
pub type Preparation = Result<PreparedEnvironment, Arc<EngineError>>;

/// A snapshot of a file set, or why there is none.
type Copied = Result<Snapshot, Reason>;

/// The files that steps of the same file set see.
struct Snapshot {
    inventory: Inventory,
    tree: Tree,
}

/// Runs a plan to its end.
pub fn execute(context: Context<'_>, plan: &Plan) -> Report {
    context.emitter.emit(&Event::Started(plan));
    let gate = gate(context, plan);
    let checks = match (pool(plan), &gate) {
        (Ok(pool), Ok(gate)) => pool.install(|| schedule::work(context, plan, gate)),
        (Err(error), _) => schedule::failed(context, plan, &error.reason()),
        (_, Err(reason)) => schedule::failed(context, plan, reason),
    };
    let interruption = (context.cancel.stopped() == Some(Stop::Interrupt)).then_some(Interruption);
    Report {
        folder: discover::in_repository(&context.project.root),
        verdict: Verdict::over(&checks.outcomes, interruption),
        platform: checks.platform,
        engine: checks.engine,
        warnings: checks.warnings,
        snapshots: checks.snapshots,
        changed_files: checks.changed_files,
        gate: gate.ok().and_then(|gate| gate.summary(&checks.outcomes)),
        checks: checks.outcomes,
    }
}

/// Which findings count, before anything is started.
fn gate(context: Context<'_>, plan: &Plan) -> Result<Gate, Reason> {
    let Context { project, variables, cancel, emitter, .. } = context;
    let sources: BTreeSet<_> = plan.steps.iter().flat_map(|step| step.source.clone()).collect();
    let sources: Vec<_> = sources.into_iter().collect();
    let context = GitContext { root: &project.root, variables, cancel, emitter };
    read_gate(context, &plan.gate, &sources)
}

/// Runs the fixers of a plan and writes nothing.
///
/// # Errors
///
/// When there is no engine, or no place to work in.
pub fn preview(context: Context<'_>, plan: &Plan) -> Result<Preview, EngineError> {
    context.emitter.emit(&Event::Started(plan));
    let recipes = resources::recipes(context, plan);
    let mut resources = Resources::open(context, plan)?;
    let fixed =
        pool(plan)?.install(|| schedule::fix_first(context, plan, &recipes, &mut resources))?;
    resources.engine().reap();
    let stopped = context.cancel.stopped().map(|_| Verdict::Interrupted);
    let changed = (!fixed.changed.is_empty()).then_some(Verdict::Findings);
    let failed = fixed.unfixed.values().map(Reason::verdict);
    Ok(Preview {
        verdict: Verdict::worst(failed.chain(stopped).chain(changed)).unwrap_or(Verdict::Passed),
        files: fixed.changed,
        patch: fixed.patch,
        warnings: fixed.warnings,
        failures: fixed.unfixed,
    })
}

/// Makes the environments of a plan available.
///
/// # Errors
///
/// When there is no engine, or no place to work in.
pub fn prepare(context: Context<'_>, plan: &Plan) -> Result<Vec<Preparation>, EngineError> {
    let recipes = resources::recipes(context, plan);
    let mut resources = Resources::open(context, plan)?;
    pool(plan)?.install(|| resources.prepare(context, &recipes, &recipes.keys().collect()))?;
    Ok(std::mem::take(&mut resources.environments).into_values().collect())
}

/// Lets a visitor into the container of a check, and returns the exit status of what they did.
///
/// # Errors
///
/// When the container cannot be had, or the visit was interrupted.
pub fn visit(context: Context<'_>, visit: &Shell) -> Result<i32, Reason> {
    let plan = visit.plan();
    context.emitter.emit(&Event::Started(&plan));
    let environment = |error: EngineError| error.reason();
    let pool = pool(&plan).map_err(environment)?;
    let recipes = resources::recipes(context, &plan);
    let mut resources = Resources::open(context, &plan).map_err(environment)?;
    let steps: Vec<&Step> = plan.steps.iter().collect();
    let warnings = pool.install(|| {
        let survey = Preflight::of(context, &plan, &recipes, &Index::none());
        resources.furnish(context, &recipes, &survey, &steps)?;
        let copied = steps.iter().filter_map(|step| resources.copied(&step.file_set));
        Ok(copied.flat_map(|(_, inventory)| inventory.warnings.clone()).collect::<Vec<_>>())
    });
    for message in warnings.map_err(environment)? {
        context.emitter.emit(&Event::Warning { message: &message });
    }
    resources.engine().reap();
    let step =
        steps.first().ok_or_else(|| Reason::new(ReasonKind::Internal, "a visit has no check"))?;
    let ready = resources.ready(context, step, None)?;
    resources.engine().place(ready.trees());
    ready.visit(context, resources.engine(), visit)
}

/// Makes an image for jobs of CI with docker.
///
/// # Errors
///
/// When there is no docker engine, or the image cannot be made or pushed.
pub fn ship(context: Context<'_>, image: &JobImage, then: Then) -> Result<Shipped, EngineError> {
    let directory = Directory::create(context.scratch)?;
    let settings = settings(context, &directory, Duration::ZERO);
    engine::ship(image, then, settings, context.cancel, context.emitter)
}

/// Takes away what the engine has of the project, and what nobody else refers to.
///
/// # Errors
///
/// When there is no engine, or it refuses.
pub fn remove(context: Context<'_>) -> Result<Removed, EngineError> {
    let directory = Directory::create(context.scratch)?;
    let settings = settings(context, &directory, Duration::ZERO);
    engine::remove(settings, context.cancel, context.emitter)
}

/// Connects to the engine, for this run.
///
/// # Errors
///
/// When there is none.
fn connect<'a>(
    context: Context<'a>,
    directory: &Directory,
    longest: Duration,
) -> Result<Box<dyn Engine + 'a>, EngineError> {
    engine::connect(settings(context, directory, longest), context.cancel, context.emitter)
}

/// What an engine is started with, for this run.
pub(crate) fn settings(
    context: Context<'_>,
    directory: &Directory,
    longest: Duration,
) -> EngineOptions {
    let ca_bundle = context.config.network.ca_bundle.as_ref();
    EngineOptions {
        choice: context.config.engine,
        docker: docker::program(context.config.engine, context.variables).to_owned(),
        project: context.project.id(),
        root: context.project.root.clone(),
        base_lock: recipe::base_lock_path(context.config).on_disk(&context.project.root),
        variables: context.variables.clone(),
        python: context.config.python.version.clone(),
        cache: context.cache.to_owned(),
        run: directory.id().to_owned(),
        folder: directory.path().to_owned(),
        topology: context.config.topology,
        platform: context.config.platform.clone(),
        cpus: context.config.cpus,
        network: context.config.network.clone(),
        ca_bundle: ca_bundle.map(|bundle| bundle.on_disk(&context.project.root)),
        allows_host: context.config.allow.contains(&Grant::Host),
        offline: context.config.offline,
        longest,
    }
}

/// The pool that a plan's steps run in: our own, because a program that uses the library may have
/// the global one.
fn pool(plan: &Plan) -> Result<rayon::ThreadPool, EngineError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(plan.jobs)
        .build()
        .map_err(|error| EngineError::Threads(error.to_string()))
}

/// The longest that a step of a plan may take.
fn longest(plan: &Plan) -> Duration {
    plan.every_step().map(|step| step.timeout).max().unwrap_or_default()
}

fn snapshot_reason(error: &SnapshotError) -> Reason {
    let (kind, hint) = match error {
        SnapshotError::Missing(_) => (
            ReasonKind::Config,
            Some("change `source` or `inputs` in pipe.toml to what is there".to_owned()),
        ),
        SnapshotError::Glob { .. } | SnapshotError::Link(_) => (ReasonKind::Config, None),
        SnapshotError::Stopped => (ReasonKind::Stopped, None),
        _ => (ReasonKind::Environment, None),
    };
    Reason::new(kind, error.to_string()).with_hint(hint)
}

/// Warnings about files that every clone has and no check sees.
fn ignored_warnings(context: Context<'_>, plan: &Plan) -> Vec<String> {
    let paths: BTreeSet<_> = plan.steps.iter().flat_map(|step| step.source.clone()).collect();
    let paths: Vec<_> = paths.into_iter().collect();
    let root = &context.project.root;
    snapshot::tracked_but_ignored(root, &paths, context.cancel, context.emitter)
        .into_iter()
        .filter(|path| !context.config.include.iter().any(|glob| glob == path.as_str()))
        .map(|path| {
            format!(
                "`{path}` is tracked by git but ignored by a .gitignore, so no check sees it; \
                 `include = [\"{path}\"]` in pipe.toml takes it in"
            )
        })
        .collect()
}

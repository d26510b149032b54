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
use crate::config::load::Environment as Variables;
use crate::engine::{
    self, Engine, EngineError, JobImage, Prepared, Removed, Settings, Shipped, Then, docker,
};
use crate::environment::recipe;
use crate::event::Event;
use crate::gate::{self, Gate};
use crate::outcome::{Interruption, Reason, ReasonKind, Verdict};
use crate::plan::{Plan, Step, Visit};
use crate::process::Emitter;
use crate::project::{Project, discover};
use crate::report::{Preview, Report};
use crate::snapshot::{self, Inventory, SnapshotError, Tree};

use preflight::Survey;
use resources::Workshop;

pub use crate::process::{Cancel, Stop};
pub use directory::Directory;
pub use explain::{compare, why};

/// What a run has at hand.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The project.
    pub project: &'a Project,
    /// What it wants.
    pub config: &'a Config,
    /// The variables it runs in.
    pub variables: &'a Variables,
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
pub type Preparation = Result<Prepared, Arc<EngineError>>;

/// A snapshot of a coverage, or why there is none.
type Copied = Result<Snapshot, Reason>;

/// The files that steps of equal coverage see.
struct Snapshot {
    inventory: Inventory,
    tree: Tree,
}

/// Runs a plan to its end.
pub fn execute(world: World<'_>, plan: &Plan) -> Report {
    world.emitter.emit(&Event::Started(plan));
    let gate = gate(world, plan);
    let checks = match (pool(plan), &gate) {
        (Ok(pool), Ok(gate)) => pool.install(|| schedule::work(world, plan, gate)),
        (Err(error), _) => schedule::failed(world, plan, &error.reason()),
        (_, Err(reason)) => schedule::failed(world, plan, reason),
    };
    let interruption = (world.cancel.stopped() == Some(Stop::Interrupt)).then_some(Interruption);
    Report {
        folder: discover::in_repository(&world.project.root),
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
fn gate(world: World<'_>, plan: &Plan) -> Result<Gate, Reason> {
    let World { project, variables, cancel, emitter, .. } = world;
    let sources: BTreeSet<_> = plan.steps.iter().flat_map(|step| step.source.clone()).collect();
    let sources: Vec<_> = sources.into_iter().collect();
    let site = gate::load::Site { root: &project.root, variables, cancel, emitter };
    gate::load::load(site, &plan.gate, &sources)
}

/// Runs the fixers of a plan and writes nothing.
///
/// # Errors
///
/// When there is no engine, or no place to work in.
pub fn preview(world: World<'_>, plan: &Plan) -> Result<Preview, EngineError> {
    world.emitter.emit(&Event::Started(plan));
    let blueprints = resources::blueprints(world, plan);
    let mut workshop = Workshop::open(world, plan)?;
    let fixed =
        pool(plan)?.install(|| schedule::fix_first(world, plan, &blueprints, &mut workshop))?;
    workshop.engine().reap();
    let stopped = world.cancel.stopped().map(|_| Verdict::Interrupted);
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
pub fn prepare(world: World<'_>, plan: &Plan) -> Result<Vec<Preparation>, EngineError> {
    let blueprints = resources::blueprints(world, plan);
    let mut workshop = Workshop::open(world, plan)?;
    pool(plan)?.install(|| workshop.prepare(world, &blueprints, &blueprints.keys().collect()))?;
    Ok(std::mem::take(&mut workshop.environments).into_values().collect())
}

/// Lets a visitor into the container of a check, and returns the exit status of what they did.
///
/// # Errors
///
/// When the container cannot be had, or the visit was interrupted.
pub fn visit(world: World<'_>, visit: &Visit) -> Result<i32, Reason> {
    let plan = visit.plan();
    world.emitter.emit(&Event::Started(&plan));
    let environment = |error: EngineError| error.reason();
    let pool = pool(&plan).map_err(environment)?;
    let blueprints = resources::blueprints(world, &plan);
    let mut workshop = Workshop::open(world, &plan).map_err(environment)?;
    let steps: Vec<&Step> = plan.steps.iter().collect();
    let warnings = pool.install(|| {
        let survey = Survey::of(world, &plan, &blueprints, &Index::none());
        workshop.furnish(world, &blueprints, &survey, &steps)?;
        let copied = steps.iter().filter_map(|step| workshop.copied(&step.coverage));
        Ok(copied.flat_map(|(_, inventory)| inventory.warnings.clone()).collect::<Vec<_>>())
    });
    for message in warnings.map_err(environment)? {
        world.emitter.emit(&Event::Warning { message: &message });
    }
    workshop.engine().reap();
    let step =
        steps.first().ok_or_else(|| Reason::new(ReasonKind::Internal, "a visit has no check"))?;
    let ready = workshop.ready(world, step, None)?;
    workshop.engine().place(ready.trees());
    ready.visit(world, workshop.engine(), visit)
}

/// Makes an image for jobs of CI with docker.
///
/// # Errors
///
/// When there is no docker engine, or the image cannot be made or pushed.
pub fn ship(world: World<'_>, image: &JobImage, then: Then) -> Result<Shipped, EngineError> {
    let directory = Directory::create(world.scratch)?;
    let settings = settings(world, &directory, Duration::ZERO);
    engine::ship(image, then, settings, world.cancel, world.emitter)
}

/// Takes away what the engine has of the project, and what nobody else refers to.
///
/// # Errors
///
/// When there is no engine, or it refuses.
pub fn remove(world: World<'_>) -> Result<Removed, EngineError> {
    let directory = Directory::create(world.scratch)?;
    let settings = settings(world, &directory, Duration::ZERO);
    engine::remove(settings, world.cancel, world.emitter)
}

/// Connects to the engine, for this run.
///
/// # Errors
///
/// When there is none.
fn connect<'a>(
    world: World<'a>,
    directory: &Directory,
    longest: Duration,
) -> Result<Box<dyn Engine + 'a>, EngineError> {
    engine::connect(settings(world, directory, longest), world.cancel, world.emitter)
}

/// What an engine is started with, for this run.
pub(crate) fn settings(world: World<'_>, directory: &Directory, longest: Duration) -> Settings {
    let ca_bundle = world.config.network.ca_bundle.as_ref();
    Settings {
        choice: world.config.engine,
        docker: docker::program(world.config.engine, world.variables).to_owned(),
        project: world.project.id(),
        root: world.project.root.clone(),
        base_lock: recipe::base_lock_path(world.config).on_disk(&world.project.root),
        variables: world.variables.clone(),
        python: world.config.python.version.clone(),
        cache: world.cache.to_owned(),
        run: directory.id().to_owned(),
        folder: directory.path().to_owned(),
        topology: world.config.topology,
        platform: world.config.platform.clone(),
        cpus: world.config.cpus,
        network: world.config.network.clone(),
        ca_bundle: ca_bundle.map(|bundle| bundle.on_disk(&world.project.root)),
        allows_host: world.config.allow.contains(&Grant::Host),
        offline: world.config.offline,
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
fn ignored_warnings(world: World<'_>, plan: &Plan) -> Vec<String> {
    let paths: BTreeSet<_> = plan.steps.iter().flat_map(|step| step.source.clone()).collect();
    let paths: Vec<_> = paths.into_iter().collect();
    let root = &world.project.root;
    snapshot::tracked_but_ignored(root, &paths, world.cancel, world.emitter)
        .into_iter()
        .filter(|path| !world.config.include.iter().any(|glob| glob == path.as_str()))
        .map(|path| {
            format!(
                "`{path}` is tracked by git but ignored by a .gitignore, so no check sees it; \
                 `include = [\"{path}\"]` in pipe.toml takes it in"
            )
        })
        .collect()
}

/// A time as a check's limit is told to a person.
fn told(limit: Duration) -> String {
    match limit.as_secs() {
        seconds if seconds >= 120 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

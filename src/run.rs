//! Executes a plan.
//!
//! Owns the order of things: environments are prepared, fixers run one after the other, and then
//! the steps run side by side on fresh snapshots in a rayon pool of our own, and every step ends as
//! an outcome, whatever happens. It knows what an engine can do but not how, and what a tool's output means only through
//! the catalogue. The outcomes go into a [`Report`].

mod bench;
mod directory;
mod fix;
mod hints;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rayon::prelude::*;

use crate::check::Grant;
use crate::config::Config;
use crate::config::load::Environment as Variables;
use crate::engine::{
    self, BaseLock, Blueprint, Engine, EngineError, EngineInfo, Prepared, Removed, Settings,
};
use crate::event::Event;
use crate::fingerprint::Hash;
use crate::gate::{self, Gate};
use crate::outcome::{CheckOutcome, Interruption, Outcome, Reason, ReasonKind, Verdict};
use crate::plan::{Coverage, Environment, Plan, Step, Visit};
use crate::process::Emitter;
use crate::project::{Project, discover};
use crate::report::{Preview, Report};
use crate::snapshot::{self, Inventory, SnapshotError, Tree};

pub use crate::process::{Cancel, Stop};
pub use directory::Directory;
pub(crate) use directory::cache;

/// What a run has at hand.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The project.
    pub project: &'a Project,
    /// What it wants.
    pub config: &'a Config,
    /// The variables it runs in.
    pub variables: &'a Variables,
    /// Where the run has its own folder.
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
        (Ok(pool), Ok(gate)) => pool.install(|| execute_in_pool(world, plan, gate)),
        (Err(error), _) => Executed::failed(world, plan, &error.reason()),
        (_, Err(reason)) => Executed::failed(world, plan, reason),
    };
    let interruption = (world.cancel.stopped() == Some(Stop::Interrupt)).then_some(Interruption);
    Report {
        verdict: Verdict::over(&checks.outcomes, interruption),
        folder: discover::in_repository(&world.project.root),
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
    let directory = Directory::create(world.scratch)?;
    // Without steps there is nothing to copy behind the fixes.
    let gathered = pool(plan)?.install(|| Gathered::of(world, plan, &directory))?;
    gathered.engine.reap();
    let fixed = gathered.fixed;
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
    let directory = Directory::create(world.scratch)?;
    let engine = connect(world, &directory, longest(plan))?;
    let pool = pool(plan)?;
    Ok(pool.install(|| environments(world, plan, &*engine)).into_values().collect())
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
    let directory =
        Directory::create(world.scratch).map_err(EngineError::from).map_err(environment)?;
    let pool = pool(&plan).map_err(environment)?;
    let gathered = pool.install(|| Gathered::of(world, &plan, &directory)).map_err(environment)?;
    for message in gathered.warnings() {
        world.emitter.emit(&Event::Warning { message: &message });
    }
    gathered.engine.reap();
    let steps = pool.install(|| gathered.steps(world, &plan, &directory));
    steps
        .into_iter()
        .next()
        .unwrap_or_else(|| Err(Reason::new(ReasonKind::Internal, "a visit has no check")))?
        .visit(world, &*gathered.engine, visit)
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

/// The lock of the base with what the base is now, for whoever writes it.
///
/// # Errors
///
/// When there is no docker engine, the image is not to be had, or the lock that is there is wrong.
pub fn lock_base(world: World<'_>) -> Result<(PathBuf, BaseLock), EngineError> {
    let directory = Directory::create(world.scratch)?;
    let settings = settings(world, &directory, Duration::ZERO);
    let path = settings.base_lock.clone();
    let mut lock = BaseLock::read(&path)?;
    let image = &world.config.python.image;
    lock.record(engine::record_base(image, settings, world.cancel, world.emitter)?);
    Ok((path, lock))
}

/// Where the lock of the base is: beside the Dockerfile.
fn base_lock_path(world: World<'_>) -> PathBuf {
    let dockerfile = world.config.image.dockerfile.on_disk(&world.project.root);
    dockerfile.with_file_name("pipe.lock")
}

/// What an engine is started with, for this run.
pub(crate) fn settings(world: World<'_>, directory: &Directory, longest: Duration) -> Settings {
    let ca_bundle = world.config.network.ca_bundle.as_ref();
    Settings {
        choice: world.config.engine,
        docker: world.variables.get("CARGO_PIPE_DOCKER").unwrap_or("docker").to_owned(),
        project: world.project.id(),
        root: world.project.root.clone(),
        base_lock: base_lock_path(world),
        variables: world.variables.clone(),
        python: world.config.python.version.clone(),
        cache: directory::cache(world.variables),
        run: directory.id().to_owned(),
        folder: directory.path().to_owned(),
        topology: world.config.topology,
        platform: world.config.platform.clone(),
        cpus: world.config.cpus,
        network: world.config.network.clone(),
        ca_bundle: ca_bundle.map(|bundle| bundle.on_disk(&world.project.root)),
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

/// What a run came to, before its verdict.
struct Executed {
    outcomes: Vec<CheckOutcome>,
    platform: Option<String>,
    engine: Option<EngineInfo>,
    warnings: Vec<String>,
    snapshots: BTreeMap<Hash, BTreeMap<String, Hash>>,
    changed_files: Vec<String>,
}

impl Executed {
    /// Nothing could be started, for one reason.
    fn failed(world: World<'_>, plan: &Plan, reason: &Reason) -> Executed {
        let outcomes = plan.steps.iter().map(|step| step::failed(world, step, reason)).collect();
        Executed {
            outcomes,
            platform: None,
            engine: None,
            warnings: Vec::new(),
            snapshots: BTreeMap::new(),
            changed_files: Vec::new(),
        }
    }
}

/// What the steps of a plan need.
struct Gathered<'a> {
    engine: Box<dyn Engine + 'a>,
    environments: BTreeMap<Environment, Preparation>,
    copies: BTreeMap<Coverage, Copied>,
    fixed: fix::Fixed,
}

impl<'a> Gathered<'a> {
    /// Prepares environments while snapshots are copied. What is fixed first is copied afterwards.
    fn of(world: World<'a>, plan: &Plan, directory: &Directory) -> Result<Self, EngineError> {
        let connect = || {
            let engine = connect(world, directory, longest(plan))?;
            let environments = environments(world, plan, &*engine);
            Ok::<_, EngineError>((engine, environments))
        };
        let copy = || snapshots(world, plan, directory);
        let Some(fixes) = &plan.fixes else {
            let (connected, copies) = rayon::join(connect, copy);
            let (engine, environments) = connected?;
            return Ok(Gathered { engine, environments, copies, fixed: fix::Fixed::default() });
        };
        let (engine, environments) = connect()?;
        let site = fix::Site { world, engine: &*engine, environments: &environments, directory };
        let fixed = fix::run(site, fixes);
        Ok(Gathered { copies: copy(), engine, environments, fixed })
    }

    /// The steps that can run, their trees known to the engine.
    fn steps<'s>(
        &'s self,
        world: World<'_>,
        plan: &'s Plan,
        directory: &Directory,
    ) -> Vec<Result<step::Ready<'s>, Reason>> {
        let ready = |step: &'s Step| {
            let environment = self.environments.get(&step.environment);
            let folder = directory.path().join(step.check.as_str());
            step::Ready::of(world, step, environment, self.copies.get(&step.coverage), &folder)
        };
        let steps: Vec<_> = plan.steps.iter().map(ready).collect();
        self.engine.place(steps.iter().flatten().flat_map(step::Ready::trees).collect());
        steps
    }

    /// What was noticed while the files were copied.
    fn warnings(&self) -> Vec<String> {
        self.copies.values().flatten().flat_map(|copy| copy.inventory.warnings.clone()).collect()
    }
}

fn execute_in_pool(world: World<'_>, plan: &Plan, gate: &Gate) -> Executed {
    let gathered =
        Directory::create(world.scratch).map_err(EngineError::from).and_then(|directory| {
            let gathered = Gathered::of(world, plan, &directory)?;
            Ok((directory, gathered))
        });
    let (directory, gathered) = match gathered {
        Ok(gathered) => gathered,
        Err(error) => return Executed::failed(world, plan, &error.reason()),
    };
    let steps = gathered.steps(world, plan, &directory);
    let Gathered { engine, copies, fixed, .. } = &gathered;

    let outcomes = std::thread::scope(|scope| {
        // What an earlier run left behind is nobody's business to wait for.
        scope.spawn(|| engine.reap());
        let run = |(step, ready): (&Step, &Result<step::Ready<'_>, Reason>)| {
            let outcome = match ready {
                Ok(ready) => {
                    let unfixed = fixed.unfixed.get(&step.check);
                    ready.run(world, &**engine, step::Judgement { unfixed, gate })
                }
                Err(reason) => step::failed(world, step, reason),
            };
            if plan.fail_fast && outcome.outcome != Outcome::Passed {
                world.cancel.stop(Stop::FailFast);
            }
            outcome
        };
        plan.steps.par_iter().zip(&steps).with_max_len(1).map(run).collect()
    });

    let used = steps.iter().flatten().map(|ready| ready.platform().to_owned());
    let mut warnings = gathered.warnings();
    warnings.extend(engine.notes());
    warnings.extend(ignored_warnings(world, plan));
    warnings.sort();
    warnings.dedup();
    warnings.splice(..0, fixed.warnings.iter().cloned());
    Executed {
        outcomes,
        platform: used.collect::<BTreeSet<_>>().into_iter().next(),
        engine: Some(engine.info()),
        warnings,
        snapshots: copies
            .values()
            .flatten()
            .map(|copy| (copy.inventory.hash(), copy.inventory.hashes()))
            .collect(),
        changed_files: fixed.changed.clone(),
    }
}

/// Prepares each environment of a plan once.
fn environments(
    world: World<'_>,
    plan: &Plan,
    engine: &dyn Engine,
) -> BTreeMap<Environment, Preparation> {
    let mut wanted: BTreeMap<&Environment, BTreeSet<Grant>> = BTreeMap::new();
    for step in plan.every_step() {
        wanted.entry(&step.environment).or_default().extend(&step.grants);
    }
    let mut found = BTreeMap::new();
    let mut blueprints = Vec::new();
    for (environment, grants) in wanted {
        match Blueprint::read(&world.project.root, world.config, environment, &grants) {
            Ok(blueprint) => blueprints.push(blueprint),
            Err(error) => {
                found.insert(environment.clone(), Err(Arc::new(EngineError::from(error))));
            }
        }
    }
    let prepared = engine.prepare(&blueprints);
    let prepared = match world.config.offline {
        true => engine::missing::listed(&blueprints, prepared),
        false => prepared,
    };
    found.extend(blueprints.into_iter().map(|blueprint| blueprint.environment).zip(prepared));
    found
}

/// Copies each coverage of a plan once.
fn snapshots(world: World<'_>, plan: &Plan, directory: &Directory) -> BTreeMap<Coverage, Copied> {
    let wanted: BTreeSet<&Coverage> = plan.steps.iter().map(|step| &step.coverage).collect();
    let wanted: Vec<&Coverage> = wanted.into_iter().collect();
    let root = &world.project.root;
    wanted
        .into_par_iter()
        .enumerate()
        .map(|(number, coverage)| {
            let folder: PathBuf = directory.path().join(format!("app-{number}"));
            let copied = snapshot::copy(root, &folder, world.cancel, || {
                Inventory::take(root, coverage, world.cancel)
            });
            let copied = copied.map(|(inventory, tree)| Snapshot { inventory, tree });
            (coverage.clone(), copied.map_err(|error| snapshot_reason(&error)))
        })
        .collect()
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
    Reason::hinted(kind, error.to_string(), hint)
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

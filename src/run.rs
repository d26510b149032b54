//! Executes a plan.
//!
//! The stages are: load the gate, run the fixers one after the other, look for cached results, prepare
//! environments and snapshots for the steps that miss, and run these steps in parallel. Every step
//! ends with an outcome, whatever happens; the outcomes make up the [`Report`].

mod affected;
mod context;
mod covered;
mod directory;
mod divide;
mod environments;
mod explain;
pub mod fix;
mod flaky;
mod history;
mod incremental;
mod leftovers;
mod missing_packages;
mod outcome;
mod per_file;
mod preflight;
mod read_gate;
mod resources;
mod review;
mod schedule;
mod snapshot;
mod step;
mod timeline;
mod unseen_imports;

use std::sync::Arc;
use std::time::Duration;

use crate::cache::{Index, last_run};
use crate::discover;
use crate::engine::{self, EngineError, JobImage, Removal, Removed, Shipped, Then};
use crate::error::Error;
use crate::event::Event;
use crate::gate::{Gate, Gated};
use crate::git::{GitContext, GitError};
use crate::outcome::{Interruption, Reason, ReasonKind, Verdict};
use crate::plan::{Plan, Shell, Step};
use crate::process::Stop;
use crate::report::{Preview, Report};

use context::start_threads;
use preflight::Preflight;
use resources::Resources;
use timeline::PhaseRecorder;

pub use context::Context;
pub use covered::CoveredFiles;
pub use directory::Directory;
pub use read_gate::{read_baseline, read_gate};

/// An environment that [`Context::build`] made available.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Built {
    /// The environment's name, such as `pylint`.
    pub environment: String,
    /// The image's reference, or the folder of a virtual environment.
    pub image: String,
    /// Whether it existed before.
    pub existed: bool,
}

impl Context<'_> {
    /// Runs a plan to its end.
    #[must_use]
    pub fn execute(&self, plan: &Plan) -> Report {
        let timeline = PhaseRecorder::start();
        let report = {
            let emitter = timeline.watch(self.emitter);
            let begun = timeline.begun();
            Context { begun, emitter: &emitter, ..*self }.run_to_end(plan)
        };
        let (phases, duration) = timeline.end();
        Report { phases, duration, ..report }
    }

    /// Runs a plan, without the times of the whole run.
    fn run_to_end(&self, plan: &Plan) -> Report {
        self.emitter.emit(&Event::Started(plan));
        let threads = start_threads(plan).map_err(|error| error.reason());
        let gate = threads.as_ref().map_err(Reason::clone);
        let gate = gate.and_then(|threads| threads.install(|| self.load_gate(plan)));
        let result = match (&threads, &gate) {
            (Ok(threads), Ok(gate)) => threads.install(|| self.run_steps(plan, gate)),
            (Err(reason), _) | (_, Err(reason)) => self.fail_all(plan, reason),
        };
        let review = match (&threads, &gate) {
            (Ok(_), Ok(gate)) => self.list_review(plan, gate),
            _ => Ok(None),
        };
        let mut warnings = result.warnings;
        let review = review.unwrap_or_else(|error| {
            warnings.push(describe_missing_review(&error));
            None
        });
        let gate = gate.ok().and_then(|gate| gate.summary(&result.outcomes));
        let has_reason = plan.affected.is_some() || plan.partition.is_some();
        let has_nothing_to_do = plan.steps.is_empty() && has_reason;
        let interruption = (self.cancel.stopped() == Some(Stop::Interrupt)).then_some(Interruption);
        Report {
            folder: discover::placement(&self.project.identity).folder_text(),
            verdict: match (has_nothing_to_do, interruption) {
                (true, None) => Verdict::Passed,
                (_, interruption) => Verdict::over(&result.outcomes, interruption),
            }
            .and(gate.as_ref().and_then(Gated::verdict)),
            platform: result.platform,
            engine: result.engine,
            warnings,
            duration: Duration::ZERO,
            phases: Vec::new(),
            snapshots: result.snapshots,
            changed_files: result.changed_files,
            gate,
            review,
            affected: plan.affected.clone(),
            partition: plan.partition.clone(),
            checks: result.outcomes,
        }
    }

    /// Loads the gate before anything is started.
    fn load_gate(&self, plan: &Plan) -> Result<Gate, Reason> {
        let Context { project, variables, cancel, emitter, .. } = *self;
        let git = GitContext { root: &project.root, variables, cancel, emitter };
        read_gate(git, &plan.gate, &plan.sources())
    }

    /// Runs the fixers of a plan without writing to the project.
    ///
    /// # Errors
    ///
    /// When no engine can be connected, or the run cannot create its folder.
    pub fn preview(&self, plan: &Plan) -> Result<Preview, EngineError> {
        self.emitter.emit(&Event::Started(plan));
        let recipes = self.read_recipes(plan);
        let mut resources = Resources::open(*self, plan, &recipes)?;
        let fixed = start_threads(plan)?.install(|| fix::run(&mut resources, plan))?;
        self.sweep_and_warn(resources.engine());
        let stopped = self.cancel.stopped().map(|_| Verdict::Interrupted);
        let changed = (!fixed.changed.is_empty()).then_some(Verdict::Findings);
        let failed = fixed.unfixed.values().map(Reason::verdict);
        Ok(Preview {
            verdict: Verdict::worst(failed.chain(stopped).chain(changed))
                .unwrap_or(Verdict::Passed),
            files: fixed.changed,
            patch: fixed.patch,
            warnings: fixed.warnings,
            failures: fixed.unfixed,
        })
    }

    /// Builds the environments of a plan, or finds that they exist.
    ///
    /// # Errors
    ///
    /// When no engine can be connected, or an image cannot be built.
    pub fn build(&self, plan: &Plan) -> Result<Vec<Built>, Error> {
        let recipes = self.read_recipes(plan);
        let mut resources = Resources::open(*self, plan, &recipes)?;
        start_threads(plan)?.install(|| resources.prepare(&recipes.keys().collect()))?;
        let mut built = Vec::new();
        for preparation in resources.environments.values() {
            match preparation {
                Ok(prepared) => built.push(Built {
                    environment: prepared.name.clone(),
                    image: prepared.reference.clone(),
                    existed: prepared.existed,
                }),
                Err(error) => return Err(Error::Engine(Arc::clone(error))),
            }
        }
        Ok(built)
    }

    /// Opens a shell in the container of a check, and returns its exit status.
    ///
    /// # Errors
    ///
    /// When the container cannot be started, or the shell was interrupted.
    pub fn open_shell(&self, shell: &Shell) -> Result<i32, Reason> {
        let plan = shell.plan();
        self.emitter.emit(&Event::Started(&plan));
        let recipes = self.read_recipes(&plan);
        let mut resources =
            Resources::open(*self, &plan, &recipes).map_err(|error| error.reason())?;
        let steps: Vec<&Step> = plan.steps.iter().collect();
        let furnish = || {
            let preflight = Preflight::take(*self, &plan, &recipes, &Index::none());
            resources.furnish(&preflight, &steps)
        };
        start_threads(&plan)
            .and_then(|threads| threads.install(furnish))
            .map_err(|error| error.reason())?;
        for step in &steps {
            let Some((_, inventory)) = resources.copied(&step.file_set) else { continue };
            for message in &inventory.warnings {
                self.emitter.emit(&Event::Warning { message });
            }
        }
        self.sweep_and_warn(resources.engine());
        let Some(step) = steps.first() else {
            return Err(Reason::new(ReasonKind::Internal, "a shell has no check"));
        };
        let ready = resources.make_ready(step, None)?;
        resources.engine().place(ready.trees());
        ready.open_shell(shell)
    }

    /// Builds an image with docker that jobs of CI run in.
    ///
    /// # Errors
    ///
    /// When docker cannot be connected, or the image cannot be built or pushed.
    pub fn ship(&self, image: &JobImage, then: Then) -> Result<Shipped, EngineError> {
        let directory = Directory::create(self.scratch)?;
        let options = self.engine_options(&directory, Duration::ZERO);
        engine::ship(image, then, options, self.cancel, self.emitter)
    }

    /// Removes this project's containers, volumes and images from the engine and the images that no
    /// other project refers to, or only the images that no project refers to.
    ///
    /// # Errors
    ///
    /// When the engine cannot be connected, or refuses.
    pub fn remove(&self, removal: Removal) -> Result<Removed, EngineError> {
        let directory = Directory::create(self.scratch)?;
        let options = self.engine_options(&directory, Duration::ZERO);
        let removed = engine::remove(removal, options, self.cancel, self.emitter)?;
        if removal == Removal::Project {
            // Cached outcomes belong to no project: they stay until they are old.
            let _ = last_run::forget(self.cache, &self.project.id());
        }
        Ok(removed)
    }
}

/// The warning that changed configuration is not listed.
fn describe_missing_review(error: &GitError) -> String {
    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("cannot list which configuration, plugins, locks and pipelines changed: {error}{hint}")
}

//! Takes a project from its folder to a report: discover, configure, plan, run.
//!
//! The command line, an xtask and a build script all start here.

mod imports;
mod known;
mod staged;
mod staged_fixes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cache::{self, Durations, ResultCache};
use crate::check::{GrantRequest, StepId};
use crate::config::layer::Layer;
use crate::config::{Config, ConfigError, EngineChoice};
use crate::configure;
use crate::dependencies::read as dependencies;
use crate::discover;
use crate::engine::{JobImage, job_image};
use crate::env_vars::EnvVars;
use crate::error::Error;
use crate::event::{Observer, Silent};
use crate::gate::Since;
use crate::git::GitContext;
use crate::plan::{self, Costs, Known, Plan, Request, RunPart, Shell, ShellRequest};
use crate::project::{Project, ProjectPath};
use crate::report::{Preview, Report};
use crate::run::Context;
use crate::trust::collect::HostRequests;
use crate::trust::{GrantReview, Record, collect, store};

pub use crate::engine::{Removal, Removed, Shipped, Then};
pub use crate::process::{Cancel, Emitter, Stop};
pub use staged::{CheckoutSource, StagedPipeline};
pub use staged_fixes::{RefusedFix, StagedFixes};

/// A configured project.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pipeline {
    /// The project's folder, name and manifest.
    pub project: Project,
    /// The project's configuration.
    pub config: Config,
    /// The variables of the process.
    pub environment: EnvVars,
    /// The folder in which a run makes a folder of its own: the cache, unless a caller changes it.
    pub scratch: PathBuf,
    /// The folder of cargo pipe in the user's cache.
    pub cache: PathBuf,
    /// Warnings about the configuration.
    pub warnings: Vec<String>,
    /// The files of the project that are missing in its checkout, and why.
    pub withheld: BTreeMap<ProjectPath, String>,
}

impl Pipeline {
    /// Finds and configures the project that `folder` belongs to. `flags` win over everything.
    ///
    /// # Errors
    ///
    /// When no project is found, its configuration is wrong, or a commit could have brought the cache.
    pub fn discover(folder: &Path, environment: EnvVars, flags: Layer) -> Result<Self, Error> {
        let project = discover::find(folder)?;
        cache::refuse_planted(&project.root, &environment)?;
        let (config, warnings) = configure::load_config(&project, &environment, flags)?;
        let cache = cache::home(&environment);
        let scratch = cache.clone();
        let withheld = BTreeMap::new();
        Ok(Pipeline { project, config, environment, cache, scratch, warnings, withheld })
    }

    /// Plans the checks of a request.
    ///
    /// # Errors
    ///
    /// When a check is unknown, or a grant is missing.
    pub fn plan(&self, request: &Request) -> Result<Plan, Error> {
        Ok(plan::plan(&self.config, &self.known(), request)?)
    }

    /// Plans a shell in the container of a check.
    ///
    /// # Errors
    ///
    /// When the check is unknown, or a grant is missing.
    pub fn plan_shell(&self, request: &ShellRequest) -> Result<Shell, Error> {
        Ok(plan::plan_shell(&self.config, &self.known(), request)?)
    }

    /// Everything that the project asks for beyond the sandbox, with the content that a grant covers.
    #[must_use]
    pub fn asked(&self) -> Vec<GrantReview> {
        let host = match self.config.engine {
            EngineChoice::Venv => HostRequests::Included,
            _ => HostRequests::Omitted,
        };
        collect::asked(&self.project, &self.config, &self.environment, host)
    }

    /// Saves that the user grants all of these requests, in place of earlier grants in this project. A
    /// grant that only matters without a container is kept if the requests were made for containers.
    ///
    /// # Errors
    ///
    /// When it cannot be saved.
    pub fn trust(&self, asked: &[GrantReview]) -> Result<(), Error> {
        let root = &self.project.identity;
        let mut record = Record::of(root.display().to_string(), asked);
        if self.config.engine != EngineChoice::Venv {
            // A record that cannot be believed is replaced as a whole.
            let before = store::read(&self.environment, root).ok().flatten();
            record.keep_host(before.as_ref());
        }
        Ok(store::write(&self.environment, root, &record)?)
    }

    fn known(&self) -> Known {
        let record = || store::read(&self.environment, &self.project.identity).ok().flatten();
        // Only a grant for the venv engine, which `auto` may choose, makes it necessary to read the
        // configurations of the tools here.
        let host = match self.config.engine {
            EngineChoice::Auto | EngineChoice::Venv
                if record().is_some_and(|it| it.grants_host()) =>
            {
                HostRequests::Included
            }
            _ => HostRequests::Omitted,
        };
        let asked = collect::asked(&self.project, &self.config, &self.environment, host);
        let facts = known::read_facts(&self.project, &self.config);
        let asks: Vec<GrantRequest> = asked.into_iter().map(|asked| asked.ask).collect();
        let secrets = known::read_secrets(&asks, &self.config.allow, &self.environment);
        Known { asks, secrets, ..facts }
    }

    /// Leaves out the checks of a plan that the changes since a commit do not reach.
    ///
    /// # Errors
    ///
    /// When git, the repository, or the commit is missing.
    pub fn narrow(
        &self,
        plan: &mut Plan,
        since: &Since,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        Ok(self.context(cancel, &Emitter::new(observer)).narrow(plan, since)?)
    }

    /// The number of files in the cache of results, and their size in bytes.
    #[must_use]
    pub fn measure_cache(&self) -> (usize, u64) {
        let config = &self.config;
        ResultCache::new(self.cache.clone(), config.cache, config.cache_size).measure()
    }

    /// Keeps one part of a plan, for a run that several machines share. Without costs, a check costs what
    /// its files have in bytes.
    pub fn divide(&self, plan: &mut Plan, part: RunPart, costs: Option<&Costs>) {
        self.context(&Cancel::default(), &Emitter::new(&mut Silent)).divide(plan, part, costs);
    }

    /// Adds the order to a plan in which its steps start: the longest first, by their last durations.
    pub fn add_order(&self, plan: &mut Plan) {
        let mut starts: Vec<StepId> = plan.steps.iter().map(|step| step.id.clone()).collect();
        // All of them start at once otherwise.
        if starts.len() > plan.jobs {
            Durations::read(&self.cache, &self.project.id()).sort(&mut starts, |step| step);
        }
        plan.starts = Some(starts);
    }

    /// Runs a plan to its end. The report contains the errors of single checks.
    pub fn run(&self, plan: &Plan, cancel: &Cancel, observer: &mut dyn Observer) -> Report {
        let mut report = self.context(cancel, &Emitter::new(observer)).execute(plan);
        report.warnings.splice(..0, dependencies::warnings(&self.project.root, &self.config, plan));
        report.warnings.splice(..0, self.warnings.iter().cloned());
        report
    }

    /// Runs the fixers of a plan and shows what they would change, without writing to the project.
    ///
    /// # Errors
    ///
    /// When no engine can be connected. The preview contains the errors of single fixers.
    pub fn preview(
        &self,
        plan: &Plan,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<Preview, Error> {
        let mut preview = self.context(cancel, &Emitter::new(observer)).preview(plan)?;
        preview.warnings.splice(..0, self.warnings.iter().cloned());
        Ok(preview)
    }

    /// The image that jobs of CI run in, with `program` in it.
    ///
    /// # Errors
    ///
    /// When the configuration names no registry, or a variable in its name is not set.
    pub fn job_image(&self, program: PathBuf) -> Result<JobImage, Error> {
        let root = &self.project.root;
        let wrong = |message: String, hint: &str| ConfigError {
            origin: self.config.manifest.clone(),
            text: None,
            span: None,
            message,
            hint: Some(hint.to_owned()),
        };
        let reference = job_image::reference(root, &self.config).ok_or_else(|| {
            let message = "`[image] registry` is not set, so the image has no name".to_owned();
            wrong(message, "write `registry = \"$CI_REGISTRY_IMAGE/pipe\"`, for example")
        })?;
        let reference =
            job_image::resolve_reference(&reference, &self.environment).map_err(|name| {
                let message = format!("`[image] registry` needs the variable `{name}`");
                wrong(message, "GitLab sets it in a job; elsewhere, set it yourself")
            })?;
        Ok(JobImage::new(reference, program, root, &self.config))
    }

    /// The context of questions to git about this project.
    pub fn git<'a>(&'a self, cancel: &'a Cancel, emitter: &'a Emitter<'a>) -> GitContext<'a> {
        GitContext { root: &self.project.root, variables: &self.environment, cancel, emitter }
    }

    /// The state of a run in this project: the receiver of everything that takes a while, can be
    /// cancelled and emits events.
    pub fn context<'a>(&'a self, cancel: &'a Cancel, emitter: &'a Emitter<'a>) -> Context<'a> {
        Context {
            project: &self.project,
            config: &self.config,
            withheld: &self.withheld,
            variables: &self.environment,
            cache: &self.cache,
            scratch: &self.scratch,
            cancel,
            emitter,
            begun: Instant::now(),
        }
    }
}

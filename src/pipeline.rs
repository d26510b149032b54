//! From a folder to a report: discover, configure, plan, run.
//!
//! The command line, an xtask and a build script all come in here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cache;
use crate::config::layer::Layer;
use crate::config::load::{self, EnvVars};
use crate::config::{Config, ConfigError, EngineChoice};
use crate::dependencies::read as dependencies;
use crate::engine::{JobImage, job_image};
use crate::environment::recipe;
use crate::error::Error;
use crate::event::Observer;
use crate::explanation::{Comparison, Why};
use crate::plan::{self, Known, Plan, Request, Shell, ShellRequest};
use crate::process::Emitter;
use crate::project::{Project, ProjectPath, discover};
use crate::report::json::JsonReport;
use crate::report::{Preview, Report};
use crate::run::{self, Context};
use crate::tools;
use crate::trust::{GrantReview, Record, collect, store};
use crate::update::{self, UpdateRequest, Updates};

pub use crate::engine::{Removed, Shipped, Then};
pub use crate::process::{Cancel, Stop};

/// A configured project.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pipeline {
    /// Where it is.
    pub project: Project,
    /// What it wants.
    pub config: Config,
    /// The variables that it was configured in.
    pub environment: EnvVars,
    /// Where runs have their own folders: in the user's cache, unless somebody says otherwise.
    pub scratch: PathBuf,
    /// Our folder in the user's cache.
    pub cache: PathBuf,
    /// What its user should know about the configuration.
    pub warnings: Vec<String>,
}

/// What [`Pipeline::build`] made available.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Built {
    /// The environment's name, such as `pylint`.
    pub environment: String,
    /// The image it is.
    pub image: String,
    /// Whether it was there already.
    pub existed: bool,
}

impl Pipeline {
    /// Finds and configures the project that `folder` belongs to. `flags` win over everything.
    ///
    /// # Errors
    ///
    /// When there is no project, or its configuration is wrong.
    pub fn discover(folder: &Path, environment: EnvVars, flags: Layer) -> Result<Self, Error> {
        let project = discover::find(folder)?;
        let (config, warnings) = load::configure(&project, &environment, flags)?;
        let cache = cache::home(&environment);
        let scratch = cache.clone();
        Ok(Pipeline { project, config, environment, cache, scratch, warnings })
    }

    /// Plans the checks of a request.
    ///
    /// # Errors
    ///
    /// When a name is no check, or a grant is missing.
    pub fn plan(&self, request: &Request) -> Result<Plan, Error> {
        Ok(plan::plan(&self.config, &self.known(), request)?)
    }

    /// Plans a look into the container of a check.
    ///
    /// # Errors
    ///
    /// When there is no such check, or a grant is missing.
    pub fn plan_visit(&self, request: &ShellRequest) -> Result<Shell, Error> {
        Ok(plan::visit(&self.config, &self.known(), request)?)
    }

    /// Everything that the project asks for beyond the sandbox, and what that rests on.
    #[must_use]
    pub fn asked(&self) -> Vec<GrantReview> {
        collect::asked(&self.project, &self.config, &self.environment)
    }

    /// Keeps that the user trusts all of this, in place of what they trusted in this project. What is
    /// asked for without a container alone stays where containers are what was asked about.
    ///
    /// # Errors
    ///
    /// When it cannot be kept.
    pub fn trust(&self, asked: &[GrantReview]) -> Result<(), Error> {
        let root = &self.project.root;
        let mut record = Record::of(root.display().to_string(), asked);
        if self.config.engine != EngineChoice::Venv {
            // One that is not believed is replaced as a whole.
            let before = store::read(&self.environment, root).ok().flatten();
            record.keep_host(before.as_ref());
        }
        Ok(store::write(&self.environment, root, &record)?)
    }

    fn known(&self) -> Known {
        let record = || store::read(&self.environment, &self.project.root).ok().flatten();
        let asked = match self.config.engine {
            // It may come to that, and what was granted for it holds.
            EngineChoice::Auto if record().is_some_and(|it| it.grants_host()) => {
                let open = Config { engine: EngineChoice::Venv, ..self.config.clone() };
                collect::asked(&self.project, &open, &self.environment)
            }
            _ => self.asked(),
        };
        Known {
            asks: asked.into_iter().map(|asked| asked.ask).collect(),
            has_project_lock: recipe::has_project_lock(&self.project.root, &self.config),
            root_files: self.root_files(),
        }
    }

    fn root_files(&self) -> BTreeSet<ProjectPath> {
        let names = tools::TOOLS.iter().flat_map(|tool| tool.reads_at_root());
        let paths = names.filter_map(|name| ProjectPath::new(name).ok());
        paths.filter(|path| path.on_disk(&self.project.root).is_file()).collect()
    }

    /// Runs a plan to its end. What goes wrong with a check is in the report.
    pub fn run(&self, plan: &Plan, cancel: &Cancel, observer: &mut dyn Observer) -> Report {
        let emitter = Emitter::new(observer);
        let mut report = run::execute(self.context(cancel, &emitter), plan);
        report.warnings.splice(..0, dependencies::warnings(&self.project.root, &self.config, plan));
        report.warnings.splice(..0, self.warnings.iter().cloned());
        report
    }

    /// Lets a visitor into the container of a check, and returns the exit status of what they did.
    ///
    /// # Errors
    ///
    /// When the container cannot be had, or the visit was interrupted.
    pub fn visit(
        &self,
        visit: &Shell,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<i32, Error> {
        let emitter = Emitter::new(observer);
        run::visit(self.context(cancel, &emitter), visit).map_err(Error::Check)
    }

    /// Says why the first check of a plan would run or not; nothing runs.
    ///
    /// # Errors
    ///
    /// When it could not run.
    pub fn why(&self, plan: &Plan, observer: &mut dyn Observer) -> Result<Why, Error> {
        let emitter = Emitter::new(observer);
        run::why(self.context(&Cancel::default(), &emitter), plan).map_err(Error::Check)
    }

    /// Says what differs between what a plan's checks are made from here and in a report.
    ///
    /// # Errors
    ///
    /// When what they are made from here cannot be found out.
    pub fn compare(
        &self,
        plan: &Plan,
        report: &JsonReport,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<Comparison, Error> {
        let emitter = Emitter::new(observer);
        run::compare(self.context(cancel, &emitter), plan, report).map_err(Error::Check)
    }

    /// Runs the fixers of a plan and shows what they would change; nothing is written.
    ///
    /// # Errors
    ///
    /// When the engine is not there. What goes wrong with a fixer is in the preview.
    pub fn preview(
        &self,
        plan: &Plan,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<Preview, Error> {
        let emitter = Emitter::new(observer);
        let mut preview = run::preview(self.context(cancel, &emitter), plan)?;
        preview.warnings.splice(..0, self.warnings.iter().cloned());
        Ok(preview)
    }

    /// Makes the environments of a plan available.
    ///
    /// # Errors
    ///
    /// When the engine is not there, or an image cannot be built.
    pub fn build(
        &self,
        plan: &Plan,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Built>, Error> {
        let emitter = Emitter::new(observer);
        let prepared = run::prepare(self.context(cancel, &emitter), plan)?;
        prepared
            .into_iter()
            .map(|prepared| match prepared {
                Ok(prepared) => Ok(Built {
                    environment: prepared.name,
                    image: prepared.reference,
                    existed: prepared.existed,
                }),
                Err(error) => Err(Error::Engine(error)),
            })
            .collect()
    }

    /// Makes the image that jobs of CI run in, with this program in it.
    ///
    /// # Errors
    ///
    /// When the project names no registry, there is no docker engine, or the image cannot be made or
    /// pushed.
    pub fn ship(
        &self,
        program: PathBuf,
        then: Then,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<Shipped, Error> {
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
        let reference = job_image::resolved(&reference, &self.environment).map_err(|name| {
            let message = format!("`[image] registry` needs the variable `{name}`");
            wrong(message, "a job of GitLab has it; elsewhere, set it")
        })?;
        let emitter = Emitter::new(observer);
        let image = JobImage::new(reference, program, root, &self.config);
        Ok(run::ship(self.context(cancel, &emitter), &image, then)?)
    }

    /// What newer versions would make of the locks.
    ///
    /// # Errors
    ///
    /// When a name is no lock's, or versions cannot be resolved.
    pub fn updates(
        &self,
        request: &UpdateRequest,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<Updates, Error> {
        let emitter = Emitter::new(observer);
        Ok(update::look(self.context(cancel, &emitter), request)?)
    }

    /// Writes all of these locks, or none of them.
    ///
    /// # Errors
    ///
    /// When one changed meanwhile, or the disk refuses something.
    pub fn write_updates(&self, updates: &Updates) -> Result<(), Error> {
        Ok(update::write(&self.project.root, updates)?)
    }

    /// Takes away this project's containers, volumes and images, and what nobody else refers to.
    ///
    /// # Errors
    ///
    /// When the engine is not there.
    pub fn remove(&self, cancel: &Cancel, observer: &mut dyn Observer) -> Result<Removed, Error> {
        let emitter = Emitter::new(observer);
        let removed = run::remove(self.context(cancel, &emitter))?;
        // Outcomes are of no project: they stay for others until they are old.
        let _ = cache::last_run::forget(&self.cache, &self.project.id());
        Ok(removed)
    }

    fn context<'a>(&'a self, cancel: &'a Cancel, emitter: &'a Emitter<'a>) -> Context<'a> {
        Context {
            project: &self.project,
            config: &self.config,
            variables: &self.environment,
            cache: &self.cache,
            scratch: &self.scratch,
            cancel,
            emitter,
        }
    }
}

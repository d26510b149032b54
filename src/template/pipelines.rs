//! The values of the generated pipelines: jobs, their names, their commands and their images.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{GITHUB_WORKFLOW, GITLAB_INCLUDED};
use crate::check::{Grant, SecretName, StepId, to_file_name};
use crate::config::{Check, CiBuilder, CiJobs, Config, GitlabJobs, Install, PROJECT_JOB};
use crate::project::ProjectPath;

/// An image with the docker CLI and its builder.
const DOCKER: &str = "docker:28.5.2-cli";
/// An image with cargo, which makes static binaries.
const RUST: &str = "rust:1.91.1-alpine3.22";

/// The name of the job that runs every check, and the start of the names of all others.
const JOB: &str = "cargo-pipe";

/// The option that grants `host`.
const HOST: &str = " --allow host";

/// The values of the generated pipelines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CiValues {
    /// The way in which jobs in GitLab reach an engine.
    gitlab: GitlabJobs,
    /// The image of jobs in GitLab.
    image: String,
    /// The engine of jobs in GitLab.
    engine: &'static str,
    install: Install,
    /// The image with all environments and cargo-pipe, if jobs run in one.
    shipped: Option<String>,
    /// The way in which the job that builds it reaches an engine.
    builder: CiBuilder,
    /// The command of cargo-pipe in the job that builds it, and the grants of that job.
    maker: &'static str,
    maker_grants: String,
    /// The image of a job that talks to docker.
    docker_image: &'static str,
    jobs: Vec<Job>,
    has_matrix: bool,
    /// The command of cargo-pipe in jobs in GitLab.
    program: &'static str,
    /// The folder of the project in its repository, with a slash at its end; empty at its root.
    folder: String,
    /// The generated files that a pipeline in GitLab includes, and that GitHub reads.
    included_file: String,
    workflow_file: String,
    workflow_name: String,
    /// The end of the names of jobs that are not those of checks.
    job_suffix: String,
    /// The start of the names of artifacts and caches.
    prefix: String,
    /// The image that a task runner is built in.
    rust_image: &'static str,
    /// The command of cargo-pipe in the job in GitHub.
    github_program: &'static str,
    /// The job in GitHub and its arguments; a matrix has a value for each check.
    github_job: &'static str,
    github_command: String,
    /// The value that distinguishes the jobs of the matrix.
    github_check: &'static str,
    /// The secrets that the checks in GitHub get.
    secrets: BTreeSet<SecretName>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Job {
    /// The name in GitLab.
    name: String,
    /// The image in GitLab, if it is not that of the other jobs.
    image: Option<String>,
    /// The step or package that it runs, spelled for names of artifacts and caches; none for all steps.
    check: Option<String>,
    /// The command of cargo-pipe.
    command: String,
    /// The grants, as options.
    grants: String,
    /// The grant that is needed where the job itself is the container.
    host: &'static str,
}

/// The grants of jobs in addition to those that their checks request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobGrants {
    /// The grants of every job.
    pub always: BTreeSet<Grant>,
    /// The checks that need `host` without a sandbox.
    pub for_host: BTreeSet<StepId>,
}

impl CiValues {
    /// The values for a configured project, with these grants for jobs.
    #[must_use]
    pub fn of(config: &Config, granted: &JobGrants) -> Self {
        let gitlab = config.ci.gitlab.unwrap_or_default();
        let (image, engine) = match gitlab {
            GitlabJobs::Image => (config.python.image.clone(), "venv"),
            GitlabJobs::Socket | GitlabJobs::Dind => (DOCKER.to_owned(), "docker"),
        };
        let jobs = make_jobs(config, granted);
        let has_matrix = config.ci.jobs != CiJobs::RunAll;
        let (github_job, github_command, github_check) = if has_matrix {
            ("check", "${{ matrix.command }}".to_owned(), "${{ matrix.check }}")
        } else {
            ("run-all", jobs.iter().map(Job::arguments).collect(), "run-all")
        };
        let install = config.ci.install.clone();
        let (program, github_program) = match install {
            Install::Xtask => (".cache/xtask pipe", "cargo --locked xtask pipe"),
            Install::Wheel | Install::Binary { .. } => ("cargo-pipe", "cargo-pipe"),
        };
        CiValues {
            gitlab,
            image,
            engine,
            install,
            shipped: None,
            maker: program,
            maker_grants: grant_options(&builder_grants(config, granted)) + build_option(config),
            builder: config.ci.builder,
            docker_image: DOCKER,
            jobs,
            has_matrix,
            program,
            folder: String::new(),
            included_file: GITLAB_INCLUDED.to_owned(),
            workflow_file: GITHUB_WORKFLOW.to_owned(),
            workflow_name: "pipe".to_owned(),
            job_suffix: String::new(),
            prefix: String::new(),
            rust_image: RUST,
            github_program,
            github_job,
            github_command,
            github_check,
            secrets: requested_secrets(config),
        }
    }
}

/// The image of image jobs in GitLab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobsIn {
    /// The base images of the environments, which the jobs build themselves: each image of the
    /// configuration with the reference by which it is pulled.
    Base(BTreeMap<String, String>),
    /// An image with all environments and cargo-pipe.
    Everything(String),
}

impl CiValues {
    /// The same with image jobs in this image.
    #[must_use]
    pub fn in_image(self, image: JobsIn) -> Self {
        match image {
            _ if self.gitlab != GitlabJobs::Image => self,
            JobsIn::Base(references) => {
                let refer = |image: String| references.get(&image).cloned().unwrap_or(image);
                let jobs = self.jobs.into_iter();
                let jobs = jobs.map(|job| Job { image: job.image.map(refer), ..job }).collect();
                CiValues { image: refer(self.image), jobs, ..self }
            }
            JobsIn::Everything(image) => {
                let program = match self.install {
                    Install::Xtask => "cargo-pipe pipe",
                    Install::Wheel | Install::Binary { .. } => "cargo-pipe",
                };
                CiValues { shipped: Some(image.clone()), image, program, ..self }
            }
        }
    }
}

impl CiValues {
    /// The same for a project in this folder of its repository; none for its root.
    #[must_use]
    pub fn in_folder(mut self, folder: Option<&ProjectPath>) -> Self {
        let Some(folder) = folder else { return self };
        self.folder = format!("{folder}/");
        self.included_file = path_for(Some(folder), GITLAB_INCLUDED);
        self.workflow_file = path_for(Some(folder), GITHUB_WORKFLOW);
        self.workflow_name = format!("pipe {folder}");
        self.job_suffix = format!(":{folder}");
        self.prefix = format!("{}-", slug(folder));
        for job in &mut self.jobs {
            job.name.insert_str(JOB.len(), &self.job_suffix);
        }
        self
    }
}

/// Whether generated pipelines can name this folder: no character means anything in YAML, in globs or
/// to a shell.
#[must_use]
pub fn can_name(folder: &ProjectPath) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    folder.as_str().chars().all(is_plain) && !folder.as_str().starts_with('-')
}

/// The path of a pipeline in the repository, for a project in this folder of it.
pub(super) fn path_for(folder: Option<&ProjectPath>, path: &str) -> String {
    match (folder, path.rsplit_once('.')) {
        (Some(folder), Some((stem, ending))) => format!("{stem}-{}.{ending}", slug(folder)),
        _ => path.to_owned(),
    }
}

/// A folder as a part of a file name. Two hyphens separate its parts, because one is usual in a name.
fn slug(folder: &ProjectPath) -> String {
    folder.as_str().replace('/', "--")
}

impl Job {
    fn arguments(&self) -> String {
        format!("{}{}", self.command, self.grants)
    }
}

/// The grants of jobs with these checks.
fn requested_grants(checks: &[Check], granted: &JobGrants) -> BTreeSet<Grant> {
    checks.iter().flat_map(|check| &check.asks).chain(&granted.always).cloned().collect()
}

/// The grants of the job that builds the image of the others. It gets no secrets.
fn builder_grants(config: &Config, granted: &JobGrants) -> BTreeSet<Grant> {
    let mut grants = requested_grants(&config.checks, granted);
    grants.retain(|grant| grant.secret().is_none());
    grants
}

/// The secrets that checks request.
fn requested_secrets(config: &Config) -> BTreeSet<SecretName> {
    let asks = config.checks.iter().flat_map(|check| &check.asks);
    asks.filter_map(Grant::secret).cloned().collect()
}

fn make_jobs(config: &Config, granted: &JobGrants) -> Vec<Job> {
    if config.ci.jobs == CiJobs::RunAll {
        let asks = requested_grants(&config.checks, granted);
        let (name, command) = (JOB.to_owned(), "run-all".to_owned());
        let host = host_option(config, &config.checks, granted);
        let grants = grant_options(&asks);
        return vec![Job { name, image: None, check: None, command, grants, host }];
    }
    let mut groups: Vec<(String, Vec<Check>)> = Vec::new();
    for check in &config.checks {
        let group = match config.ci.jobs {
            CiJobs::PerPackage => check.id.package().unwrap_or(PROJECT_JOB).to_owned(),
            _ => check.id.to_string(),
        };
        match groups.last_mut().filter(|(name, _)| *name == group) {
            Some((_, checks)) => checks.push(check.clone()),
            None => groups.push((group, vec![check.clone()])),
        }
    }
    groups.into_iter().map(|(name, checks)| make_job(config, &name, &checks, granted)).collect()
}

/// The job of some checks.
fn make_job(config: &Config, name: &str, checks: &[Check], granted: &JobGrants) -> Job {
    let names: Vec<&str> = checks.iter().map(|check| check.id.as_str()).collect();
    let image = match (config.ci.gitlab, checks) {
        (Some(GitlabJobs::Image), [check]) if check.runs_on != config.python.version => {
            Some(config.python.image_of(Some(&check.runs_on)))
        }
        _ => None,
    };
    Job {
        image,
        // The prefix avoids keywords of GitLab, such as `image`, and jobs of the project, such as `lint`.
        name: format!("{JOB}:{name}"),
        check: Some(to_file_name(name)),
        command: format!("run {}", names.join(" ")),
        grants: grant_options(&requested_grants(checks, granted)),
        host: host_option(config, checks, granted),
    }
}

/// The options for these grants. They are spelled out, so that a reviewer of the pipeline sees them.
fn grant_options(asks: &BTreeSet<Grant>) -> String {
    asks.iter().map(|grant| format!(" --allow {grant}")).collect()
}

/// The option for code that runs unconfined where the job itself is the container: the project's own
/// code, and that of packages built from source.
fn host_option(config: &Config, checks: &[Check], granted: &JobGrants) -> &'static str {
    let is_in_jobs = config.ci.gitlab == Some(GitlabJobs::Image);
    if is_in_jobs && checks.iter().any(|check| granted.for_host.contains(&check.id)) {
        return HOST;
    }
    build_option(config)
}

/// The same option for packages built from source alone.
fn build_option(config: &Config) -> &'static str {
    let is_in_jobs = config.ci.gitlab == Some(GitlabJobs::Image);
    if is_in_jobs && !config.python.from_source.is_empty() { HOST } else { "" }
}

//! What the generated pipelines say.
//!
//! Owns the jobs of a project, their names and commands. Pure: it must not know whether a pipeline
//! is wanted. The templates of the pipelines take it from here.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::check::{CheckName, Grant};
use crate::config::{Check, CiBuilder, CiJobs, Config, GitlabJobs, Install};

/// An image with the docker CLI and its builder.
const DOCKER: &str = "docker:28.5.2-cli";
/// An image with cargo, which makes static binaries.
const RUST: &str = "rust:1.91.1-alpine3.22";

/// The option that grants `host`.
const HOST: &str = " --allow host";

/// What the generated pipelines say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CiValues {
    /// How jobs in GitLab reach an engine.
    gitlab: GitlabJobs,
    /// The image of jobs in GitLab.
    image: String,
    /// The engine of jobs in GitLab.
    engine: &'static str,
    install: Install,
    /// The image that has everything in it, if jobs run in one.
    shipped: Option<String>,
    /// How the job that makes it reaches an engine.
    builder: CiBuilder,
    /// How the job that makes it calls cargo-pipe, and what it grants.
    maker: &'static str,
    maker_grants: String,
    /// The image of a job that talks to docker.
    docker_image: &'static str,
    jobs: Vec<Job>,
    is_per_check: bool,
    /// How jobs in GitLab call cargo-pipe.
    program: &'static str,
    /// The image that a task runner is built in.
    rust_image: &'static str,
    /// How the job in GitHub calls it.
    github_program: &'static str,
    /// The one job in GitHub, and its words: a matrix has a value for each check.
    github_job: &'static str,
    github_command: String,
    /// What tells its jobs apart.
    github_check: &'static str,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Job {
    /// Its name in GitLab.
    name: String,
    /// The step it runs, spelled for names of artifacts and caches; none if it runs all.
    check: Option<String>,
    /// What cargo-pipe is told to do.
    command: String,
    /// What it is granted, as options.
    grants: String,
    /// What it is granted besides where the job itself is the container.
    host: &'static str,
}

/// What jobs are granted besides what their checks ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobGrants {
    /// What every job is granted.
    pub always: BTreeSet<Grant>,
    /// The checks that run code of the project's own.
    pub own_code: BTreeSet<CheckName>,
}

impl CiValues {
    /// What the pipelines of a configured project say, where jobs are granted this.
    #[must_use]
    pub fn of(config: &Config, granted: &JobGrants) -> Self {
        let gitlab = config.ci.gitlab.unwrap_or_default();
        let (image, engine) = match gitlab {
            GitlabJobs::Image => (config.python.image.clone(), "venv"),
            GitlabJobs::Socket | GitlabJobs::Dind => (DOCKER.to_owned(), "docker"),
        };
        let jobs = jobs(config, granted);
        let is_per_check = config.ci.jobs == CiJobs::PerCheck;
        let (github_job, github_command, github_check) = match is_per_check {
            true => ("check", "${{ matrix.command }}".to_owned(), "${{ matrix.check }}"),
            false => ("run-all", jobs.iter().map(Job::words).collect(), "run-all"),
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
            maker_grants: grants(&asked(&config.checks, granted)) + building(config),
            builder: config.ci.builder,
            docker_image: DOCKER,
            jobs,
            is_per_check,
            program,
            rust_image: RUST,
            github_program,
            github_job,
            github_command,
            github_check,
        }
    }
}

/// The image that image jobs in GitLab run in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobsIn {
    /// The base of the environments, which jobs make themselves.
    Base(String),
    /// One that holds them all, and cargo-pipe.
    Everything(String),
}

impl CiValues {
    /// The same with image jobs in this image.
    #[must_use]
    pub fn in_image(self, image: JobsIn) -> Self {
        match image {
            _ if self.gitlab != GitlabJobs::Image => self,
            JobsIn::Base(image) => CiValues { image, ..self },
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

impl Job {
    fn words(&self) -> String {
        format!("{}{}", self.command, self.grants)
    }
}

/// What jobs with these checks are granted.
fn asked(checks: &[Check], granted: &JobGrants) -> BTreeSet<Grant> {
    checks.iter().flat_map(|check| &check.asks).chain(&granted.always).copied().collect()
}

fn jobs(config: &Config, granted: &JobGrants) -> Vec<Job> {
    if config.ci.jobs == CiJobs::RunAll {
        let asks = asked(&config.checks, granted);
        let (name, command) = ("cargo-pipe".to_owned(), "run-all".to_owned());
        let host = host(config, &config.checks, granted);
        return vec![Job { name, check: None, command, grants: grants(&asks), host }];
    }
    let job = |check: &Check| Job {
        // No word of GitLab's own, such as `image`, and no job of the project's, such as `lint`.
        name: format!("cargo-pipe:{}", check.step_id()),
        check: Some(check.step_id().to_file_name()),
        command: format!("run {}", check.step_id()),
        grants: grants(&asked(std::slice::from_ref(check), granted)),
        host: host(config, std::slice::from_ref(check), granted),
    };
    config.checks.iter().map(job).collect()
}

/// The options that grant what checks ask for: whoever reads the pipeline sees what it lets them do.
fn grants(asks: &BTreeSet<Grant>) -> String {
    asks.iter().map(|grant| format!(" --allow {grant}")).collect()
}

/// The option for what runs as it is where the job itself is the container: code of the project's own,
/// and that of a package which is built.
fn host(config: &Config, checks: &[Check], granted: &JobGrants) -> &'static str {
    let is_in_jobs = config.ci.gitlab == Some(GitlabJobs::Image);
    match is_in_jobs && checks.iter().any(|check| granted.own_code.contains(&check.name)) {
        true => HOST,
        false => building(config),
    }
}

/// The same for the packages alone.
fn building(config: &Config) -> &'static str {
    let is_in_jobs = config.ci.gitlab == Some(GitlabJobs::Image);
    if is_in_jobs && !config.python.from_source.is_empty() { HOST } else { "" }
}

//! Diagnosis of a GitLab runner's `config.toml`: which runners can run the jobs of the project.
//!
//! The result contains the values of a few harmless keys only; all others may be secrets, and are
//! hidden.

mod change;

use std::path::Path;

use serde::Serialize;
use toml_edit::{Document, Item, TableLike, Value};

use self::change::{bind, hide, scrub};
use super::Health;
use super::runner_user::{RunnerUser, SocketAccess};
use crate::config::{CiBuilder, Config, ConfigError, GitlabJobs};
use crate::report::diff;

/// The name of the JSON format of [`RunnerConfig`].
const SCHEMA: &str = "cargo-pipe/runner-config/1";

/// The path of the socket in jobs.
const SOCKET: &str = "/var/run/docker.sock";
/// The same path where `/var/run` is a link to `/run`.
const SAME: &str = "/run/docker.sock";
/// The folder in which an engine service stores the certificates for its clients.
const CERTIFICATES: &str = "/certs/client";

/// The needs of the jobs of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum JobNeeds {
    /// The docker socket of the runner's machine.
    Socket,
    /// An engine as a service of the job.
    Dind,
    /// Only the image of the job.
    Nothing,
}

impl JobNeeds {
    /// The needs of the jobs of a project. Without a pipeline, it is the socket that a runner is examined
    /// for.
    #[must_use]
    pub fn of(config: Option<&Config>) -> JobNeeds {
        let Some(config) = config else { return JobNeeds::Socket };
        match (config.ci.gitlab, &config.image.registry, config.ci.builder) {
            (None | Some(GitlabJobs::Socket), ..) => JobNeeds::Socket,
            (Some(GitlabJobs::Dind), ..) => JobNeeds::Dind,
            (Some(GitlabJobs::Image), None, _) => JobNeeds::Nothing,
            (Some(GitlabJobs::Image), Some(_), CiBuilder::Socket) => JobNeeds::Socket,
            (Some(GitlabJobs::Image), Some(_), CiBuilder::Dind) => JobNeeds::Dind,
        }
    }
}

/// The docker settings of a runner configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RunnerConfig {
    /// The name of this format.
    pub schema: &'static str,
    /// The needs of the jobs of the project.
    pub needs: JobNeeds,
    /// The runners, in the order of the file.
    pub runners: Vec<Runner>,
    /// The change for every runner that lacks the socket, as a unified diff; empty if none needs it.
    pub change: String,
}

/// A runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Runner {
    /// Its name.
    pub name: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// Its executor.
    pub executor: String,
    /// Whether its jobs get the socket.
    pub socket: Socket,
    /// Its user, if it matters who that is.
    pub user: Option<String>,
    /// Whether this user may use the socket.
    pub access: Option<SocketAccess>,
    /// Whether it can run the jobs of the project.
    pub state: Health,
    /// The observation, as the end of a sentence about it.
    pub found: String,
    /// A suggestion.
    pub next: Option<String>,
}

/// Whether a runner's jobs get the docker socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Socket {
    /// The socket is bound.
    Bound,
    /// The socket is not bound.
    Missing,
    /// Not bound, because jobs have an engine as a service, which a bound socket would hide.
    Beside,
    /// Jobs run on the machine itself, which has the socket.
    Machine,
    /// Jobs do not run in docker.
    Foreign,
}

/// Parses the configuration of the runner of this user, for jobs with these needs.
///
/// # Errors
///
/// When it is not TOML. The error contains no line of the text.
pub fn examine(
    name: &str,
    text: &str,
    needs: JobNeeds,
    user: &RunnerUser,
) -> Result<RunnerConfig, ConfigError> {
    let document: Document<&str> = Document::parse(text).map_err(|error| {
        let before = text.get(..error.span().unwrap_or_default().start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError {
            origin: format!("{name}:{line}"),
            text: None,
            span: None,
            message: error.message().to_owned(),
            hint: Some("`gitlab-runner lint` shows more, including secrets".to_owned()),
        }
    })?;
    let mut changed = document.clone().into_mut();
    let mut before = changed.clone();
    let mut runners = Vec::new();
    for (number, runner) in tables(document.get("runners")).into_iter().enumerate() {
        let word = |key| runner.get(key).and_then(Item::as_str).unwrap_or_default().to_owned();
        let (name, executor) = (word("name"), word("executor"));
        let docker = runner.get("docker").and_then(Item::as_table_like);
        let is_docker = executor.starts_with("docker");
        let socket = match executor.as_str() {
            "shell" => Socket::Machine,
            _ if !is_docker => Socket::Foreign,
            _ if docker.is_some_and(has_socket) => Socket::Bound,
            _ if docker.is_some_and(serves_dind) => Socket::Beside,
            _ => Socket::Missing,
        };
        if socket == Socket::Missing && needs == JobNeeds::Socket {
            bind(&mut changed, number);
        }
        // Root, who starts the runner for the whole machine, may use every socket.
        let is_user_asked = match socket {
            Socket::Machine => needs == JobNeeds::Socket,
            _ => is_docker && !user.is_started_by_root,
        };
        let access = is_user_asked.then(|| user.find_access(find_socket(runner)));
        let judged = judge(socket, needs, user, access.as_ref());
        let (state, found, next) = judged;
        let start = runner.get("name").or(runner.get("executor")).and_then(Item::span);
        let line = text[..start.unwrap_or_default().start].matches('\n').count() + 1;
        let user = (is_user_asked || socket == Socket::Machine).then(|| user.name.clone());
        runners.push(Runner { name, line, executor, socket, user, access, state, found, next });
    }
    hide(before.as_table_mut());
    hide(changed.as_table_mut());
    let (before, after) = (scrub(&before.to_string()), scrub(&changed.to_string()));
    let change = diff::unified(name.trim_start_matches('/'), before.as_bytes(), after.as_bytes());
    let change = String::from_utf8_lossy(&change).into_owned();
    Ok(RunnerConfig { schema: SCHEMA, needs, runners, change })
}

/// The socket that a runner, or a job on its machine, uses.
fn find_socket(runner: &dyn TableLike) -> &Path {
    let docker = runner.get("docker").and_then(Item::as_table_like);
    let host = docker.and_then(|docker| docker.get("host")).and_then(Item::as_str);
    let variables = runner.get("environment").and_then(Item::as_array).into_iter().flatten();
    let variables = variables.filter_map(Value::as_str);
    let of_jobs = variables.filter_map(|variable| variable.strip_prefix("DOCKER_HOST=")).last();
    let path = host.or(of_jobs).and_then(|host| host.strip_prefix("unix://"));
    Path::new(path.filter(|path| !path.is_empty()).unwrap_or(SOCKET))
}

/// Judges a runner: its state, the observation and a suggestion.
fn judge(
    socket: Socket,
    needs: JobNeeds,
    user: &RunnerUser,
    access: Option<&SocketAccess>,
) -> (Health, String, Option<String>) {
    let RunnerUser { name, .. } = user;
    let good = |found: &str| (Health::Good, found.to_owned(), None);
    match (socket, access, needs) {
        (Socket::Foreign, ..) => good("runs jobs without docker"),
        (_, Some(SocketAccess::Denied(group)), _) => (
            Health::Machine,
            format!("works as `{name}`, who may not use docker"),
            Some(format!(
                "`sudo usermod -aG {group} {name}`, then restart the runner; the members of `{group}` are \
                 as good as root"
            )),
        ),
        (_, Some(SocketAccess::Unknown(why)), _) => (
            Health::Warning,
            format!("works as `{name}`, who must be allowed to use docker, but {why}"),
            Some("run this on the machine of the runner, while docker is running there".to_owned()),
        ),
        (Socket::Machine, _, JobNeeds::Socket) => (
            Health::Good,
            format!("runs jobs on its machine as `{name}`, who may use docker"),
            None,
        ),
        (Socket::Machine, ..) => (
            Health::Warning,
            "runs jobs on its machine, and ignores their images and services".to_owned(),
            Some(
                "use a runner with the executor `docker`, or set `gitlab = \"socket\"` in pipe.toml"
                    .to_owned(),
            ),
        ),
        (Socket::Beside, ..) => good("is set up for `gitlab = \"dind\"`"),
        (Socket::Bound | Socket::Missing, _, JobNeeds::Dind) => (
            Health::Machine,
            "is not set up for an engine as a service of jobs".to_owned(),
            Some(
                "below `[runners.docker]`, set `privileged = true` and add \"/certs/client\" to `volumes`"
                    .to_owned(),
            ),
        ),
        (Socket::Bound, ..) => good("binds the docker socket into jobs"),
        (Socket::Missing, _, JobNeeds::Socket) => {
            (Health::Machine, "does not bind the docker socket into jobs".to_owned(), None)
        }
        (Socket::Missing, _, JobNeeds::Nothing) => {
            good("runs jobs in their image, and those of this project need nothing else")
        }
    }
}

fn tables(item: Option<&Item>) -> Vec<&dyn TableLike> {
    match item {
        Some(Item::ArrayOfTables(tables)) => {
            tables.iter().map(|table| table as &dyn TableLike).collect()
        }
        Some(Item::Value(Value::Array(tables))) => {
            let tables = tables.iter().filter_map(Value::as_inline_table);
            tables.map(|table| table as &dyn TableLike).collect()
        }
        _ => Vec::new(),
    }
}

fn has_socket(docker: &dyn TableLike) -> bool {
    mounts(docker).any(|target| [SOCKET, SAME].contains(&target))
}

/// Whether a runner is set up for `gitlab = "dind"`.
fn serves_dind(docker: &dyn TableLike) -> bool {
    let is_privileged = docker.get("privileged").and_then(Item::as_bool) == Some(true);
    is_privileged && mounts(docker).any(|target| target == CERTIFICATES)
}

/// The paths of a runner's volumes in its jobs.
fn mounts(docker: &dyn TableLike) -> impl Iterator<Item = &str> {
    let volumes = docker.get("volumes").and_then(Item::as_array).into_iter().flatten();
    volumes.filter_map(Value::as_str).filter_map(|volume| {
        // `target`, or `source:target`, or `source:target:mode`.
        let mut parts = volume.split(':');
        let first = parts.next();
        parts.next().or(first)
    })
}

#[cfg(test)]
mod tests;

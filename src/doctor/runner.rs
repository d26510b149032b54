//! Diagnosis of a GitLab runner's `config.toml`: which runners can run the jobs of the project.
//!
//! The result contains the values of a few harmless keys only; all others may be secrets, and are
//! hidden.

use std::path::Path;

use serde::Serialize;
use toml_edit::{Array, Document, DocumentMut, Item, TableLike, Value};

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

/// The keys whose values are shown, to identify the runner.
const HARMLESS: &[&str] =
    &["executor", "host", "id", "image", "name", "privileged", "tls_verify", "url", "volumes"];
/// The replacement of every other value.
const HIDDEN: &str = "[hidden]";

/// What the jobs of a project need of their runner.
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
    /// What the jobs of the project need.
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

/// Adds the volume to a runner, in the style of its other volumes.
fn bind(document: &mut DocumentMut, number: usize) {
    let runner = match document.get_mut("runners") {
        Some(Item::ArrayOfTables(tables)) => tables.get_mut(number),
        // An inline table is not changed, only reported.
        _ => None,
    };
    let Some(runner) = runner else { return };
    let docker = runner.entry("docker").or_insert_with(toml_edit::table);
    let Some(docker) = docker.as_table_like_mut() else { return };
    let host =
        docker.get("host").and_then(Item::as_str).and_then(|host| host.strip_prefix("unix://"));
    let volume = format!("{}:{SOCKET}", host.filter(|host| !host.is_empty()).unwrap_or(SOCKET));
    if let Some(volumes) = docker.get_mut("volumes").and_then(Item::as_array_mut) {
        let is_tall = volumes.iter().any(|volume| {
            let prefix = volume.decor().prefix().and_then(|prefix| prefix.as_str());
            prefix.is_some_and(|prefix| prefix.contains('\n'))
        });
        let like = volumes.get(0).map(|first| first.decor().clone());
        volumes.push(volume);
        if let (true, Some(decor), Some(last)) = (is_tall, like, volumes.iter_mut().last()) {
            *last.decor_mut() = decor;
        }
        return;
    }
    let indent = docker.key("image").or(docker.iter().next().and_then(|(key, _)| docker.key(key)));
    let indent = indent.and_then(|key| key.leaf_decor().prefix().cloned());
    docker.insert("volumes", Item::Value(Value::Array(Array::from_iter([volume]))));
    if let (Some(indent), Some(mut key)) = (indent, docker.key_mut("volumes")) {
        key.leaf_decor_mut().set_prefix(indent);
    }
}

/// Hides every value that is not known to be harmless.
fn hide(table: &mut dyn TableLike) {
    for (key, item) in table.iter_mut() {
        match item {
            Item::Table(table) => hide(table),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(|table| hide(table)),
            Item::Value(Value::InlineTable(table)) => hide(table),
            Item::Value(value) if !HARMLESS.contains(&key.get()) => *value = Value::from(HIDDEN),
            _ => {}
        }
    }
}

/// Hides comments, which may contain an old token, and passwords in URLs.
fn scrub(text: &str) -> String {
    let line = |line: &str| match line.split_once('#') {
        Some((code, _)) => format!("{code}# {HIDDEN}"),
        None => match (line.find("://"), line.find('@')) {
            (Some(start), Some(end)) if start < end => {
                format!("{}://{HIDDEN}{}", &line[..start], &line[end..])
            }
            _ => line.to_owned(),
        },
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;

    const TWO: &str = r#"concurrent = 4

[session_server]
  session_timeout = 1800

[[runners]]
  name = "shell"
  token = "glrt-secret-one"
  executor = "shell"

[[runners]]
  name = "docker"
  url = "https://user:pass@gitlab.example"
  # token = "glrt-secret-old"
  token = "glrt-secret-two"
  executor = "docker"
  [runners.cache.s3]
    SecretKey = "s3cret"
  [runners.docker]
    tls_verify = false
    image = "debian"
    volumes = ["/cache"]
    allowed_images = ["secret/*"]
"#;

    /// The user of the jobs of a runner that root has started, in these groups.
    fn of_root() -> RunnerUser {
        let name = "gitlab-runner".to_owned();
        RunnerUser { name, is_started_by_root: true, groups: Some(vec![7]) }
    }

    fn examined(text: &str) -> Result<RunnerConfig, ConfigError> {
        examine("config.toml", text, JobNeeds::Socket, &of_root())
    }

    /// The states of a shell runner and a docker runner, with the socket in this file.
    fn states(needs: JobNeeds, user: &RunnerUser, socket: &Path) -> Vec<(Health, String)> {
        let host = format!("\"DOCKER_HOST=unix://{}\"", socket.display());
        let text = TWO
            .replace(
                "executor = \"shell\"",
                &format!("executor = \"shell\"\nenvironment = [{host}]"),
            )
            .replace("tls_verify = false", &format!("host = \"unix://{}\"", socket.display()));
        let read = examine("config.toml", &text, needs, user).unwrap();
        assert_eq!(read.change.is_empty(), needs != JobNeeds::Socket, "{}", read.change);
        read.runners.into_iter().map(|runner| (runner.state, runner.found)).collect()
    }

    #[test]
    fn a_runner_is_judged_by_what_the_jobs_of_the_project_need() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let health = |needs, user: &RunnerUser| {
            let states = states(needs, user, &path);
            states.into_iter().map(|(state, _)| state).collect::<Vec<_>>()
        };
        use Health::{Good, Machine, Warning};
        assert_eq!(health(JobNeeds::Nothing, &of_root()), [Warning, Good]);
        assert_eq!(health(JobNeeds::Dind, &of_root()), [Warning, Machine]);
        // The socket belongs to another group, and so do those of the user.
        assert_eq!(health(JobNeeds::Socket, &of_root()), [Machine, Machine]);
    }

    #[test]
    fn the_user_of_a_runner_needs_the_group_of_the_socket() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660)).unwrap();
        let group = std::fs::metadata(&path).unwrap().gid();
        let user = |is_started_by_root, groups| RunnerUser {
            name: "me".to_owned(),
            is_started_by_root,
            groups,
        };
        let found = |user: &RunnerUser| states(JobNeeds::Socket, user, &path);
        let member = found(&user(true, Some(vec![1, group])));
        assert_eq!(member[0].1, "runs jobs on its machine as `me`, who may use docker");
        let stranger = found(&user(true, Some(vec![group + 1])));
        let denied = (Health::Machine, "works as `me`, who may not use docker".to_owned());
        assert_eq!(stranger[0], denied);
        // Root starts the containers of the executor docker, and a user those of a runner of their own.
        assert_eq!(stranger[1].1, "does not bind the docker socket into jobs");
        assert_eq!(found(&user(false, Some(vec![group + 1])))[1], denied);
        let unknown = found(&user(true, None));
        assert_eq!(unknown[0].0, Health::Warning);
        assert!(unknown[0].1.ends_with("but this machine has no user `me`"), "{unknown:?}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(found(&user(true, Some(vec![group])))[0], denied);
        let nowhere = folder.path().join("nowhere");
        let gone = states(JobNeeds::Socket, &user(true, Some(vec![group])), &nowhere);
        assert!(gone[0].1.ends_with("nowhere` is not there"), "{gone:?}");
    }

    #[test]
    fn a_runner_without_the_socket_gets_it_and_nothing_secret_is_told() {
        let read = examined(TWO).unwrap();
        let runners = read.runners.iter().map(|runner| (&*runner.name, runner.line, runner.socket));
        assert_eq!(
            runners.collect::<Vec<_>>(),
            [("shell", 7, Socket::Machine), ("docker", 12, Socket::Missing)]
        );
        assert_data_eq!(
            &read.change,
            str![[r#"
--- a/config.toml
+++ b/config.toml
@@ -19,5 +19,5 @@
   [runners.docker]
     tls_verify = false
     image = "debian"
-    volumes = ["/cache"]
+    volumes = ["/cache", "/var/run/docker.sock:/var/run/docker.sock"]
     allowed_images = "[hidden]"

"#]]
        );
        let json = serde_json::to_string(&read).unwrap();
        assert!(!json.contains("secret") && !json.contains("pass"), "{json}");
    }

    #[test]
    fn a_second_time_nothing_is_left_to_change() {
        let there =
            TWO.replace("\"/cache\"", "\"/cache\", \"/var/run/docker.sock:/var/run/docker.sock\"");
        for volume in ["/run/docker.sock", "/s:/var/run/docker.sock:rw"] {
            let other = there.replace("/var/run/docker.sock:/var/run/docker.sock", volume);
            for text in [&there, &other] {
                let read = examined(text).unwrap();
                assert_eq!((read.change.as_str(), read.runners[1].socket), ("", Socket::Bound));
            }
        }
    }

    #[test]
    fn a_runner_without_volumes_gets_them_as_its_neighbours_are_written() {
        let text = TWO.replace("    volumes = [\"/cache\"]\n", "");
        let text = text.replace("tls_verify = false", "host = \"unix:///run/user/7/docker.sock\"");
        assert_data_eq!(
            examined(&text).unwrap().change,
            str![[r#"
--- a/config.toml
+++ b/config.toml
@@ -20,3 +20,4 @@
     host = "unix:///run/user/7/docker.sock"
     image = "debian"
     allowed_images = "[hidden]"
+    volumes = ["/run/user/7/docker.sock:/var/run/docker.sock"]

"#]]
        );
        let none = "[[runners]]\nname = \"a\"\nexecutor = \"docker\"\n";
        assert_data_eq!(
            examined(none).unwrap().change,
            str![[r#"
--- a/config.toml
+++ b/config.toml
@@ -1,3 +1,6 @@
 [[runners]]
 name = "a"
 executor = "docker"
+
+[runners.docker]
+volumes = ["/var/run/docker.sock:/var/run/docker.sock"]

"#]]
        );
        let tall = TWO.replace("[\"/cache\"]", "[\n      \"/cache\",\n      \"/b\",\n    ]");
        assert_data_eq!(
            examined(&tall).unwrap().change,
            str![[r#"
--- a/config.toml
+++ b/config.toml
@@ -22,5 +22,6 @@
     volumes = [
       "/cache",
       "/b",
+      "/var/run/docker.sock:/var/run/docker.sock",
     ]
     allowed_images = "[hidden]"

"#]]
        );
    }

    #[test]
    fn a_runner_with_an_engine_beside_its_jobs_stays_as_it_is() {
        let beside = TWO.replace("[\"/cache\"]", "[\"/certs/client\", \"/cache\"]");
        let privileged = beside.replace("tls_verify = false", "privileged = true");
        let read = examined(&privileged).unwrap();
        assert_eq!((read.change.as_str(), read.runners[1].socket), ("", Socket::Beside));
        // One of them alone is not enough.
        for text in [&beside, &TWO.replace("tls_verify = false", "privileged = true")] {
            let read =
                examine("/etc/gitlab-runner/config.toml", text, JobNeeds::Socket, &of_root())
                    .unwrap();
            assert_eq!(read.runners[1].socket, Socket::Missing);
            assert!(read.change.starts_with("--- a/etc/gitlab-runner/"), "{}", read.change);
        }
    }

    #[test]
    fn a_broken_file_is_named_by_its_line_alone() {
        let text = TWO.replace("\"glrt-secret-two\"", "\"glrt-secret-two");
        let error = examined(&text).unwrap_err();
        let text = format!("{error:?}");
        assert!(error.to_string().starts_with("config.toml:15: "), "{error}");
        assert!(!text.contains("secret-two"), "{text}");
    }
}

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
        .replace("executor = \"shell\"", &format!("executor = \"shell\"\nenvironment = [{host}]"))
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
            examine("/etc/gitlab-runner/config.toml", text, JobNeeds::Socket, &of_root()).unwrap();
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

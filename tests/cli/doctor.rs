//! The command `doctor`, without an engine.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::Value;
use snapbox::str;

use crate::scene::Scene;

/// No docker.
const NOWHERE: &str = "/nowhere/docker";

/// The subjects with a problem: subject, state, finding, and what to do next.
fn complaints(scene: &Scene, status: i32) -> Vec<(String, String, String, String)> {
    let ended = scene.pipe("doctor --json").with("CARGO_PIPE_DOCKER", NOWHERE).ended();
    assert_eq!(ended.status, Some(status), "{ended:?}");
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["schema"], "cargo-pipe/doctor/1");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let examined = json["examined"].as_array().unwrap().iter();
    let problems = examined.map(|one| {
        (text(&one["subject"]), text(&one["state"]), text(&one["found"]), text(&one["next"]))
    });
    problems.filter(|(_, state, ..)| state != "good").collect()
}

fn scaffolded() -> Scene {
    let scene = Scene::new();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    scene
}

fn edit(scene: &Scene, path: &str, from: &str, to: &str) {
    let place = scene.project().join(path);
    let text = fs::read_to_string(&place).unwrap();
    assert!(text.contains(from));
    fs::write(place, text.replace(from, to)).unwrap();
}

#[test]
fn without_docker_the_machine_is_wrong_only_where_nothing_else_will_do() {
    let scene = scaffolded();
    let ended = scene.pipe("doctor --engine auto").with("CARGO_PIPE_DOCKER", NOWHERE).ended();
    assert_eq!(ended.status, Some(0));
    assert!(ended.stdout.contains("warning engine    `/nowhere/docker` is not"), "{ended:?}");
    assert!(ended.stdout.contains(" sandbox   "), "{ended:?}");
    let ended = scene.pipe("doctor --engine venv").with("CARGO_PIPE_DOCKER", NOWHERE).ended();
    assert!(!ended.stdout.contains(" engine "), "{ended:?}");
    let ended = scene.pipe("doctor --engine docker").with("CARGO_PIPE_DOCKER", NOWHERE).ended();
    assert_eq!(ended.status, Some(3));
    for line in [
        "good    locks     pylint ",
        "good    files     the generated files are up to date",
        "wrong   engine    `/nowhere/docker` is not installed, or not on PATH",
        "hint: install docker, or name a compatible program in CARGO_PIPE_DOCKER",
        "disk      ",
    ] {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
    assert_eq!(ended.stderr, "");
}

#[test]
fn problems_in_the_files_are_named_with_a_remedy() {
    let scene = scaffolded();
    edit(&scene, "pipe.toml", "apt = []", "apt = [\"libpq5\"]");
    edit(&scene, ".docker/requirements/ruff.txt", "ruff==", "ruff>=");
    let pins = "repos:\n- repo: https://example/black\n  rev: 24.1.0\n  hooks:\n  - id: black\n";
    fs::write(scene.project().join(".pre-commit-config.yaml"), pins).unwrap();
    let problems = complaints(&scene, 2);
    let found = |subject: &str| {
        let all = problems.iter().filter(|(of, ..)| of == subject);
        all.map(|(_, state, found, next)| format!("{state}: {found} | {next}")).collect::<Vec<_>>()
    };
    let locks = found("locks");
    assert!(locks[0].starts_with("project: .docker/requirements/ruff.txt:"), "{locks:?}");
    assert_eq!(
        found("files"),
        ["drift: not up to date: 1 generated file, `.docker/Dockerfile` | \
          `cargo pipe sync --check` shows the difference"]
    );
    let pins = found("pins");
    assert_eq!(pins.len(), 1);
    assert!(
        pins[0]
            .starts_with("warning: `.pre-commit-config.yaml` pins black 24.1.0, but the lock has "),
        "{pins:?}"
    );
}

#[test]
fn conflicting_configurations_are_a_warning_with_a_remedy() {
    let scene = scaffolded();
    edit(&scene, ".config/.pylintrc", "max-line-length=120", "max-line-length=100");
    let line_of = |path: &str, setting: &str| {
        let text = fs::read_to_string(scene.project().join(path)).unwrap();
        let index = text.lines().position(|line| line.starts_with(setting)).unwrap();
        format!("{path}:{}", index + 1)
    };
    let (black, ruff, pylint) = (
        line_of(".config/black.toml", "line-length"),
        line_of(".config/pyproject.toml", "line-length"),
        line_of(".config/.pylintrc", "max-line-length"),
    );
    let settings = fs::read_to_string(scene.project().join("pipe.toml")).unwrap();
    let second = settings + "\n[checks.style]\ntool = \"ruff-format\"\n";
    fs::write(scene.project().join("pipe.toml"), second).unwrap();
    let complaints = complaints(&scene, 3).into_iter();
    let conflicts: Vec<_> = complaints.filter(|(subject, ..)| subject == "conflict").collect();
    let length = |formatter: &str, place: &str| {
        format!(
            "warning: {formatter} makes lines of up to 120 characters ({place}), and `lint` \
             (pylint) refuses those over 100 ({pylint}) | give both the same line length"
        )
    };
    let expected = [
        "warning: `format` (black) and `style` (ruff-format) both format `src`, and some files \
         cannot satisfy both | turn one of them off with `enabled = false`"
            .to_owned(),
        length("`format` (black)", &black),
        length("`style` (ruff-format)", &ruff),
    ];
    let found =
        conflicts.iter().map(|(_, state, found, next)| format!("{state}: {found} | {next}"));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn unreadable_settings_are_reported_and_the_machine_is_still_examined() {
    let scene = Scene::new().file("pipe.toml", "sources = [\"src\"]\n");
    let problems = complaints(&scene, 2);
    let subjects: Vec<&str> = problems.iter().map(|(subject, ..)| subject.as_str()).collect();
    assert_eq!(&subjects[..2], ["project", "engine"]);
    assert!(problems[0].2.starts_with("pipe.toml:1:1: "), "{problems:?}");
}

#[test]
fn a_runner_s_missing_volume_is_printed_as_the_change_it_needs() {
    let text = "[[runners]]\n  name = \"a\"\n  token = \"glrt-secret\"\n  executor = \"docker\"\n  \
                [runners.docker]\n    image = \"debian\"\n    volumes = [\"/cache\"]\n";
    let scene = Scene::new().file("config.toml", text);
    scene.pipe("doctor --runner-config config.toml").ends(
        1,
        str![[r#"
--- a/config.toml
+++ b/config.toml
@@ -4,4 +4,4 @@
   executor = "docker"
   [runners.docker]
     image = "debian"
-    volumes = ["/cache"]
+    volumes = ["/cache", "/var/run/docker.sock:/var/run/docker.sock"]

"#]],
        str![[r#"
wrong   line 2: `a` (docker) does not bind the docker socket into jobs

hint: the runner reloads the file automatically; possible secrets are hidden here

hint: every job of that runner then has root access to its machine, so use it only for trusted projects. A pipeline with `gitlab = "image"` in `pipe.toml` needs no socket

"#]],
    );
    let there = text.replace("\"/cache\"", "\"/var/run/docker.sock:/var/run/docker.sock\"");
    fs::write(scene.project().join("config.toml"), there).unwrap();
    scene.pipe("doctor --runner-config config.toml").ends(
        0,
        "",
        str![[r#"
good    line 2: `a` (docker) binds the docker socket into jobs

"#]],
    );
    let ended = scene.pipe("doctor --json --runner-config config.toml").ended();
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["runners"][0]["socket"], "bound");
    scene.pipe("doctor --runner-config nowhere.toml").ends(
        3,
        "",
        str![[r#"
error: cannot read `nowhere.toml`: No such file or directory (os error 2)

"#]],
    );
}

#[test]
fn a_runner_needs_no_socket_for_a_project_with_image_jobs() {
    let text = "[[runners]]\n  name = \"a\"\n  executor = \"docker\"\n\
                [[runners]]\n  name = \"b\"\n  executor = \"shell\"\n";
    let scene =
        Scene::new().file("config.toml", text).file("pipe.toml", "[ci]\ngitlab = \"image\"\n");
    scene.pipe("doctor --runner-config config.toml").ends(
        0,
        "",
        str![[r#"
good    line 2: `a` (docker) runs jobs in their image, and those of this project need nothing else
warning line 5: `b` (shell) runs jobs on its machine, and ignores their images and services

hint: use a runner with the executor `docker`, or set `gitlab = "socket"` in pipe.toml

"#]],
    );
    for (ci, status) in [("gitlab = \"dind\"", 1), ("gitlab = \"socket\"", 1), ("github = true", 1)]
    {
        fs::write(scene.project().join("pipe.toml"), format!("[ci]\n{ci}\n")).unwrap();
        let ended = scene.pipe("doctor --runner-config config.toml").ended();
        assert_eq!(ended.status, Some(status), "{ci}: {ended:?}");
        assert_eq!(ended.stdout.is_empty(), ci.contains("dind"), "{ci}: {ended:?}");
    }
}

/// The machine of a runner, whose user is in the group of the socket or not.
#[test]
fn the_user_of_a_shell_runner_is_asked_for_the_group_of_the_socket() {
    let scene = Scene::new();
    let socket = scene.folder("docker.sock");
    let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o660)).unwrap();
    let group = fs::metadata(&socket).unwrap().gid();
    let text = format!(
        "[[runners]]\nname = \"a\"\nexecutor = \"shell\"\nenvironment = [\"DOCKER_HOST=unix://{}\"]\n",
        socket.display()
    );
    let scene = scene.file("config.toml", &text);
    let bin = scene.folder("bin");
    fs::create_dir(&bin).unwrap();
    for (groups, status, found) in [
        (format!("1 {group}"), 0, "who may use docker"),
        ("4711 4712".to_owned(), 1, "who may not use docker"),
    ] {
        let id = format!("#!/bin/sh\ncase $1 in -G) echo {groups};; *) echo runner;; esac\n");
        fs::write(bin.join("id"), id).unwrap();
        fs::set_permissions(bin.join("id"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", bin.display());
        let ended = scene.pipe("doctor --runner-config config.toml").with("PATH", &path).ended();
        assert_eq!(ended.status, Some(status), "{ended:?}");
        assert!(ended.stderr.contains(found), "{ended:?}");
        assert_eq!(ended.stderr.contains("`sudo usermod -aG "), status == 1, "{ended:?}");
    }
}

#[test]
fn podman_is_named_unless_it_is_the_engine() {
    let scene = Scene::with_project();
    let bin = scene.folder("bin");
    fs::create_dir(&bin).unwrap();
    let podman = bin.join("podman");
    fs::write(&podman, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&podman, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let doctor = |engine: &str| {
        let run = scene.pipe("doctor --json").with("PATH", &path);
        run.with("CARGO_PIPE_ENGINE", engine).ended().stdout
    };
    let line = "`[SCENE]/bin/podman` is installed; `--engine podman` uses it";
    let docker = doctor("docker");
    assert!(docker.contains(line), "{docker}");
    assert!(!doctor("podman").contains(line));
}

#[test]
fn an_engine_that_the_project_chooses_is_a_warning() {
    let scene = scaffolded();
    edit(&scene, "pipe.toml", "engine = \"auto\"", "engine = \"venv\"");
    let doctor = |docker: &str| {
        let run = scene.pipe("doctor").with("CARGO_PIPE_ENGINE", "");
        let ended = run.with("CARGO_PIPE_DOCKER", docker).ended();
        ended.stdout.contains("`engine = \"venv\"` in pipe.toml chooses checks without a container")
    };
    assert!(doctor(scene.docker().program().to_str().unwrap()));
    let ended = scene.pipe("doctor --engine venv").ended();
    assert!(!ended.stdout.contains("chooses checks"), "{ended:?}");
}

#[test]
fn locks_that_are_missing_share_a_hint() {
    let scene = scaffolded();
    for name in ["black", "mypy"] {
        fs::remove_file(scene.project().join(format!(".docker/requirements/{name}.txt"))).unwrap();
    }
    let ended = scene.pipe("doctor").with("CARGO_PIPE_DOCKER", NOWHERE).ended();
    let hints = ended.stdout.matches("hint: `cargo pipe init` creates the missing files").count();
    assert_eq!(hints, 1, "{ended:?}");
    assert_eq!(ended.stdout.matches(".txt` does not exist\n").count(), 2, "{ended:?}");
}

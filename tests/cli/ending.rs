//! Runs that end early, with an engine that hangs or with leftovers of a run that was killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::container::{PROOF, scene as container_scene};
use crate::engine::scene as foreign;
use crate::scene::Scene;

/// Much less than a hanging command takes, and much more than a loaded machine needs.
const SOON: Duration = Duration::from_secs(40);

/// Never ends by itself.
const HANG: &str = "exec sleep 900";

/// Copies the proof of the snapshot that was mounted last, as docker does in an archive.
const COPY_PROOF: &str = r#"
mounted=$(tr '\t' '\n' < "$FAKE/calls" | grep 'target=/app,' | tail -n 1)
folder=${mounted#*source=}
tar -C "${folder%%,target*}" -cf - .cargo-pipe-proof"#;

/// Lets docker answer what a run in a foreign image asks, unless another reply was prepared.
fn answer_in(scene: &Scene) {
    let image = r#"{"Id":"sha256:x","RepoTags":[],"Os":"linux","Architecture":"amd64","RootFS":{"Layers":["sha256:1"]}}"#;
    scene.docker().on(&["version"]).stdout("27.0.0\n");
    scene.docker().on(&["info"]).stdout("64\n");
    scene.docker().on(&["image", "inspect"]).stdout(image);
}

pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until docker was called with this word.
pub(crate) fn await_call(scene: &Scene, word: &str) {
    let began = Instant::now();
    while !scene.docker().calls().iter().any(|call| call[0] == word) {
        assert!(began.elapsed() < SOON, "`docker {word}` was not called");
        thread::yield_now();
    }
}

/// Waits for a program that writes its number into a file.
fn await_number(file: &Path) -> Pid {
    let began = Instant::now();
    loop {
        // Without the end of its line, the number could be a part of it.
        match fs::read_to_string(file) {
            Ok(text) if text.ends_with('\n') => {
                return Pid::from_raw(text.trim().parse().unwrap()).unwrap();
            }
            _ => thread::yield_now(),
        }
        assert!(began.elapsed() < SOON, "the program was not started");
    }
}

/// The folders of runs in the cache.
pub(crate) fn run_folders(scene: &Scene) -> Vec<PathBuf> {
    let runs = scene.folder("home").join(".cache/cargo-pipe/runs");
    let entries = fs::read_dir(runs).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

#[test]
fn a_command_that_hangs_is_named_and_ends_the_run() {
    for verb in ["version", "info", "image", "create", "cp"] {
        let scene = foreign();
        scene.docker().on(&[verb]).script(HANG);
        answer_in(&scene);
        let began = Instant::now();
        let words = if verb == "info" { "run-all --cpus 1" } else { "run-all" };
        let ended = scene.pipe(words).with("CARGO_PIPE_DOCKER_TIMEOUT", "1s").ended();
        assert!(began.elapsed() < SOON, "{verb}");
        assert_eq!(ended.status, Some(3), "{verb}: {ended:?}");
        let named = format!("`docker {verb}` did not answer within 1s");
        assert!(ended.stdout.contains(&named), "{verb}: {ended:?}");
    }
}

#[test]
fn a_start_that_hangs_ends_with_the_time_limit_of_the_check() {
    let scene = foreign();
    scene.docker().on(&["start"]).script(HANG);
    scene.docker().on(&["cp"]).script(COPY_PROOF);
    answer_in(&scene);
    let began = Instant::now();
    let ended = scene.pipe("run-all --timeout 1s").ended();
    assert!(began.elapsed() < SOON);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("took longer than 1s"), "{ended:?}");
}

#[test]
fn a_build_that_hangs_ends_with_the_first_interrupt() {
    let scene = container_scene();
    let unbuilt = scene.docker().on(&["image", "inspect", "cargo-pipe/black:"]);
    unbuilt.stderr("Error: No such image: x\n").code(1);
    scene.docker().on(&["buildx", "build"]).script(HANG);
    let child = scene.pipe("format --check").start();
    let began = Instant::now();
    while !scene.docker().calls().iter().any(|call| call[..2] == ["buildx", "build"]) {
        assert!(began.elapsed() < SOON, "nothing is built");
        thread::yield_now();
    }
    send(&child, Signal::INT);
    let ended = scene.ended(child.wait_with_output().unwrap());
    assert!(began.elapsed() < SOON);
    assert_eq!(ended.status, Some(130), "{ended:?}");
}

#[test]
fn a_volume_that_hangs_is_named_and_ends_the_run() {
    let scene = foreign();
    scene.docker().on(&["volume"]).script(HANG);
    scene.docker().on(&["create", "--volume"]).script(HANG);
    answer_in(&scene);
    let began = Instant::now();
    let run = scene.pipe("run-all").with("CARGO_PIPE_TOPOLOGY", "stream");
    let ended = run.with("CARGO_PIPE_DOCKER_TIMEOUT", "1s").ended();
    assert!(began.elapsed() < SOON);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("`docker create` did not answer within 1s"), "{ended:?}");
}

#[test]
fn a_list_of_leftovers_that_hangs_costs_one_time_limit() {
    let scene = container_scene();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'"));
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    let dead = scene.folder("home").join(".cache/cargo-pipe/runs/dead");
    fs::create_dir_all(&dead).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    fs::write(dead.join("started"), "docker\n\n\n\n\n").unwrap();
    scene.docker().on(&["ps"]).script(HANG);
    let began = Instant::now();
    let ended = scene.pipe("ruff").with("CARGO_PIPE_DOCKER_TIMEOUT", "1s").ended();
    assert!(began.elapsed() < SOON);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("`docker ps` did not answer within 1s"), "{ended:?}");
    assert!(dead.join("started").exists());
}

#[test]
fn a_check_whose_container_is_stopped_is_an_error_of_the_engine() {
    for code in [137, 143] {
        let scene = container_scene();
        let stopped = format!("{PROOF}trap - EXIT; exit {code}");
        scene.docker().on(&["run", "--name"]).script(&stopped);
        let ended = scene.pipe("ruff").ended();
        assert_eq!(ended.status, Some(3), "{ended:?}");
        let message = format!("docker stopped the container of the check (exit status {code})");
        assert!(ended.stdout.contains(&message), "{ended:?}");
        assert!(ended.stdout.contains("the engine was stopped or restarted"), "{ended:?}");
        // A tool that ends itself in this way leaves a launcher that marks its end.
        let scene = container_scene();
        scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}exit {code}"));
        let ended = scene.pipe("ruff").ended();
        assert!(ended.stdout.contains("ruff was killed"), "{ended:?}");
    }
}

#[test]
fn an_engine_that_has_ended_with_a_check_is_named() {
    let scene = container_scene();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}trap - EXIT; exit 143"));
    scene.docker().on(&["events"]).stderr("Cannot connect to the Docker daemon\n").code(1);
    let ended = scene.pipe("ruff").ended();
    assert_eq!(ended.status, Some(3), "{ended:?}");
    let message = "the docker engine does not answer: Cannot connect to the Docker daemon";
    assert!(ended.stdout.contains(message), "{ended:?}");
}

/// A command can exit with 0 when it is asked to end, and docker's client with 1 when it loses its
/// engine, which would be findings.
#[test]
fn a_status_of_a_foreign_image_counts_only_if_the_engine_confirms_it() {
    let stopped = "docker stopped the container of the check (exit status 0)";
    for (code, state, event, expected) in [
        (0, "0 false", "", None),
        (0, "0 false", "{\"Action\":\"kill\"}\n", Some(stopped)),
        (1, "137 false", "", Some("`docker start` failed: error during connect")),
        (1, "137 true", "", Some("its limit is")),
        (1, "", "", Some("the docker engine does not answer: Cannot connect")),
    ] {
        let scene = foreign();
        answer_in(&scene);
        scene.docker().on(&["cp"]).script(COPY_PROOF);
        scene.docker().on(&["start"]).stderr("error during connect\n").code(code);
        scene.docker().on(&["events"]).stdout(event);
        let inspect = scene.docker().on(&["container", "inspect"]).stdout(state);
        if state.is_empty() {
            inspect.stderr("Cannot connect\n").code(1);
        }
        let ended = scene.pipe("spelling").ended();
        match expected {
            None => assert_eq!(ended.status, Some(0), "{ended:?}"),
            Some(message) => {
                assert_eq!(ended.status, Some(3), "{ended:?}");
                assert!(ended.stdout.contains(message), "{message}: {ended:?}");
            }
        }
    }
}

#[test]
fn removals_that_hang_cost_one_time_limit_together() {
    let scene = container_scene();
    scene.docker().on(&["rm"]).script(HANG);
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{HANG}"));
    let ended = scene.pipe("ruff --timeout 1s").with("CARGO_PIPE_DOCKER_TIMEOUT", "1s").ended();
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("took longer than 1s"), "{ended:?}");
    let printed = ended.stdout.replace('\n', " ") + &ended.stderr.replace('\n', " ");
    assert!(printed.contains("`docker rm` did not answer within 1s"), "{ended:?}");
    assert!(printed.contains("ps --all --filter"), "{ended:?}");
    let removals = scene.docker().calls().iter().filter(|call| call[0] == "rm").count();
    assert_eq!(removals, 1);
}

#[test]
fn a_second_interrupt_ends_at_once_and_says_what_may_be_left() {
    for signal in [Signal::INT, Signal::TERM] {
        let scene = container_scene();
        scene.docker().on(&["rm"]).script(HANG);
        scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}{HANG}"));
        let mut child = scene.pipe("ruff").start();
        await_call(&scene, "run");
        send(&child, signal);
        await_call(&scene, "rm");
        // The second signal counts as the first one for a moment, so it is repeated until it does not.
        let began = Instant::now();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        while child.try_wait().unwrap().is_none() {
            send(&child, signal);
            assert!(began.elapsed() < Duration::from_secs(5), "the process goes on");
        }
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let mut text = String::new();
        while stderr.read_line(&mut text).unwrap() > 0 {}
        assert!(text.contains("interrupted again, so the run ends at once"), "{text}");
        assert!(text.contains("--filter label=dev.cargo-pipe.run="), "{text}");
    }
}

#[test]
fn what_a_killed_run_has_started_is_removed_by_a_run_whose_results_are_cached() {
    let scene = container_scene();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'")).once();
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    assert!(run_folders(&scene).is_empty(), "a run that ends well leaves no folder");

    let running = scene.folder("tmp").join("running");
    let hang = format!("{PROOF}echo $$ > {}; {HANG}", running.display());
    scene.docker().on(&["run", "--name"]).script(&hang);
    let mut killed = scene.pipe("ruff --no-cache").start();
    let client = await_number(&running);
    send(&killed, Signal::KILL);
    killed.wait().unwrap();
    let folder = run_folders(&scene).pop().unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap();
    scene.docker().on(&["ps", "--all"]).stdout(&format!("left {id}  \n")).once();
    let before = scene.docker().calls().len();
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    let swept = scene.docker().calls().split_off(before);
    assert!(swept.contains(&["rm", "--force", "--volumes", "left"].map(String::from).to_vec()));
    assert!(!swept.iter().any(|call| call[0] == "run"), "the result is cached: {swept:?}");
    // Only the fake docker's client outlives the run.
    kill_process(client, Signal::KILL).unwrap();
    assert!(run_folders(&scene).is_empty());
}

#[test]
fn a_cached_run_starts_docker_only_for_the_note_of_a_dead_run() {
    let scene = container_scene();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'"));
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    let calls = || scene.docker().calls().len();
    let before = calls();
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    assert_eq!(calls(), before, "nothing was left");

    let dead = scene.folder("home").join(".cache/cargo-pipe/runs/dead");
    fs::create_dir_all(dead.join("app-0")).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    assert_eq!(calls(), before, "its run has started nothing");
    assert!(!dead.exists());

    fs::create_dir_all(&dead).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    fs::write(dead.join("started"), "docker\n\n\n\n\n").unwrap();
    scene.docker().on(&["ps", "--all"]).stdout("box dead  \nother alive  \n").once();
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    let swept: Vec<String> =
        scene.docker().calls()[before..].iter().map(|it| it.join(" ")).collect();
    assert!(swept.iter().any(|call| call == "rm --force --volumes box"), "{swept:?}");
    assert!(!dead.exists());
    let after = calls();
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    assert_eq!(calls(), after);
}

#[test]
fn a_note_stays_while_its_engine_does_not_answer() {
    let scene = container_scene();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'"));
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    let dead = scene.folder("home").join(".cache/cargo-pipe/runs/dead");
    fs::create_dir_all(&dead).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    fs::write(dead.join("started"), "docker\n\n\n\n\n").unwrap();
    // The first reply of the scene.
    fs::write(scene.folder("docker").join("replies/000/code"), "1").unwrap();
    let ended = scene.pipe("ruff").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("a killed run has left cannot be removed"), "{ended:?}");
    assert!(dead.join("started").exists());
}

#[test]
fn a_client_that_cannot_be_started_is_no_missing_docker() {
    let scene = foreign();
    scene.docker().on(&["version"]).stderr("fatal error: out of memory\n").code(2);
    let ended = scene.pipe("run-all --engine auto").ended();
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("docker is installed and cannot be started"), "{ended:?}");
    assert!(!ended.stderr.contains("falling back"), "{ended:?}");
}

#[test]
fn what_a_killed_update_has_left_is_removed_by_the_next_run() {
    let scene = container_scene();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'"));
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    let (bin, running) = (scene.folder("bin"), scene.folder("bin").join("running"));
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("uv"), format!("#!/bin/sh\necho $$ > {}\n{HANG}\n", running.display()))
        .unwrap();
    fs::set_permissions(bin.join("uv"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let mut killed = scene.pipe("update ruff").with("PATH", &path).start();
    let uv = await_number(&running);
    assert_eq!(run_folders(&scene).len(), 1);
    send(&killed, Signal::KILL);
    killed.wait().unwrap();
    kill_process(uv, Signal::KILL).unwrap();
    assert_eq!(scene.pipe("ruff").ended().status, Some(0));
    assert!(run_folders(&scene).is_empty());
    assert_eq!(fs::read_dir(scene.folder("tmp")).unwrap().count(), 0);
}

#[test]
fn a_write_beyond_the_allowed_size_of_files_is_an_error() {
    let scene = Scene::new();
    let ended = scene.pipe("init").behind(&["env"], "ulimit -f 0", &scene.project());
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("File too large"), "{ended:?}");
}

//! An engine that is missing, does not answer, or is interrupted.

use std::io::{BufRead, BufReader};

use rustix::process::{Pid, Signal, kill_process};
use snapbox::str;

use crate::scene::Scene;

/// A project with one check, in an image of its own.
pub(crate) fn scene() -> Scene {
    Scene::new()
        .file(
            "pipe.toml",
            "[checks]\nlint.enabled = false\nformat.enabled = false\nmypy.enabled = false\n\
             ruff.enabled = false\n\n[checks.spelling]\nrun = [\"codespell\", \"src\"]\n\
             image = \"codespell\"\n",
        )
        .file("src/main.py", "\"\"\"Nothing.\"\"\"\n")
}

#[test]
fn without_docker_nothing_can_be_done() {
    let scene = scene();
    let run = scene.pipe("run-all").with("CARGO_PIPE_DOCKER", "/nowhere/docker");
    run.ends(
        3,
        str![[r#"
spelling: error: `/nowhere/docker` is not installed, or not on PATH

hint: install docker, or name a compatible program in CARGO_PIPE_DOCKER

check     outcome  findings  time  cache
spelling  error                    off

error: 1 of 1 check could not run

"#]],
        str![[r#"
spelling: error: `/nowhere/docker` is not installed, or not on PATH

"#]],
    );
}

#[test]
fn an_engine_that_does_not_answer_is_an_error() {
    let scene = scene();
    scene.docker().on(&["version"]).stderr("Cannot connect to the Docker daemon\n").code(1);
    scene.pipe("spelling").ends(
        3,
        str![[r#"
spelling: error: the docker engine does not answer: Cannot connect to the Docker daemon

hint: start it, for example with `sudo systemctl start docker`, or set DOCKER_HOST

check     outcome  findings  time  cache
spelling  error                    off

error: 1 of 1 check could not run

"#]],
        str![[r#"
spelling: error: the docker engine does not answer: Cannot connect to the Docker daemon

"#]],
    );
    scene.pipe("-q spelling").ends(
        3,
        str![[r#"
error: 1 of 1 check could not run

"#]],
        str![],
    );
    assert_eq!(scene.docker().calls()[0][0], "version");
}

#[test]
fn a_run_with_an_error_still_writes_its_reports() {
    let scene = scene();
    scene.docker().on(&["version"]).stderr("no\n").code(1);
    let ended = scene.pipe("-q run-all --message-format json --report json=report.json").ended();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(3), ""));
    let written = std::fs::read_to_string(scene.project().join("report.json")).unwrap();
    let written = cargo_pipe::report::json::from_json(&written).unwrap();
    let printed = cargo_pipe::report::json::from_json(&ended.unredacted_stdout).unwrap();
    assert_eq!(written, printed);
    assert_eq!(written.exit_code, 3);
    let left: Vec<_> = std::fs::read_dir(scene.project()).unwrap().flatten().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn verbose_output_shows_every_started_program() {
    let scene = scene();
    scene.docker().on(&["version"]).stderr("no\n").code(1);
    let ended = scene.pipe("-v spelling").ended();
    assert!(
        ended.stderr.starts_with("$ [DOCKER] version --format '{{.Server.Version}} {{json .}}'\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_interrupt_ends_a_run_with_130() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let scene = scene();
        scene.docker().on(&["version"]).stdout("27.0.0\n");
        scene.docker().on(&["pull"]).hangs();
        scene.docker().on(&["image", "inspect"]).code(1).stderr("no such image\n");
        let mut child = scene.pipe("run-all").start();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert_eq!(line, "pulling codespell …\n");
        let pid = Pid::from_child(&child);
        // A second signal changes nothing.
        kill_process(pid, signal).unwrap();
        kill_process(pid, signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let ended = scene.ended(output);
        assert_eq!(ended.status, Some(130), "{ended:?}");
        assert!(ended.stdout.contains("\ninterrupted: 0 of 1 check ended\n"), "{}", ended.stdout);
    }
}

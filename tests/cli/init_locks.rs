//! The locks that `init` writes, with a fake uv.

use std::fs;
use std::io::{BufRead, BufReader, Read};

use rustix::process::{Pid, Signal, kill_process};

use crate::scene::{Ended, Scene};
use crate::update::{answer, fake_uv, pipe};

/// A project whose hook and task pin other releases than the bundled ones, with a dependency.
fn scene() -> Scene {
    let hooks = "repos:\n\
                 - repo: https://github.com/psf/black-pre-commit-mirror\n  rev: 24.1.0\n  \
                 hooks: [{id: black}]\n";
    let scene = Scene::new()
        .file(".pre-commit-config.yaml", hooks)
        .file("tox.ini", "[testenv:types]\ndeps = mypy==1.15.0\ncommands = mypy shop\n")
        .file("requirements.txt", "near>=1\n")
        .file("shop/cart.py", "x = 1\n");
    fake_uv(&scene);
    answer(&scene, "mypy", "mypy==1.15.0");
    answer(&scene, "black", "black==24.1.0");
    answer(&scene, "project", "near==1.0");
    scene
}

fn lock(scene: &Scene, name: &str) -> Option<String> {
    let folder = scene.project().join(".docker/requirements");
    fs::read_to_string(folder.join(format!("{name}.txt"))).ok()
}

#[track_caller]
fn assert_succeeds(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for part in parts {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
}

const RUN: &str = "hint: run `cargo pipe run-all` to run the checks";

#[test]
fn init_locks_what_the_project_uses() {
    let scene = scene();
    let ended = pipe(&scene, "init").ended();
    assert_succeeds(&ended, &["locking `black`, `mypy`, `project`", RUN]);
    for (name, pin) in [("black", "black==24.1.0"), ("mypy", "mypy==1.15.0"), ("project", "near")] {
        assert!(lock(&scene, name).unwrap().contains(pin), "{name}");
    }
    let again = pipe(&scene, "init").ended();
    assert!(!again.stderr.contains("locking"), "{}", again.stderr);
}

#[test]
fn one_lock_that_cannot_be_resolved_does_not_stop_the_others() {
    let scene = scene();
    fs::write(scene.folder("uv").join("mypy.error"), "No solution found\n").unwrap();
    let ended = pipe(&scene, "init").ended();
    let next = "hint: run `cargo pipe update mypy` to lock what the checks need, then";
    assert_succeeds(&ended, &["the requirements of `mypy` cannot be resolved:", next]);
    assert!(!ended.stderr.contains(RUN), "{}", ended.stderr);
    assert!(lock(&scene, "black").is_some() && lock(&scene, "project").is_some());
    assert_eq!(lock(&scene, "mypy"), None);
}

#[test]
fn init_locks_nothing_offline_or_on_request() {
    for words in ["init --offline", "init --no-lock", "init --dry-run"] {
        let scene = scene();
        let ended = pipe(&scene, words).ended();
        assert_succeeds(&ended, &[]);
        assert!(!scene.folder("uv").join("asked").exists(), "{words}");
        let next = "hint: run `cargo pipe update black mypy project` to lock what the checks need";
        assert_eq!(ended.stderr.contains(next), !words.contains("dry"), "{}", ended.stderr);
    }
}

#[test]
fn an_interrupt_while_init_locks_leaves_the_files_and_succeeds() {
    let scene = scene();
    fs::write(scene.folder("uv").join("uv"), "#!/bin/sh\nexec sleep 60\n").unwrap();
    let mut child = pipe(&scene, "init").start();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("locking") {
        assert_ne!(stderr.read_line(&mut text).unwrap(), 0, "{text}");
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    stderr.read_to_string(&mut text).unwrap();
    let ended = Ended { stderr: text, ..scene.ended(child.wait_with_output().unwrap()) };
    let next = "hint: run `cargo pipe update black mypy project` to lock";
    assert_succeeds(&ended, &["warning: locking was interrupted", next]);
    assert!(scene.project().join("pipe.toml").exists());
}

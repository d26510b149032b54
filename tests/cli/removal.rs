//! `remove`: the images and the records of a project.

use std::fs;

use crate::cache::{entry, ready, report};
use crate::scene::Scene;

#[test]
fn remove_forgets_the_project_and_keeps_outcomes() {
    let scene = ready();
    report(&scene, "ruff");
    let projects = scene.folder("home/.cache/cargo-pipe/projects");
    assert_eq!(fs::read_dir(&projects).unwrap().count(), 1);
    assert_eq!(scene.pipe("remove").ended().status, Some(0));
    assert_eq!(fs::read_dir(&projects).unwrap().count(), 0);
    assert!(entry(&scene).is_file());
}

#[test]
fn images_that_another_removal_took_meanwhile_are_no_failure() {
    let scene = Scene::with_project();
    let docker = scene.docker();
    let line = |name: &str| format!("sha256:{name} cargo-pipe/{name} unused 2026-11-30\n");
    let list = ["image", "ls"];
    docker.on(&list).stdout(&(line("flake8") + &line("ruff"))).once();
    docker.on(&["image", "rm"]).stderr("No such image: cargo-pipe/flake8:unused").code(1).once();
    docker.on(&list).stdout(&line("ruff")).once();
    let ended = scene.pipe("remove").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let calls = docker.calls();
    let last = calls.iter().rfind(|call| call.starts_with(&["image".to_owned(), "rm".to_owned()]));
    assert_eq!(last.unwrap()[2..], ["cargo-pipe/ruff:unused"]);

    // What stays is one.
    docker.on(&list).stdout(&line("ruff"));
    docker.on(&["image", "rm"]).stderr("conflict: the image is in use").code(1);
    let ended = scene.pipe("remove").ended();
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("the image is in use"), "{ended:?}");
}

#[test]
fn an_image_that_docker_keeps_is_named_and_no_failure_of_the_rest() {
    let scene = Scene::with_project();
    let docker = scene.docker();
    let line = |name: &str| format!("sha256:{name} cargo-pipe/{name} unused 2026-11-30\n");
    let list = ["image", "ls"];
    docker.on(&list).stdout(&(line("flake8") + &line("ruff"))).once();
    docker.on(&["image", "rm"]).stderr("conflict: a container uses the image").code(1).once();
    docker.on(&list).stdout(&line("ruff")).once();
    let ended = scene.pipe("remove --unused").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "removed image cargo-pipe/flake8:unused\n");
    let warning = "docker keeps cargo-pipe/ruff:unused: conflict: a container uses the image";
    assert!(ended.stderr.contains(warning), "{ended:?}");
    let ended = scene.pipe("remove --unused --files").ended();
    assert_eq!(ended.status, Some(2), "{ended:?}");
}

//! The grant `docker-socket` and the engine that is in use.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::container::{PROOF, image};
use crate::scene::Scene;

/// A project with a check that gets the docker socket, and an engine that has its base.
fn scene() -> Scene {
    let scene = Scene::with_project()
        .file("pipe.toml", "[checks.own]\nrun = [\"true\"]\ndocker-socket = true\ncache = false\n");
    scene.docker().on(&["version"]).stdout("27.0.0\n");
    scene.docker().on(&["image", "inspect", "python:"]).stdout(&image("sha256:base"));
    scene.docker().on(&["run", "--name"]).script(PROOF);
    scene
}

/// A file that stands for the socket of another engine.
fn other_socket(scene: &Scene) -> PathBuf {
    let path = scene.folder("tmp").join("other.sock");
    fs::write(&path, "").unwrap();
    path
}

fn group(socket: &Path) -> u32 {
    fs::metadata(socket).unwrap().gid()
}

/// Checks that the container of the check got this socket, and its group.
fn assert_bound(scene: &Scene, socket: &Path, group: u32) {
    let calls = scene.docker().calls();
    let run = calls.iter().find(|call| call[0] == "run").unwrap().join(" ");
    let bound = format!(
        "--mount type=bind,source={},target=/var/run/docker.sock --group-add {group} ",
        socket.display()
    );
    assert!(run.contains(&bound), "{run}");
}

#[test]
fn the_socket_is_that_of_docker_host() {
    let scene = scene();
    let socket = other_socket(&scene);
    let run = scene.pipe("own --allow docker-socket");
    let ended = run.with("DOCKER_HOST", &format!("unix://{}", socket.display())).ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_bound(&scene, &socket, group(&socket));
}

#[test]
fn the_socket_is_that_of_the_context() {
    let scene = scene();
    let socket = other_socket(&scene);
    let docker = scene.folder("home").join(".docker");
    fs::create_dir_all(docker.join("contexts/meta/1")).unwrap();
    fs::write(docker.join("config.json"), r#"{"currentContext": "other"}"#).unwrap();
    let host = format!(r#"{{"docker": {{"Host": "unix://{}"}}}}"#, socket.display());
    let metadata = format!(r#"{{"Name": "other", "Endpoints": {host}}}"#);
    fs::write(docker.join("contexts/meta/1/meta.json"), metadata).unwrap();
    let ended = scene.pipe("own --allow docker-socket").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_bound(&scene, &socket, group(&socket));
}

#[test]
fn an_engine_without_a_socket_here_is_an_error() {
    let scene = scene();
    let run = scene.pipe("own --allow docker-socket").with("DOCKER_HOST", "ssh://far");
    let ended = run.ended();
    assert_eq!(ended.status, Some(2), "{ended:?}");
    let expected = "the grant `docker-socket` needs an engine with a socket on this machine, and the \
                    address of the engine is `ssh://far`";
    assert!(ended.stdout.contains(expected), "{ended:?}");
    assert!(
        ended.stdout.contains("hint: set DOCKER_HOST, or run `docker context use`"),
        "{ended:?}"
    );
    assert!(!scene.docker().calls().iter().any(|call| call[0] == "run"));
}

#[test]
fn the_group_of_the_socket_is_the_one_that_the_container_sees() {
    for (options, expected) in [("[name=rootless name=cgroupns]", Some(0)), ("[name=userns]", None)]
    {
        let scene = scene();
        let socket = other_socket(&scene);
        scene.docker().on(&["info", "SecurityOptions"]).stdout(&format!("{options}\n"));
        let run = scene.pipe("own --allow docker-socket");
        let ended = run.with("DOCKER_HOST", &format!("unix://{}", socket.display())).ended();
        match expected {
            Some(group) => assert_bound(&scene, &socket, group),
            None => {
                assert_eq!(ended.status, Some(2), "{ended:?}");
                assert!(ended.stdout.contains("it runs with `--userns-remap`"), "{ended:?}");
            }
        }
    }
}

//! Help, as a person reads it.

use snapbox::{assert_data_eq, file};

use crate::scene::Scene;

/// The help of each command, in a file of its own.
#[test]
fn each_command_explains_itself() {
    let scene = Scene::new();
    for command in [
        "init",
        "sync",
        "run-all",
        "run",
        "baseline",
        "list",
        "build",
        "bash",
        "trust",
        "why",
        "compare",
        "doctor",
        "update",
        "remove",
        "completions",
        "man",
    ] {
        let ended = scene.pipe(command).arg("--help").ended();
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{command}");
        let path = format!("{}/tests/cli/help/{command}.txt", env!("CARGO_MANIFEST_DIR"));
        assert_data_eq!(ended.stdout, snapbox::Data::read_from(path.as_ref(), None).raw());
    }
}

#[test]
fn cargo_pipe_explains_itself() {
    let scene = Scene::new();
    scene.pipe("-h").ends(0, file!["help/short.txt"].raw(), "");
    scene.pipe("--help").ends(0, file!["help/long.txt"].raw(), "");
    scene.pipe("help").ends(0, file!["help/long.txt"].raw(), "");
}

#[test]
fn without_a_command_the_help_is_an_error() {
    let scene = Scene::new();
    scene.pipe("").ends(2, "", file!["help/short.txt"].raw());
}

#[test]
fn the_version_is_the_package_s() {
    Scene::new().pipe("--version").ends(0, "cargo-pipe [VERSION]\n", "");
}

#[test]
fn a_manual_page_is_made_from_the_help() {
    let scene = Scene::new();
    let page = scene.pipe("man").ended();
    assert_eq!(page.status, Some(0));
    assert!(page.stdout.contains(".TH cargo-pipe 1"), "{}", page.stdout);
    let page = scene.pipe("man run-all").ended();
    assert!(page.stdout.contains(r"\-\-fail\-fast"), "{}", page.stdout);
    scene.pipe("man deploy").ends(2, "", "error: there is no manual page of `deploy`\n");
}

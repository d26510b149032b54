//! Checks of Rust code with the toolchain of this machine.

use std::fs;

use crate::engine::without_docker;
use crate::project::Project;
use crate::rust_project::{assert_reported, write_project};

tests!(
    bubblewrap,
    [
        the_tools_of_the_toolchain_report_what_they_say_by_hand,
        a_configuration_of_cargo_starts_nothing_outside_of_the_sandbox,
        a_toolchain_or_a_package_that_cannot_be_had_is_named
    ]
);

fn project() -> Project {
    write_project(without_docker(Project::scaffolded()).with("CARGO_PIPE_CACHE", "on"))
}

fn the_tools_of_the_toolchain_report_what_they_say_by_hand() {
    assert_reported(&project(), &["--engine", "venv"]);
}

/// Programs that the project names for cargo and rustup would run as the user.
fn a_configuration_of_cargo_starts_nothing_outside_of_the_sandbox() {
    let project = project();
    let mark = project.root.join("../started");
    let program = format!("#!/bin/sh\ntouch {}\nexec \"$@\"\n", mark.display());
    project.write("evil.sh", program);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(project.root.join("evil.sh"), mode).unwrap();
    project.write(
        ".cargo/config.toml",
        "[build]\nrustc = \"./evil.sh\"\nrustc-wrapper = \"./evil.sh\"\n[alias]\nclippy = \"run\"\n",
    );
    project.write("rust-toolchain.toml", "[toolchain]\npath = \"evil\"\n");
    for args in [&["list"][..], &["run", "clippy"], &["run", "cargo-test"], &["why", "clippy"]] {
        project.pipe(&[&["--engine", "venv"], args].concat());
    }
    assert!(!mark.exists());
}

fn a_toolchain_or_a_package_that_cannot_be_had_is_named() {
    let project = project();
    let clippy = ["--engine", "venv", "run", "clippy"];
    let settings = fs::read_to_string(project.root.join("pipe.toml")).unwrap();
    let release = settings.split("toolchain = ").nth(1).unwrap().lines().next().unwrap();
    project.write("pipe.toml", settings.replace(release, "\"1.0.9\""));
    let ended = project.pipe(&clippy);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("Rust 1.0.9 not found on this machine"), "{ended:?}");
    assert!(ended.stdout.contains("rustup toolchain install 1.0.9"), "{ended:?}");

    let line = format!("toolchain = {release}\n");
    project.write("pipe.toml", settings.replace(&line, ""));
    let ended = project.pipe(&clippy);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stdout.contains("the release of the Rust toolchain is not chosen"), "{ended:?}");

    project.write("pipe.toml", &settings);
    let lock = fs::read_to_string(project.root.join("Cargo.lock")).unwrap();
    let source = "registry+https://github.com/rust-lang/crates.io-index";
    project.write("Cargo.lock", lock.replace(source, "git+https://example.org/itoa#1"));
    let ended = project.pipe(&clippy);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stdout.contains("`itoa` comes from `git+https"), "{ended:?}");

    project.write("Cargo.lock", lock.replace("4a5f13b8", "00000000"));
    let ended = project.pipe(&clippy);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("itoa 1.0.15: its hash is 4a5f13b8"), "{ended:?}");
}

//! A Cargo workspace whose pipeline builds its own task runner first.
//!
//! The runner depends on a small crate of our name, which starts the published program. The rest is as
//! `init --xtask` writes it.

use std::fs;

use crate::gitlab_ci_local::{SOCKET, artifact, pipeline};
use crate::scene::{BROKEN, Scene, comparable, read, toolchain};

tests![a_task_runner_is_built_once_and_runs_the_other_job];

const MANIFEST: &str = r#"
[workspace]
resolver = "3"
exclude = ["ours"]

[patch.crates-io]
cargo-pipe-ci = { path = "ours" }
"#;

const LOCK: &str = r#"
version = 4

[[package]]
name = "cargo-pipe-ci"
version = "VERSION"

[[package]]
name = "xtask"
version = "0.0.0"
dependencies = ["cargo-pipe-ci"]
"#;

/// The crate that stands for ours.
const OURS: &str = r#"
[package]
name = "cargo-pipe-ci"
version = "VERSION"
edition = "2024"

[lib]
name = "cargo_pipe"
"#;

const LIBRARY: &str = r#"
/// Runs the command line of cargo pipe.
pub mod xtask {
    use std::ffi::OsString;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, ExitCode};

    pub fn pipe(args: impl Iterator<Item = OsString>) -> ExitCode {
        let published = std::fs::read_dir("/dist").unwrap().map(|entry| entry.unwrap().path());
        let mut programs = published.filter(|path| path.to_str().unwrap().ends_with("-linux"));
        let error = Command::new(programs.next().unwrap()).arg("pipe").args(args).exec();
        panic!("{error}")
    }
}
"#;

/// What the other workspace depends on, by the names that it knows.
fn scene() -> Scene {
    let scene = Scene::empty();
    let version = env!("CARGO_PKG_VERSION");
    for folder in ["ours/src", "src"] {
        fs::create_dir_all(scene.root.join(folder)).unwrap();
    }
    scene.write("Cargo.toml", MANIFEST);
    scene.write("Cargo.lock", &LOCK.replace("VERSION", version));
    scene.write("ours/Cargo.toml", &OURS.replace("VERSION", version));
    scene.write("ours/src/lib.rs", LIBRARY);
    scene.write("src/broken.py", BROKEN);
    scene.scaffolded(&["--ci", "gitlab", "--gitlab", "socket", "--xtask"])
}

fn a_task_runner_is_built_once_and_runs_the_other_job() {
    let scene = scene();
    let (_, host) = scene.on_the_host(&["run-all"]);
    let toolchain = format!("{}:/toolchain:ro", toolchain().display());
    let ended = pipeline(&scene, &[&SOCKET[..], &["--volume", &toolchain]].concat());
    assert_eq!(ended.status, Some(1), "{}", ended.output);
    assert!(ended.output.contains("PASS  cargo-pipe:xtask"), "{}", ended.output);
    let job = read(&artifact(&scene, "cargo-pipe", "cargo-pipe.json"));
    assert_eq!(comparable(&job), comparable(&host));
}

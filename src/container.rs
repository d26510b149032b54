//! Paths inside a check's container.
//!
//! The venv engine uses the same paths under bubblewrap, so that a command is the same in every
//! engine.

use crate::project::ProjectPath;

/// The snapshot of the project.
pub const APP: &str = "/app";
/// The working directory of a check that runs in this folder of the project.
#[must_use]
pub fn working_directory(folder: &ProjectPath) -> String {
    match folder.is_root() {
        true => APP.to_owned(),
        false => format!("{APP}/{folder}"),
    }
}

/// The folder of a config that comes from the project's config folder.
pub const CONFIG: &str = "/config";
/// The launcher and its workers.
pub const CONTROL: &str = "/pipe";
/// The command that starts the launcher.
pub const LAUNCH: [&str; 2] = ["python3", "/pipe/launcher.py"];
/// The virtual environment of the project's dependencies.
pub const PROJECT: &str = "/opt/project";
/// The virtual environment of the project's build system.
pub const BUILD: &str = "/opt/build";
/// The Rust toolchain.
pub const RUST: &str = "/opt/rust";
/// The packages of Rust, as a directory source of cargo.
pub const CRATES: &str = "/opt/crates";
/// The compiled packages of Rust, a target folder of cargo.
pub const TARGET: &str = "/opt/target";
/// The virtual environment in which the project is installed, made before each run.
pub const INSTALLED: &str = "/tmp/cargo-pipe-project";

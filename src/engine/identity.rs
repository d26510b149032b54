//! Identifies the engine that would be connected, without starting anything.
//!
//! The identity covers everything on this machine that can lead to another engine or other
//! environments: the choice, the variables that docker reads, docker's context and socket, and the
//! interpreters. Environments are remembered under it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{docker, endpoint, venv};
use crate::config::{Config, EngineChoice};
use crate::env_vars::EnvVars;
use crate::hash::{Hash, HashBuilder};
use crate::read::{self, SizeLimit};

/// The identity of the engine that this configuration chooses, with this content of the base lock.
#[must_use]
pub fn identify(config: &Config, variables: &EnvVars, base_lock: &[u8]) -> Hash {
    let choice = format!("{:?}", config.engine);
    let program = docker::program(config.engine, variables);
    let address = endpoint::address(variables).unwrap_or_default();
    let interpreters = match config.engine {
        EngineChoice::Docker | EngineChoice::Podman => Vec::new(),
        EngineChoice::Auto | EngineChoice::Venv => venv::interpreters(variables),
    };
    HashBuilder::new("engine")
        .with(choice)
        .with(identify_program(program, variables))
        .with(&address)
        .with(endpoint::read_context(variables))
        .with(identify_socket(&address))
        .with(base_lock)
        .with(&config.python.version)
        .with(variables.get("CI").unwrap_or_default())
        .with_all(interpreters.iter().map(|program| identify_file(program)))
        .hash()
}

/// The platform of the engine, if the engine is on this machine.
#[must_use]
pub fn local_platform(variables: &EnvVars) -> Option<String> {
    let address = endpoint::address(variables)?;
    let is_here = address.starts_with("unix://") && endpoint::read_context(variables).is_empty();
    is_here.then(venv::platform)
}

/// The file of a program on `PATH`. It does not depend on the rest of `PATH`, nor on the time of
/// the last change, which a new hard link to the file alters.
fn identify_program(program: &str, variables: &EnvVars) -> String {
    let Ok(path) = which::which_in(program, variables.get("PATH"), "/") else {
        return String::new();
    };
    let id = fs::metadata(&path).map(|it| format!("{} {} {}", it.dev(), it.ino(), it.mtime()));
    format!("{} {}", path.display(), id.unwrap_or_default())
}

/// Distinguishes a socket from one of the same name on another machine, or on this one after a
/// restart of its engine.
fn identify_socket(address: &str) -> String {
    match endpoint::socket_path(address).filter(|path| path.exists()) {
        Some(path) => identify_file(path),
        None => {
            let read =
                |path| read::read_file(Path::new(path), SizeLimit::Config).unwrap_or_default();
            let machine = ["/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/hostname"];
            String::from_utf8_lossy(&machine.map(read).concat()).into_owned()
        }
    }
}

/// Distinguishes a file from any other that had or will have its name.
fn identify_file(path: &Path) -> String {
    let id = fs::metadata(path).map(|it| {
        let times = [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()];
        format!("{} {} {} {times:?}", it.dev(), it.ino(), it.size())
    });
    format!("{} {}", path.display(), id.unwrap_or_default())
}

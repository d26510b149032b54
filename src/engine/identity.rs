//! Identifies the engine that would be connected, without starting anything.
//!
//! The identity covers everything on this machine that can lead to another engine or other
//! environments: the choice, the variables that docker reads, docker's context and socket, and the
//! interpreters. Environments are remembered under it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{docker, venv};
use crate::config::{Config, EngineChoice};
use crate::env_vars::EnvVars;
use crate::hash::{Hash, HashBuilder};
use crate::read::{self, SizeLimit};

/// The default address of docker.
const SOCKET: &str = "unix:///var/run/docker.sock";

/// The identity of the engine that this configuration chooses, with this content of the base lock.
#[must_use]
pub fn identify(config: &Config, variables: &EnvVars, base_lock: &[u8]) -> Hash {
    let choice = format!("{:?}", config.engine);
    let program = docker::program(config.engine, variables);
    let host = variables.get("DOCKER_HOST").unwrap_or(SOCKET);
    let interpreters = match config.engine {
        EngineChoice::Docker | EngineChoice::Podman => Vec::new(),
        EngineChoice::Auto | EngineChoice::Venv => venv::interpreters(variables),
    };
    HashBuilder::new("engine")
        .with(choice)
        .with(identify_program(program, variables))
        .with(host)
        .with(read_context(variables))
        .with(identify_socket(host))
        .with(base_lock)
        .with(&config.python.version)
        .with(variables.get("CI").unwrap_or_default())
        .with_all(interpreters.iter().map(|program| identify_file(program)))
        .hash()
}

/// The platform of the engine, if the engine is on this machine.
#[must_use]
pub fn local_platform(variables: &EnvVars) -> Option<String> {
    let host = variables.get("DOCKER_HOST").unwrap_or(SOCKET);
    let is_here = host.starts_with("unix://") && read_context(variables).is_empty();
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

/// The name of docker's current context, which is also that of its engine's own builder.
pub(super) fn context_name(variables: &EnvVars) -> String {
    let chosen = match variables.get("DOCKER_HOST") {
        // It has precedence over every context.
        Some(_) => None,
        None => config_folder(variables).and_then(|folder| chosen_context(&folder, variables)),
    };
    chosen.unwrap_or_else(|| "default".to_owned())
}

fn config_folder(variables: &EnvVars) -> Option<PathBuf> {
    let chosen = variables.get("DOCKER_CONFIG").map(PathBuf::from);
    chosen.or_else(|| Some(Path::new(variables.get("HOME")?).join(".docker")))
}

/// The context that a variable or docker's settings in this folder choose.
fn chosen_context(folder: &Path, variables: &EnvVars) -> Option<String> {
    if let Some(name) = variables.get("DOCKER_CONTEXT") {
        return Some(name.to_owned());
    }
    let settings = read::read_file(&folder.join("config.json"), SizeLimit::Config).ok()?;
    let settings: serde_json::Value = serde_json::from_slice(&settings).ok()?;
    settings["currentContext"].as_str().map(str::to_owned)
}

/// Docker's current context and the metadata of all contexts.
fn read_context(variables: &EnvVars) -> Vec<u8> {
    let Some(folder) = config_folder(variables) else {
        return Vec::new();
    };
    let Some(name) = chosen_context(&folder, variables) else {
        return Vec::new();
    };
    // A context's folder is named after a SHA-256 of its name, so all of them are read.
    let folders = fs::read_dir(folder.join("contexts/meta")).into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| {
        read::read_file(&entry.path().join("meta.json"), SizeLimit::Config).ok()
    };
    let mut metadata: Vec<Vec<u8>> = folders.filter_map(read).collect();
    metadata.sort();
    metadata.push(name.as_bytes().to_vec());
    metadata.concat()
}

/// Distinguishes a socket from one of the same name on another machine, or on this one after a
/// restart of its engine.
fn identify_socket(host: &str) -> String {
    match host.strip_prefix("unix://").map(Path::new).filter(|path| path.exists()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_builder_is_that_of_the_context_that_docker_uses() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".docker")).unwrap();
        fs::write(home.path().join(".docker/config.json"), r#"{"currentContext": "far"}"#).unwrap();
        let folder = home.path().to_str().unwrap();
        for (variable, value, expected) in [
            ("LANG", "C", "far"),
            ("DOCKER_CONTEXT", "near", "near"),
            ("DOCKER_HOST", "tcp://a:1", "default"),
            ("DOCKER_CONFIG", "/missing", "default"),
        ] {
            let variables = EnvVars::from([("HOME", folder), (variable, value)]);
            assert_eq!(context_name(&variables), expected, "{variable}");
        }
    }
}

//! Which engine would be connected, without asking it.
//!
//! Owns everything on this machine that can make it another engine with other environments: the
//! choice, the variables that docker reads, its context, the socket that it would answer on, and the
//! interpreters that there are. It must start nothing. What was found of environments is remembered
//! under it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{docker, venv};
use crate::config::load::EnvVars;
use crate::config::{Config, EngineChoice};
use crate::hash::{Hash, HashBuilder};

/// Where docker listens if nobody says anything else.
const SOCKET: &str = "unix:///var/run/docker.sock";

/// What tells the engine of this configuration, with this lock of its base, from any other.
#[must_use]
pub fn identify(config: &Config, variables: &EnvVars, base_lock: &Path) -> Hash {
    let choice = format!("{:?}", config.engine);
    let program = docker::program(config.engine, variables);
    let host = variables.get("DOCKER_HOST").unwrap_or(SOCKET);
    let interpreters = match config.engine {
        EngineChoice::Docker | EngineChoice::Podman => Vec::new(),
        EngineChoice::Auto | EngineChoice::Venv => venv::interpreters(variables),
    };
    HashBuilder::new("engine")
        .with(choice)
        .with(found(program, variables))
        .with(host)
        .with(context(variables))
        .with(socket(host))
        .with(fs::read(base_lock).unwrap_or_default())
        .with(&config.python.version)
        .with(variables.get("CI").unwrap_or_default())
        .with_all(interpreters.iter().map(|program| file(program)))
        .hash()
}

/// The platform of the engine that runs checks, if it is on this machine, as far as can be known
/// without asking it.
#[must_use]
pub fn local_platform(variables: &EnvVars) -> Option<String> {
    let host = variables.get("DOCKER_HOST").unwrap_or(SOCKET);
    let is_here = host.starts_with("unix://") && context(variables).is_empty();
    is_here.then(venv::platform)
}

/// The file of a program that is looked for as a shell does: another `PATH` that leads to it is
/// none of its own. Whoever links to it changes no more than the time of its last change.
fn found(program: &str, variables: &EnvVars) -> String {
    let Ok(path) = which::which_in(program, variables.get("PATH"), "/") else {
        return String::new();
    };
    let id = fs::metadata(&path).map(|it| format!("{} {} {}", it.dev(), it.ino(), it.mtime()));
    format!("{} {}", path.display(), id.unwrap_or_default())
}

/// The context that docker would use, with all that it says.
fn context(variables: &EnvVars) -> Vec<u8> {
    let folder = variables
        .get("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(variables.get("HOME")?).join(".docker")));
    let Some(folder) = folder else {
        return Vec::new();
    };
    let settings = fs::read(folder.join("config.json")).ok();
    let settings: Option<serde_json::Value> =
        settings.and_then(|text| serde_json::from_slice(&text).ok());
    let current = settings.as_ref().and_then(|it| it["currentContext"].as_str());
    let Some(name) = variables.get("DOCKER_CONTEXT").or(current) else {
        return Vec::new();
    };
    // Where each context is kept, its name is hashed by another function than ours.
    let kept = fs::read_dir(folder.join("contexts/meta")).into_iter().flatten().flatten();
    let mut said: Vec<Vec<u8>> =
        kept.filter_map(|entry| fs::read(entry.path().join("meta.json")).ok()).collect();
    said.sort();
    said.push(name.as_bytes().to_vec());
    said.concat()
}

/// What tells a socket from one of the same name on another machine, or on this one after its engine
/// was started anew.
fn socket(host: &str) -> String {
    match host.strip_prefix("unix://").map(Path::new).filter(|path| path.exists()) {
        Some(path) => file(path),
        None => {
            let read = |path| fs::read_to_string(path).unwrap_or_default();
            ["/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/hostname"].map(read).concat()
        }
    }
}

/// What tells a file from any other that had or will have its name.
fn file(path: &Path) -> String {
    let id = fs::metadata(path).map(|it| {
        let times = [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()];
        format!("{} {} {} {times:?}", it.dev(), it.ino(), it.size())
    });
    format!("{} {}", path.display(), id.unwrap_or_default())
}

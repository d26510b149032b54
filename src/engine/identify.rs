//! Which engine would be connected, without asking it.
//!
//! Owns everything on this machine that can make it another engine with other images: the choice,
//! the variables that docker reads, its context, the socket that it would answer on, and the
//! interpreters and the sandbox that would be found. It must start nothing. What was found of
//! environments is remembered under it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::config::load::Environment as Variables;
use crate::hash::{Hash, Recipe};

/// Where docker listens if nobody says anything else.
const SOCKET: &str = "unix:///var/run/docker.sock";

/// What tells the engine of this configuration, with this lock of its base, from any other.
#[must_use]
pub fn identify(config: &Config, variables: &Variables, base_lock: &Path) -> Hash {
    let choice = format!("{:?}", config.engine);
    let program = variables.get("CARGO_PIPE_DOCKER").unwrap_or("docker");
    let host = variables.get("DOCKER_HOST").unwrap_or(SOCKET);
    let recipe = Recipe::new("engine")
        .with(choice)
        .with(program)
        .with(host)
        .with(context(variables))
        .with(socket(host))
        .with(fs::read(base_lock).unwrap_or_default())
        .with(&config.python.version);
    let get = |name| variables.get(name).unwrap_or_default();
    let recipe = ["PATH", "PYENV_ROOT", "CI"].map(get).iter().fold(recipe, Recipe::with);
    let minor = format!("python{}", config.python.version);
    let on_path = |name: &str| -> Vec<PathBuf> {
        which::which_in_all(name, Some(get("PATH")), "/").map(Iterator::collect).unwrap_or_default()
    };
    let programs = [program, "bwrap", &minor, "python3"].map(on_path).concat();
    programs.iter().fold(recipe, |recipe, path| recipe.with(seen(path))).hash()
}

/// A file as far as it can be told from another one in its place without being read.
fn seen(path: &Path) -> String {
    match fs::metadata(path) {
        Ok(it) => {
            format!("{} {} {} {}.{}", it.dev(), it.ino(), it.len(), it.ctime(), it.ctime_nsec())
        }
        Err(_) => String::new(),
    }
}

/// The context that docker would use, with all that it says.
fn context(variables: &Variables) -> Vec<u8> {
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
    let metadata = host.strip_prefix("unix://").and_then(|path| fs::metadata(path).ok());
    match metadata {
        Some(it) => format!("{} {} {}.{}", it.dev(), it.ino(), it.ctime(), it.ctime_nsec()),
        None => {
            let read = |path| fs::read_to_string(path).unwrap_or_default();
            ["/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/hostname"].map(read).concat()
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_place_of_another_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("python3");
        let absent = seen(&path);
        fs::write(&path, "1").unwrap();
        let there = seen(&path);
        assert_eq!(there, seen(&path));
        fs::write(folder.path().join("other"), "1").unwrap();
        fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(absent != there && there != seen(&path));
    }
}

//! Whether this is still the machine on which an engine was chosen.
//!
//! Owns what a choice between engines depends on, as far as a look at files tells it: the settings,
//! the docker program and its socket, the interpreters and the sandbox that would be found. No
//! program is started. A cache that remembers an environment's identity under it needs no engine
//! for as long as nothing of that changes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Settings;
use crate::hash::{Hash, Recipe};

/// Where docker's socket is unless a variable says otherwise.
const SOCKET: &str = "/var/run/docker.sock";

/// What the choice and the identity of an engine depend on besides the blueprints. Equal witnesses
/// of one project have the same engine, unless a daemon was exchanged behind its socket.
#[must_use]
pub fn witness(settings: &Settings) -> Hash {
    let get = |name| settings.variables.get(name).unwrap_or_default();
    let mut recipe = Recipe::new("engine witness")
        .with(format!("{:?}", settings.choice))
        .with(settings.platform.as_deref().unwrap_or_default())
        .with(&settings.python);
    for name in ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "PATH", "PYENV_ROOT", "CI"] {
        recipe = recipe.with(get(name));
    }
    let socket = get("DOCKER_HOST").strip_prefix("unix://").unwrap_or(SOCKET).to_owned();
    let on_path = |name: &str| -> Vec<PathBuf> {
        which::which_in_all(name, Some(get("PATH")), "/").map(Iterator::collect).unwrap_or_default()
    };
    let minor = format!("python{}", settings.python);
    let programs = [settings.docker.as_str(), "bwrap", &minor, "python3"].map(on_path).concat();
    let files = programs.into_iter().chain([socket.into(), settings.base_lock.clone()]);
    files.fold(recipe, |recipe, file| recipe.with(seen(&file))).hash()
}

/// A file as far as it can be told from another one in its place without being read.
fn seen(path: &Path) -> String {
    let Ok(metadata) = fs::metadata(path) else {
        return format!("{} is not there", path.display());
    };
    let (device, inode) = (metadata.dev(), metadata.ino());
    let (changed, part) = (metadata.ctime(), metadata.ctime_nsec());
    format!("{} {device} {inode} {} {changed}.{part}", path.display(), metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_place_of_another_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let absent = seen(&path);
        fs::write(&path, "1").unwrap();
        let there = seen(&path);
        assert_eq!(there, seen(&path));
        fs::write(folder.path().join("other"), "1").unwrap();
        fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(absent != there && there != seen(&path));
    }
}

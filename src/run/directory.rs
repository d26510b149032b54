//! A run's own folder in the user's cache.
//!
//! Owns where it is, its random id, and the lock that tells other runs that its owner lives. A
//! folder whose lock nobody holds was left behind by a run that was killed; the next run sweeps it.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::config::load::Environment as Variables;
use crate::snapshot::SnapshotError;

/// Held by whoever creates or sweeps folders, for as long as that takes.
const GATE: &str = "lock";
/// Held by a run for as long as it lives, in its folder.
const LOCK: &str = "lock";

/// A run's own folder, gone when dropped.
#[derive(Debug)]
pub struct Directory {
    folder: TempDir,
    id: String,
    _lock: File,
}

impl Directory {
    /// Creates a folder for a run, and sweeps those of runs that were killed.
    ///
    /// # Errors
    ///
    /// When the user's cache cannot be written to.
    pub fn create(variables: &Variables) -> Result<Directory, SnapshotError> {
        let parent = runs(variables);
        let error = |path: &Path| {
            let path = path.to_owned();
            move |source| SnapshotError::Io { action: "create", path, source }
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&parent).map_err(error(&parent))?;
        // Canonical, because an engine resolves what it mounts.
        let parent = fs::canonicalize(&parent).map_err(error(&parent))?;
        let gate = File::create(parent.join(GATE)).map_err(error(&parent))?;
        gate.lock().map_err(error(&parent))?;
        sweep_below(&parent);
        let folder = tempfile::Builder::new()
            .prefix("")
            .rand_bytes(16)
            .tempdir_in(&parent)
            .map_err(error(&parent))?;
        let lock = File::create(folder.path().join(LOCK)).map_err(error(folder.path()))?;
        lock.lock().map_err(error(folder.path()))?;
        let id = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Directory { folder, id, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A random name that no other run has.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Our folder in the user's cache.
#[must_use]
fn cache(variables: &Variables) -> PathBuf {
    let below_home = |home: &str| Path::new(home).join(".cache/cargo-pipe");
    variables
        .get("CARGO_PIPE_CACHE_DIR")
        .map(PathBuf::from)
        .or_else(|| {
            variables.get("XDG_CACHE_HOME").map(|cache| Path::new(cache).join("cargo-pipe"))
        })
        .or_else(|| variables.get("HOME").map(below_home))
        .unwrap_or_else(|| std::env::temp_dir().join("cargo-pipe"))
}

fn runs(variables: &Variables) -> PathBuf {
    cache(variables).join("runs")
}

/// Removes the folders whose owners are gone. Called with the gate held, so that none of them is
/// just being created.
fn sweep_below(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        let held = match File::open(entry.path().join(LOCK)) {
            Ok(lock) => matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
            Err(_) => false,
        };
        if !held {
            // Another try is made by the next run.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_left_behind_is_swept_and_a_living_one_is_not() {
        let cache = tempfile::tempdir().unwrap();
        let path = cache.path().to_str().unwrap();
        let variables = Variables::from([("CARGO_PIPE_CACHE_DIR", path)]);
        let alive = Directory::create(&variables).unwrap();
        let dead = cache.path().join("runs/dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();

        let next = Directory::create(&variables).unwrap();
        assert!(alive.path().exists() && next.path().exists() && !dead.exists());
        assert_ne!(alive.id(), next.id());

        let path = alive.path().to_owned();
        drop(alive);
        assert!(!path.exists());
    }

    #[test]
    fn the_cache_is_where_the_variables_say() {
        let at = |variables: Variables| cache(&variables);
        assert_eq!(at([("HOME", "/h")].into()), Path::new("/h/.cache/cargo-pipe"));
        assert_eq!(
            at([("HOME", "/h"), ("XDG_CACHE_HOME", "/c")].into()),
            Path::new("/c/cargo-pipe")
        );
    }
}

//! A run's own folder in the user's cache.
//!
//! Owns where it is, its random id, and the lock that tells other runs that its owner lives. A
//! folder whose lock nobody holds was left behind by a run that was killed; the next run sweeps it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
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
    /// When `home`, which is the user's cache as a rule, cannot be written to.
    pub fn create(home: &Path) -> Result<Directory, SnapshotError> {
        let parent = home.join("runs");
        let error = |path: &Path| {
            let path = path.to_owned();
            move |source| SnapshotError::Io { action: "create", path, source }
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&parent).map_err(error(&parent))?;
        is_ours(&parent).map_err(error(&parent))?;
        mark(home).map_err(error(&parent))?;
        // Canonical, because an engine resolves what it mounts.
        let parent = fs::canonicalize(&parent).map_err(error(&parent))?;
        let gate = lock_file(&parent.join(GATE)).map_err(error(&parent))?;
        gate.lock().map_err(error(&parent))?;
        sweep_below(&parent);
        let folder = tempfile::Builder::new()
            .prefix("")
            .rand_bytes(16)
            .tempdir_in(&parent)
            .map_err(error(&parent))?;
        let lock = lock_file(&folder.path().join(LOCK)).map_err(error(folder.path()))?;
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

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next run.
        let _ = clear(self.folder.path());
    }
}

/// Our folder in the user's cache.
pub(crate) fn cache(variables: &Variables) -> PathBuf {
    // The XDG Base Directory Specification has relative paths ignored.
    let absolute = |name| variables.get(name).map(Path::new).filter(|path| path.is_absolute());
    variables
        .get("CARGO_PIPE_CACHE_DIR")
        .map(PathBuf::from)
        .or_else(|| absolute("XDG_CACHE_HOME").map(|cache| cache.join("cargo-pipe")))
        .or_else(|| absolute("HOME").map(|home| home.join(".cache/cargo-pipe")))
        .unwrap_or_else(|| {
            // Without a home it is where everybody can write, so it is for one user by name.
            let user = rustix::process::getuid().as_raw();
            std::env::temp_dir().join(format!("cargo-pipe-{user}"))
        })
}

/// Refuses a folder that somebody else put there for us.
fn is_ours(folder: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(folder)?;
    match metadata.is_dir() && metadata.uid() == rustix::process::getuid().as_raw() {
        true => Ok(()),
        false => Err(io::Error::other("it belongs to somebody else")),
    }
}

/// Says that a folder is a cache, to backups and to our own search for sources.
fn mark(cache: &Path) -> io::Result<()> {
    const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
        # This folder is a cache of cargo pipe, see https://bford.info/cachedir/\n";
    let tag = cache.join("CACHEDIR.TAG");
    if tag.exists() { Ok(()) } else { fs::write(tag, TAG) }
}

/// Opens a file to lock it, itself and not what a link leads to.
fn lock_file(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    File::options().write(true).create(true).truncate(false).custom_flags(flags).open(path)
}

/// Removes a folder, also where a check that could write has taken away the right to.
fn clear(folder: &Path) -> io::Result<()> {
    if fs::remove_dir_all(folder).is_ok() {
        return Ok(());
    }
    give_back_rights(folder)?;
    fs::remove_dir_all(folder)
}

fn give_back_rights(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            give_back_rights(&entry.path())?;
        }
    }
    Ok(())
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
            let _ = clear(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_left_behind_is_swept_and_a_living_one_is_not() {
        let cache = tempfile::tempdir().unwrap();
        let alive = Directory::create(cache.path()).unwrap();
        let dead = cache.path().join("runs/dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();

        let next = Directory::create(cache.path()).unwrap();
        assert!(alive.path().exists() && next.path().exists() && !dead.exists());
        assert_ne!(alive.id(), next.id());

        let path = alive.path().to_owned();
        drop(alive);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_nobody_may_enter_goes_all_the_same() {
        let cache = tempfile::tempdir().unwrap();
        let closed = cache.path().join("closed/inner");
        fs::create_dir_all(&closed).unwrap();
        fs::write(closed.join("file"), "").unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        clear(&cache.path().join("closed")).unwrap();
        assert!(!cache.path().join("closed").exists());
    }

    #[test]
    fn a_link_in_place_of_a_lock_is_not_followed() {
        let cache = tempfile::tempdir().unwrap();
        let link = cache.path().join("lock");
        std::os::unix::fs::symlink(cache.path().join("victim"), &link).unwrap();
        assert!(lock_file(&link).is_err());
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

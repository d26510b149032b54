//! A run's own folder in the user's cache.
//!
//! The folder has a random name and a lock that its run holds. A folder whose lock is free was left
//! behind by a run that was killed; the next run sweeps it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use tempfile::TempDir;

use crate::cache;
use crate::snapshot::SnapshotError;

/// The file that a run locks while it creates or sweeps folders.
const GATE: &str = "lock";
/// The file in its folder that a run locks for as long as it lives.
const LOCK: &str = "lock";

/// A run's own folder, removed when dropped.
#[derive(Debug)]
pub struct Directory {
    folder: TempDir,
    id: String,
    _lock: File,
}

impl Directory {
    /// Creates a folder for a run, and sweeps those of runs that were killed. Where the user's cache
    /// cannot be written to, it is among the temporary files.
    ///
    /// # Errors
    ///
    /// When neither can be written to.
    pub fn create(home: &Path) -> Result<Directory, SnapshotError> {
        let temporary = cache::temporary();
        Directory::below(home).or_else(|error| {
            // The error about the user's own folder is the more helpful one.
            if home == temporary { Err(error) } else { Directory::below(&temporary).or(Err(error)) }
        })
    }

    fn below(home: &Path) -> Result<Directory, SnapshotError> {
        let parent = home.join("runs");
        let error = |path: &Path| {
            let path = path.to_owned();
            move |source| SnapshotError::Io { action: "create", path, source: Arc::new(source) }
        };
        let parent = cache::create(home, "runs").map_err(error(&parent))?;
        // Canonical, because an engine resolves what it mounts.
        let parent = fs::canonicalize(&parent).map_err(error(&parent))?;
        spread(&parent);
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
        // A folder that cannot be removed now is swept by the next run.
        let _ = clear(self.folder.path());
    }
}

/// Asks the file system to spread the folders in this one over the disk.
///
/// ext4 puts new files where those of the previous run were just removed, and inspects each of these
/// places first (`recently_deleted` in its `ialloc.c`); with thousands of files that takes seconds.
#[cfg(target_os = "linux")]
fn spread(parent: &Path) {
    use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

    // A file system without this flag does not search either.
    let _ = File::open(parent).and_then(|folder| {
        let flags = ioctl_getflags(&folder)?;
        if !flags.contains(IFlags::TOPDIR) {
            ioctl_setflags(&folder, flags | IFlags::TOPDIR)?;
        }
        Ok(())
    });
}

#[cfg(not(target_os = "linux"))]
fn spread(_: &Path) {}

/// Opens a file to lock it, itself and not what a link leads to.
fn lock_file(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    File::options().write(true).create(true).truncate(false).custom_flags(flags).open(path)
}

/// Removes a folder, even if a check that could write has removed the permission to.
fn clear(folder: &Path) -> io::Result<()> {
    if remove(folder).is_ok() {
        return Ok(());
    }
    restore_permissions(folder)?;
    remove(folder)
}

/// Removes a folder, several of its folders at once.
fn remove(folder: &Path) -> io::Result<()> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.par_iter().try_for_each(|entry| {
        let is_folder = entry.file_type()?.is_dir();
        if is_folder { remove(&entry.path()) } else { fs::remove_file(entry.path()) }
    })?;
    fs::remove_dir(folder)
}

fn restore_permissions(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            restore_permissions(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes the folders whose runs have ended. The caller holds the gate, so none of them is being
/// created.
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
            // The next run tries again.
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

    #[cfg(target_os = "linux")]
    #[test]
    fn runs_are_spread_over_the_disk_where_that_can_be_asked_for() {
        use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

        let cache = tempfile::tempdir().unwrap();
        let run = Directory::create(cache.path()).unwrap();
        let runs = File::open(run.path().parent().unwrap()).unwrap();
        let flags = ioctl_getflags(&runs).unwrap_or_else(|_| IFlags::empty());
        let plain = File::open(cache.path()).unwrap();
        let can_be_asked = ioctl_setflags(&plain, IFlags::TOPDIR).is_ok();
        assert_eq!(flags.contains(IFlags::TOPDIR), can_be_asked);
    }

    #[test]
    fn a_folder_without_permissions_is_removed() {
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
}

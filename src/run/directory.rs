//! A run's own folder in the user's cache.
//!
//! Owns where it is, its random id, and the lock that tells other runs that its owner lives. A
//! folder whose lock nobody holds was left behind by a run that was killed; the next run sweeps it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use tempfile::TempDir;

use crate::cache;
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
    /// Creates a folder for a run, and sweeps those of runs that were killed. Where the user's cache
    /// cannot be written to, it is among the temporary files.
    ///
    /// # Errors
    ///
    /// When neither can be written to.
    pub fn create(home: &Path) -> Result<Directory, SnapshotError> {
        let temporary = cache::temporary();
        Directory::below(home).or_else(|error| {
            // What is said of the user's own folder helps more.
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
        // What cannot be removed now is swept by the next run.
        let _ = clear(self.folder.path());
    }
}

/// Asks for each folder in this one to have a place of its own on the disk.
///
/// ext4 puts new files where those of the run before have just been removed, and looks at each of
/// their places first (`recently_deleted` in its `ialloc.c`): thousands of files take seconds then.
#[cfg(target_os = "linux")]
fn spread(parent: &Path) {
    use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

    // Where there is no such flag, there is no such search.
    let _ = File::open(parent).and_then(|folder| {
        let flags = ioctl_getflags(&folder)?;
        match flags.contains(IFlags::TOPDIR) {
            true => Ok(()),
            false => Ok(ioctl_setflags(&folder, flags | IFlags::TOPDIR)?),
        }
    });
}

#[cfg(not(target_os = "linux"))]
fn spread(_: &Path) {}

/// Opens a file to lock it, itself and not what a link leads to.
fn lock_file(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    File::options().write(true).create(true).truncate(false).custom_flags(flags).open(path)
}

/// Removes a folder, also where a check that could write has taken away the right to.
fn clear(folder: &Path) -> io::Result<()> {
    if remove(folder).is_ok() {
        return Ok(());
    }
    give_back_rights(folder)?;
    remove(folder)
}

/// Removes a folder, several of its folders at once.
fn remove(folder: &Path) -> io::Result<()> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.par_iter().try_for_each(|entry| match entry.file_type()?.is_dir() {
        true => remove(&entry.path()),
        false => fs::remove_file(entry.path()),
    })?;
    fs::remove_dir(folder)
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
}

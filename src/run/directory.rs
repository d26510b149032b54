//! A run's own folder in the user's cache.
//!
//! The folder has a random name and a lock that its run holds. A folder whose lock is free was left
//! behind by a run that was killed; the next run sweeps it, except for a note that the run has started
//! something in an engine: `leftovers` removes that first.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::cache::{self, remove_folder};
use crate::engine::started;
use crate::snapshot::SnapshotError;

/// The file that a run locks while it creates or sweeps folders.
const GATE: &str = "lock";
/// The file in its folder that a run locks for as long as it lives.
const LOCK: &str = "lock";

/// The longest path of a folder in which jobs have their temporary files. The path of a socket has room
/// for 104 bytes, and Python's `multiprocessing` appends about 40.
const SHORT: usize = 60;

/// The size of a note that cannot be one.
const NOTE_LIMIT: u64 = 64 * 1024;
/// The age of a note that is given up: its engine was never reached again.
const OLD: Duration = Duration::from_secs(30 * 24 * 3600);

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

    /// Creates a second folder for a run whose own has too long a path for sockets; none if that path is
    /// short, or none can be created.
    pub(super) fn create_short(&self) -> Option<Directory> {
        if self.path().as_os_str().len() <= SHORT {
            return None;
        }
        let homes = [cache::temporary(), cache::temporary_in(Path::new("/tmp"))];
        homes.iter().find_map(|home| {
            let short = Directory::below(home).ok()?;
            (short.path().as_os_str().len() <= SHORT).then_some(short)
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
        let gate = cache::open_lock(&parent.join(GATE)).map_err(error(&parent))?;
        gate.lock().map_err(error(&parent))?;
        for dead in sweep_below(&parent) {
            // Its note is for the engine, and everything else is not needed any longer.
            let _ = clear_around_note(&dead.folder);
        }
        let folder = tempfile::Builder::new()
            .prefix("")
            .rand_bytes(16)
            .tempdir_in(&parent)
            .map_err(error(&parent))?;
        let lock = cache::open_lock(&folder.path().join(LOCK)).map_err(error(folder.path()))?;
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
        let has_note = self.folder.path().join(started::FILE).exists();
        self.folder.disable_cleanup(has_note);
        let folder = self.folder.path();
        // What cannot be removed now is swept by the next run.
        let _ = if has_note { clear_around_note(folder) } else { remove_folder(folder) };
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

/// Removes everything in a folder but its lock and its note.
fn clear_around_note(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if [LOCK, started::FILE].iter().any(|kept| entry.file_name() == *kept) {
            continue;
        }
        let is_folder = entry.file_type()?.is_dir();
        if is_folder { remove_folder(&entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}

/// A run that was killed after it had started something in an engine.
pub(super) struct DeadRun {
    folder: PathBuf,
    /// The run's id, as in the labels of its containers.
    pub(super) id: String,
    /// The engine, as the run's note identifies it.
    pub(super) engine: String,
    /// Held, so that no other run sweeps it at the same time.
    _lock: File,
}

impl DeadRun {
    /// Removes the folder of a run that has left nothing in its engine.
    pub(super) fn forget(self) {
        // The next run tries again.
        let _ = remove_folder(&self.folder);
    }
}

/// Sweeps the folders of killed runs, and returns those that have started something in an engine.
/// Where no other run is, this lists one folder and opens nothing.
pub(super) fn sweep(home: &Path) -> Vec<DeadRun> {
    let parent = home.join("runs");
    let Ok(entries) = fs::read_dir(&parent) else {
        return Vec::new();
    };
    let is_folder =
        |entry: fs::DirEntry| entry.file_type().is_ok_and(|file_type| file_type.is_dir());
    if !entries.flatten().any(is_folder) {
        return Vec::new();
    }
    // A run that creates its folder holds the gate only for a moment.
    match cache::open_lock(&parent.join(GATE)) {
        Ok(gate) if gate.try_lock().is_ok() => sweep_below(&parent),
        _ => Vec::new(),
    }
}

/// Removes the folders whose runs have ended, and returns those with a note. The caller holds the
/// gate, so none of them is being created.
fn sweep_below(parent: &Path) -> Vec<DeadRun> {
    let mut dead = Vec::new();
    let Ok(entries) = fs::read_dir(parent) else {
        return dead;
    };
    for entry in entries.flatten() {
        if !entry.file_type().is_ok_and(|file_type| file_type.is_dir()) {
            continue;
        }
        let folder = entry.path();
        let lock = File::open(folder.join(LOCK));
        if let Ok(lock) = &lock
            && matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
        {
            continue;
        }
        match (read_note(&folder), lock) {
            (Some(engine), Ok(lock)) => {
                let id = entry.file_name().to_string_lossy().into_owned();
                dead.push(DeadRun { folder, id, engine, _lock: lock });
            }
            // The next run tries again.
            _ => drop(remove_folder(&folder)),
        }
    }
    dead
}

/// The note of a run, unless it is old.
fn read_note(folder: &Path) -> Option<String> {
    let note = folder.join(started::FILE);
    let metadata = fs::symlink_metadata(&note).ok().filter(fs::Metadata::is_file)?;
    let age = SystemTime::now().duration_since(metadata.modified().ok()?).unwrap_or_default();
    (age < OLD && metadata.len() < NOTE_LIMIT).then(|| fs::read_to_string(&note).ok()).flatten()
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
    fn the_note_of_a_dead_run_outlives_its_folders_content() {
        let cache = tempfile::tempdir().unwrap();
        let run = Directory::create(cache.path()).unwrap();
        let (id, folder) = (run.id().to_owned(), run.path().to_owned());
        fs::create_dir(folder.join("app-0")).unwrap();
        started::write(&folder, "docker").unwrap();
        assert_eq!(sweep(cache.path()).len(), 0, "the run is alive");
        drop(run);
        assert!(folder.join(started::FILE).exists() && !folder.join("app-0").exists());

        drop(Directory::create(cache.path()).unwrap());
        let dead = sweep(cache.path()).pop().unwrap();
        assert_eq!((dead.id.as_str(), dead.engine.as_str()), (id.as_str(), "docker"));
        assert_eq!(sweep(cache.path()).len(), 0, "another run sweeps it");
        dead.forget();
        assert!(!folder.exists());
    }

    #[test]
    fn a_run_with_a_long_path_has_a_second_folder_with_a_short_one() {
        let cache = tempfile::tempdir_in("/tmp").unwrap();
        assert!(Directory::create(cache.path()).unwrap().create_short().is_none());
        let long = cache.path().join("x".repeat(100));
        fs::create_dir(&long).unwrap();
        let run = Directory::create(&long).unwrap();
        let short = run.create_short().unwrap();
        assert!(short.path().as_os_str().len() <= SHORT);
        let path = short.path().to_owned();
        drop(short);
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
}

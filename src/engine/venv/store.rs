//! Keeps virtual environments in the user's cache, shared by projects.
//!
//! Each key has one folder, which is created under another name and then renamed, so that it is
//! complete or missing. Its lock is held exclusively by a process that creates or removes it, and
//! shared by those that use it, so that many runs can start at once and no environment is removed
//! while it is in use. A file per project lists the environments that it refers to; unused ones are
//! removed after a while.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::super::EngineError;
use super::private_folder;
use crate::process::{Cancel, ProcessError};
use crate::snapshot::SnapshotError;

/// The time until an unused environment that no project refers to is removed.
const UNUSED: Duration = Duration::from_secs(14 * 24 * 3600);

/// The folder of all environments.
#[derive(Clone, Debug)]
pub(super) struct VenvStore {
    folder: PathBuf,
}

/// An environment that is not removed as long as this exists.
#[derive(Debug)]
pub(super) struct Held {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// Whether it existed before.
    pub(super) existed: bool,
    /// None for an environment in an image, which is never removed.
    _lock: Option<File>,
}

impl Held {
    /// An environment in the job's image, if it exists.
    pub(super) fn shipped(folder: PathBuf) -> Option<Held> {
        folder.is_dir().then_some(Held { folder, existed: true, _lock: None })
    }
}

/// The environments that a project refers to.
#[derive(Debug, Default, Serialize, Deserialize)]
struct References {
    /// The project's folder.
    root: PathBuf,
    /// The keys of each environment's parts, by its name.
    environments: BTreeMap<String, BTreeSet<String>>,
}

impl VenvStore {
    /// Opens the store in the user's cache.
    pub(super) fn open(cache: &Path) -> Result<VenvStore, EngineError> {
        let folder = private_folder::open(&cache.join("environments"))?;
        fs::create_dir_all(folder.join("projects"))
            .map_err(SnapshotError::io("create", &folder))?;
        Ok(VenvStore { folder })
    }

    /// Holds the environment of a key. If it is missing, `make` fills a new folder.
    pub(super) fn hold(
        &self,
        key: &str,
        cancel: &Cancel,
        make: impl FnOnce(&Path) -> Result<(), EngineError>,
    ) -> Result<Held, EngineError> {
        let folder = self.folder.join(key);
        let path = self.folder.join(format!("{key}.lock"));
        let open = || File::options().write(true).create(true).truncate(false).open(&path);
        let io = |action| SnapshotError::io(action, &path);
        let lock = open().map_err(io("open"))?;
        acquire(&lock, cancel, LockMode::Shared)?;
        if folder.is_dir() {
            // The time of the last use.
            let _ = lock.set_modified(SystemTime::now());
            return Ok(Held { folder, existed: true, _lock: Some(lock) });
        }
        lock.unlock().map_err(io("unlock"))?;
        acquire(&lock, cancel, LockMode::Exclusive)?;
        let existed = folder.is_dir();
        if !existed {
            self.sweep(key);
            let place = tempfile::Builder::new()
                .prefix(&format!("{key}."))
                .tempdir_in(&self.folder)
                .map_err(SnapshotError::io("create", &self.folder))?;
            make(place.path())?;
            let made = place.keep();
            fs::rename(&made, &folder).map_err(SnapshotError::io("rename", &made))?;
        }
        let _ = lock.set_modified(SystemTime::now());
        // The environment cannot be removed in between, because it was used just now.
        lock.unlock().map_err(io("unlock"))?;
        acquire(&lock, cancel, LockMode::Shared)?;
        match folder.is_dir() {
            true => Ok(Held { folder, existed, _lock: Some(lock) }),
            false => Err(EngineError::Store(format!(
                "`{}` was removed while it was in use",
                folder.display()
            ))),
        }
    }

    /// Removes the folders that killed processes left while they made this environment. Its lock is
    /// held exclusively.
    fn sweep(&self, key: &str) {
        let prefix = format!("{key}.");
        for entry in entries(&self.folder) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with(&prefix) && entry.is_dir() {
                // If this fails, the next run tries again.
                let _ = fs::remove_dir_all(entry);
            }
        }
    }

    /// Records that a project refers to these environments, each by its name, in place of the
    /// previous ones with these names.
    pub(super) fn refer(
        &self,
        project: &str,
        root: &Path,
        environments: BTreeMap<String, BTreeSet<String>>,
    ) -> Result<(), EngineError> {
        let _lock = self.references_lock()?;
        let mut references = self.references(project).unwrap_or_default();
        root.clone_into(&mut references.root);
        references.environments.extend(environments);
        let path = self.references_path(project);
        let text = serde_json::to_vec(&references)
            .map_err(|error| EngineError::Store(error.to_string()))?;
        let written = tempfile::NamedTempFile::new_in(&self.folder).and_then(|mut file| {
            io::Write::write_all(&mut file, &text)?;
            file.persist(&path).map_err(io::Error::from)
        });
        written.map_err(SnapshotError::io("write", &path))?;
        Ok(())
    }

    /// Removes the environments that no project refers to and that were not used for a while.
    pub(super) fn collect(&self) {
        let now = SystemTime::now();
        let is_old = |key: &str| {
            let lock = fs::metadata(self.folder.join(format!("{key}.lock")));
            let used =
                lock.and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            now.duration_since(used).is_ok_and(|age| age > UNUSED)
        };
        if let Ok(_lock) = self.references_lock() {
            self.remove_unreferenced(is_old);
        }
    }

    /// Removes a project's references and the environments that no other project refers to, and
    /// returns their keys.
    pub(super) fn forget(&self, project: &str) -> Result<Vec<String>, EngineError> {
        let _lock = self.references_lock()?;
        let own: BTreeSet<String> = self
            .references(project)
            .into_iter()
            .flat_map(|references| references.environments.into_values().flatten())
            .collect();
        let path = self.references_path(project);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(SnapshotError::io("remove", &path)(error).into());
            }
            _ => {}
        }
        Ok(self.remove_unreferenced(|key| own.contains(key)))
    }

    /// Removes the environments that no project refers to, and returns their keys.
    pub(super) fn remove_unused(&self) -> Result<Vec<String>, EngineError> {
        let _lock = self.references_lock()?;
        Ok(self.remove_unreferenced(|_| true))
    }

    /// Removes the environments that no project refers to and that `may_go`, unless they are in
    /// use.
    fn remove_unreferenced(&self, may_go: impl Fn(&str) -> bool) -> Vec<String> {
        let referenced = self.referenced();
        let mut removed = Vec::new();
        for folder in entries(&self.folder) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // The name of an unfinished folder starts with its key.
            let key = name.split('.').next().unwrap_or_default();
            if !folder.is_dir() || name == "projects" || referenced.contains(key) || !may_go(key) {
                continue;
            }
            let path = self.folder.join(format!("{key}.lock"));
            let Ok(lock) = File::options().write(true).create(true).truncate(false).open(&path)
            else {
                continue;
            };
            if lock.try_lock().is_ok() && fs::remove_dir_all(&folder).is_ok() {
                removed.push(name);
            }
        }
        removed.sort();
        removed
    }

    /// The keys that existing projects refer to.
    fn referenced(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for note in entries(&self.folder.join("projects")) {
            let project = note.file_stem().and_then(OsStr::to_str).unwrap_or_default();
            match self.references(project) {
                Some(references) if references.root.is_dir() => {
                    keys.extend(references.environments.into_values().flatten());
                }
                // The project is gone.
                _ => drop(fs::remove_file(&note)),
            }
        }
        keys
    }

    fn references(&self, project: &str) -> Option<References> {
        serde_json::from_slice(&fs::read(self.references_path(project)).ok()?).ok()
    }

    fn references_lock(&self) -> Result<File, EngineError> {
        let path = self.folder.join("projects.lock");
        let lock = File::options().write(true).create(true).truncate(false).open(&path);
        let lock = lock.map_err(SnapshotError::io("open", &path))?;
        lock.lock().map_err(SnapshotError::io("lock", &path))?;
        Ok(lock)
    }

    fn references_path(&self, project: &str) -> PathBuf {
        self.folder.join("projects").join(format!("{project}.json"))
    }
}

/// The mode of a lock.
#[derive(Clone, Copy)]
enum LockMode {
    Shared,
    Exclusive,
}

/// Waits for a lock, unless the run stops.
fn acquire(lock: &File, cancel: &Cancel, mode: LockMode) -> Result<(), EngineError> {
    let failed = |error| SnapshotError::io("lock", Path::new("environments"))(error);
    // A clone is the same open file, and so holds the same lock.
    let waiting = lock.try_clone().map_err(failed)?;
    let locked = cancel.unless_stopped(move || match mode {
        LockMode::Shared => waiting.lock_shared(),
        LockMode::Exclusive => waiting.lock(),
    });
    locked.ok_or(ProcessError::Stopped)?.map_err(failed)?;
    Ok(())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(folder: &Path) -> Result<(), EngineError> {
        fs::write(folder.join("made"), "").map_err(SnapshotError::io("write", folder))?;
        Ok(())
    }

    fn never(_: &Path) -> Result<(), EngineError> {
        panic!("the environment exists already")
    }

    fn keys(keys: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        BTreeMap::from([("ruff".to_owned(), keys)])
    }

    #[test]
    fn an_environment_is_made_once_and_a_failed_one_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let store = VenvStore::open(cache.path()).unwrap();
        let cancel = Cancel::default();
        let failed = store.hold("a", &cancel, |folder| {
            made(folder)?;
            Err(EngineError::Store("no".to_owned()))
        });
        assert!(failed.is_err() && !store.folder.join("a").exists());
        assert_eq!(entries(&store.folder).iter().filter(|path| path.is_dir()).count(), 1);
        assert!(!store.hold("a", &cancel, made).unwrap().existed);
        assert!(store.hold("a", &cancel, never).unwrap().existed);
    }

    #[test]
    fn many_at_once_make_an_environment_once() {
        let cache = tempfile::tempdir().unwrap();
        let store = VenvStore::open(cache.path()).unwrap();
        let times = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    let make = |folder: &Path| {
                        times.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        made(folder)
                    };
                    assert!(store.hold("a", &Cancel::default(), make).is_ok());
                });
            }
        });
        assert_eq!(times.into_inner(), 1);
    }

    #[test]
    fn an_unfinished_folder_is_removed_and_made_again() {
        let cache = tempfile::tempdir().unwrap();
        let store = VenvStore::open(cache.path()).unwrap();
        fs::create_dir(store.folder.join("a.half")).unwrap();
        let held = store.hold("a", &Cancel::default(), made).unwrap();
        assert!(held.folder.join("made").exists() && !store.folder.join("a.half").exists());
    }

    #[test]
    fn only_unreferenced_and_unused_environments_are_removed() {
        let cache = tempfile::tempdir().unwrap();
        let store = VenvStore::open(cache.path()).unwrap();
        let cancel = Cancel::default();
        for key in ["a", "b", "c"] {
            store.hold(key, &cancel, made).unwrap();
        }
        let root = cache.path();
        store.refer("me", root, keys(&["a", "b", "c"])).unwrap();
        store.refer("you", root, keys(&["b"])).unwrap();
        store.refer("gone", Path::new("/no/such/project"), keys(&["a"])).unwrap();
        let in_use = store.hold("c", &cancel, never).unwrap();
        assert_eq!(store.forget("me").unwrap(), ["a"]);
        assert!(in_use.folder.is_dir() && store.folder.join("b").is_dir());
        // It was used just now.
        store.collect();
        assert!(store.folder.join("c").is_dir());
        drop(in_use);
        let long_ago = SystemTime::now() - 2 * UNUSED;
        for key in ["b", "c"] {
            let lock = File::options().write(true).open(store.folder.join(format!("{key}.lock")));
            lock.unwrap().set_modified(long_ago).unwrap();
        }
        store.collect();
        assert!(store.folder.join("b").is_dir() && !store.folder.join("c").exists());
    }
}

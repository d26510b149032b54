//! Locks a cache entry while its outcome is computed.
//!
//! Two runs at the same time do not compute the same outcome twice: the second waits for the lock
//! and then finds the outcome. The system releases the lock of a process that has ended, however it
//! ended. The holder of a lock never waits for another one, so a deadlock is impossible.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{Key, ResultCache, create, open_lock};
use crate::process::{Cancel, Wake};

/// The folder of the locks.
const LOCKS: &str = "reservations";

/// The right to be the only process that computes an outcome; released when dropped.
#[derive(Debug)]
pub struct EntryLock {
    path: PathBuf,
    _lock: File,
}

/// The result of trying to become the only process that computes an outcome.
#[derive(Debug)]
pub enum LockResult {
    /// No other process held the lock.
    Acquired(EntryLock),
    /// Another process held it and has finished; its result may be in the cache by now.
    AcquiredAfterWait(EntryLock),
    /// Not locked: the cache is not in use, or the wait took too long. Compute without it.
    Unavailable,
}

impl ResultCache {
    /// Waits until no other process computes the outcome under a key, for `limit` at most.
    #[must_use]
    pub fn lock_entry(&self, key: &Key, limit: Duration, cancel: &Cancel) -> LockResult {
        if !(self.mode().keeps() && self.mode().replays()) {
            return LockResult::Unavailable;
        }
        let Ok(folder) = create(self.home(), LOCKS) else {
            return LockResult::Unavailable;
        };
        let path = folder.join(key.to_string());
        match attempt(&path, File::try_lock) {
            Attempt::Locked(lock) => LockResult::Acquired(lock),
            Attempt::Held | Attempt::Gone => wait(path, limit, cancel),
            Attempt::Impossible => LockResult::Unavailable,
        }
    }
}

/// Waits for a lock in a thread of its own, because such a wait cannot be interrupted.
fn wait(path: PathBuf, limit: Duration, cancel: &Cancel) -> LockResult {
    let (wake, wakes) = channel();
    let (locked, result) = channel();
    let _listening = cancel.listen(wake.clone());
    let waiting = std::thread::Builder::new().spawn(move || {
        loop {
            match attempt(&path, |file| file.lock().map_err(fs::TryLockError::Error)) {
                // If this fails, the caller has given up, and the lock is released.
                Attempt::Locked(lock) => drop(locked.send(lock)),
                Attempt::Gone => continue,
                Attempt::Held | Attempt::Impossible => {}
            }
            return wake.send(Wake::Exited);
        }
    });
    if waiting.is_err() {
        return LockResult::Unavailable;
    }
    match wakes.recv_timeout(limit) {
        Ok(Wake::Exited) => {
            result.try_recv().map_or(LockResult::Unavailable, LockResult::AcquiredAfterWait)
        }
        _ => LockResult::Unavailable,
    }
}

enum Attempt {
    Locked(EntryLock),
    Held,
    /// The file was removed between opening and locking it.
    Gone,
    Impossible,
}

fn attempt(path: &Path, lock: impl Fn(&File) -> Result<(), fs::TryLockError>) -> Attempt {
    let Ok(file) = open_lock(path) else { return Attempt::Impossible };
    match lock(&file) {
        Ok(()) if is_still_at(&file, path) => {
            Attempt::Locked(EntryLock { path: path.to_owned(), _lock: file })
        }
        Ok(()) => Attempt::Gone,
        Err(fs::TryLockError::WouldBlock) => Attempt::Held,
        Err(fs::TryLockError::Error(_)) => Attempt::Impossible,
    }
}

/// Whether a path still leads to an open file, which its last owner removes.
fn is_still_at(file: &File, path: &Path) -> bool {
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (opened, named) = (file.metadata().map(id), fs::symlink_metadata(path).map(id));
    matches!((opened, named), (Ok(opened), Ok(named)) if opened == named)
}

impl Drop for EntryLock {
    fn drop(&mut self) {
        // Removed while the lock is held, so that no other process has locked a new file.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CacheMode;
    use crate::hash::Hash;

    const LONG: Duration = Duration::from_secs(60);

    fn store(home: &Path) -> ResultCache {
        ResultCache::new(home.to_owned(), CacheMode::On, 1 << 20)
    }

    fn key() -> Key {
        Key::from_fingerprint(&Hash::of(b"a fingerprint"))
    }

    #[test]
    fn the_second_waits_for_the_first() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
        let LockResult::Acquired(first) = store.lock_entry(&key(), LONG, &Cancel::default()) else {
            panic!("the lock is free");
        };
        let other = Key::from_fingerprint(&Hash::of(b"another one"));
        let other = store.lock_entry(&other, LONG, &Cancel::default());
        assert!(matches!(other, LockResult::Acquired(_)));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| store.lock_entry(&key(), LONG, &Cancel::default()));
            drop(first);
            // It was locked before or after the first lock was released.
            assert!(!matches!(second.join().unwrap(), LockResult::Unavailable));
        });
        assert_eq!(fs::read_dir(home.path().join(LOCKS)).unwrap().count(), 1);
    }

    #[test]
    fn a_wait_ends_with_the_run_and_with_its_time() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
        let first = store.lock_entry(&key(), LONG, &Cancel::default());
        let cancel = Cancel::default();
        cancel.interrupt();
        assert!(matches!(store.lock_entry(&key(), LONG, &cancel), LockResult::Unavailable));
        let short = Duration::from_millis(1);
        assert!(matches!(
            store.lock_entry(&key(), short, &Cancel::default()),
            LockResult::Unavailable
        ));
        // A wait that was given up does not block the next one.
        drop(first);
        assert!(!matches!(
            store.lock_entry(&key(), LONG, &Cancel::default()),
            LockResult::Unavailable
        ));
    }

    #[test]
    fn the_file_of_a_dead_owner_is_taken_over() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
        let folder = create(home.path(), LOCKS).unwrap();
        fs::write(folder.join(key().to_string()), "").unwrap();
        let result = store.lock_entry(&key(), LONG, &Cancel::default());
        assert!(matches!(result, LockResult::Acquired(_)));
    }
}

//! Who works on an outcome.
//!
//! Owns one lock for each key that somebody works on, so that two runs at once do not do the same
//! twice: the second waits and then finds the outcome. The system lets go of a lock whose owner is
//! gone, however it went. Whoever holds one waits for no other, so nobody waits for ever.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{Key, ResultCache, create};
use crate::process::{Cancel, Wake};

/// The folder of the locks.
const RESERVATIONS: &str = "reservations";

/// That nobody else works on an outcome; let go of when dropped.
#[derive(Debug)]
pub struct Reservation {
    path: PathBuf,
    _lock: File,
}

/// How a wait for a reservation ended.
#[derive(Debug)]
pub enum Reserved {
    /// It was free.
    AtOnce(Reservation),
    /// Somebody had it, who is done: what they made of it may be there.
    AfterAWait(Reservation),
    /// There is none to be had: nobody keeps outcomes here, or the other one takes too long.
    Not,
}

impl ResultCache {
    /// Waits until nobody else works on the outcome under a key, but no longer than `limit`.
    #[must_use]
    pub fn reserve(&self, key: &Key, limit: Duration, cancel: &Cancel) -> Reserved {
        if !(self.mode().keeps() && self.mode().replays()) {
            return Reserved::Not;
        }
        let Ok(folder) = create(self.home(), RESERVATIONS) else {
            return Reserved::Not;
        };
        let path = folder.join(key.to_string());
        match attempt(&path, File::try_lock) {
            Attempt::Locked(reservation) => Reserved::AtOnce(reservation),
            Attempt::Held | Attempt::Gone => wait(path, limit, cancel),
            Attempt::Impossible => Reserved::Not,
        }
    }
}

/// Waits for a lock, in a thread of its own: nothing else ends such a wait before its end.
fn wait(path: PathBuf, limit: Duration, cancel: &Cancel) -> Reserved {
    let (wake, wakes) = channel();
    let (locked, lock) = channel();
    let _listening = cancel.listen(wake.clone());
    std::thread::spawn(move || {
        loop {
            match attempt(&path, |file| file.lock().map_err(fs::TryLockError::Error)) {
                // Nobody waits any more if this fails, and the lock is let go of.
                Attempt::Locked(reservation) => drop(locked.send(reservation)),
                Attempt::Gone => continue,
                Attempt::Held | Attempt::Impossible => {}
            }
            return wake.send(Wake::Exited);
        }
    });
    match wakes.recv_timeout(limit) {
        Ok(Wake::Exited) => lock.try_recv().map_or(Reserved::Not, Reserved::AfterAWait),
        _ => Reserved::Not,
    }
}

enum Attempt {
    Locked(Reservation),
    Held,
    /// The file was removed between its opening and its locking.
    Gone,
    Impossible,
}

fn attempt(path: &Path, lock: impl Fn(&File) -> Result<(), fs::TryLockError>) -> Attempt {
    let Ok(file) = File::options().write(true).create(true).truncate(false).open(path) else {
        return Attempt::Impossible;
    };
    match lock(&file) {
        Ok(()) if is_still_at(&file, path) => {
            Attempt::Locked(Reservation { path: path.to_owned(), _lock: file })
        }
        Ok(()) => Attempt::Gone,
        Err(fs::TryLockError::WouldBlock) => Attempt::Held,
        Err(fs::TryLockError::Error(_)) => Attempt::Impossible,
    }
}

/// Whether a path still leads to an open file: its last owner removes it.
fn is_still_at(file: &File, path: &Path) -> bool {
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (opened, named) = (file.metadata().map(id), fs::symlink_metadata(path).map(id));
    matches!((opened, named), (Ok(opened), Ok(named)) if opened == named)
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // While the lock is held, so that nobody else's file of that name is removed.
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
        Key::of(&Hash::of(b"a fingerprint"))
    }

    #[test]
    fn the_second_waits_for_the_first() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
        let Reserved::AtOnce(first) = store.reserve(&key(), LONG, &Cancel::default()) else {
            panic!("nobody else has it");
        };
        let other = Key::of(&Hash::of(b"another one"));
        let other = store.reserve(&other, LONG, &Cancel::default());
        assert!(matches!(other, Reserved::AtOnce(_)));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| store.reserve(&key(), LONG, &Cancel::default()));
            drop(first);
            // It was there before or after the first one let go.
            assert!(!matches!(second.join().unwrap(), Reserved::Not));
        });
        assert_eq!(fs::read_dir(home.path().join(RESERVATIONS)).unwrap().count(), 1);
    }

    #[test]
    fn a_wait_ends_with_the_run_and_with_its_time() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
        let first = store.reserve(&key(), LONG, &Cancel::default());
        let cancel = Cancel::default();
        cancel.interrupt();
        assert!(matches!(store.reserve(&key(), LONG, &cancel), Reserved::Not));
        let short = Duration::from_millis(1);
        assert!(matches!(store.reserve(&key(), short, &Cancel::default()), Reserved::Not));
        // Those who gave up leave nothing behind that keeps the next one out.
        drop(first);
        assert!(!matches!(store.reserve(&key(), LONG, &Cancel::default()), Reserved::Not));
    }

    #[test]
    fn what_a_dead_owner_left_is_taken_over() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
        let folder = create(home.path(), RESERVATIONS).unwrap();
        fs::write(folder.join(key().to_string()), "").unwrap();
        let reserved = store.reserve(&key(), LONG, &Cancel::default());
        assert!(matches!(reserved, Reserved::AtOnce(_)));
    }
}

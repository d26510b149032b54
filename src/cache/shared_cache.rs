//! A cache that several machines share, as the result cache sees it.

use super::Key;
use crate::hash::Hash;

/// A cache that several machines share. It costs time at most: whatever fails in it is a miss.
pub(crate) trait SharedCache: Send + Sync {
    /// The bytes of an entry, if they are to be believed.
    fn fetch(&self, key: &Key) -> Option<Vec<u8>>;

    /// Passes on the bytes of a new entry, if this machine may write.
    fn send(&self, key: &Key, fingerprint: Hash, bytes: Vec<u8>);

    /// Waits for entries that are being passed on, and returns warnings about what failed.
    fn finish(&self) -> Vec<String>;
}

//! What an outcome is kept under.
//!
//! Owns the one rule that makes replaying honest: the key covers the fingerprint, which covers
//! everything that a tool sees, and the code of cargo pipe itself, which turns what the tool says
//! into findings. It must not know what is kept. Keys name files of [`super::store`].

use std::fmt;

use crate::hash::{Hash, HashBuilder};

/// The hash of our own sources: an outcome is replayed by the code that made it.
pub(super) const CODE: &str = env!("PIPE_CODE");

/// What an outcome is kept under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Hash);

impl Key {
    /// The key of a fingerprint.
    #[must_use]
    pub fn of(fingerprint: &Hash) -> Key {
        Key(HashBuilder::new("cache")
            .with(env!("CARGO_PKG_VERSION"))
            .with(CODE)
            .with(fingerprint)
            .hash())
    }

    /// The key as the name of a file, below the folder that its first two digits name.
    #[must_use]
    pub fn path(&self) -> String {
        let name = self.to_string();
        format!("{}/{}", &name[..2], &name[2..])
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

//! The key of a cached outcome.
//!
//! The key covers the fingerprint, which covers everything that a tool sees, and the code of cargo
//! pipe itself, which turns a tool's output into findings.

use std::fmt;

use crate::hash::{Hash, HashBuilder};

/// The hash of our own sources: only the code that wrote an outcome may use it.
pub(super) const CODE: &str = env!("PIPE_CODE");

/// The key of a cached outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Hash);

impl Key {
    /// The key of a fingerprint.
    #[must_use]
    pub fn from_fingerprint(fingerprint: &Hash) -> Key {
        Key(HashBuilder::new("cache")
            .with(env!("CARGO_PKG_VERSION"))
            .with(CODE)
            .with(fingerprint)
            .hash())
    }

    /// The file of the key, in a folder named after its first two digits.
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

//! What environments were found to be when they were prepared.
//!
//! Owns one small file for each, so that a fingerprint can be computed without asking an engine.
//! What is remembered holds for this engine on this machine alone, and until the next time that an
//! engine is asked anyway. It must not know what the parts of an environment are.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cache::{create, entry, replace};
use crate::hash::Hash;

/// The folder of what is remembered.
const ENVIRONMENTS: &str = "environments";

/// What an environment was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The fingerprint's ingredient.
    pub hash: Hash,
    /// What its base holds.
    pub base: Hash,
    /// The exact version of the base's Python, if it says so.
    pub python: Option<String>,
    /// Operating system and processor, such as `linux/amd64`.
    pub platform: String,
}

/// What is remembered of the environment that is made from `makings`.
#[must_use]
pub fn recall(home: &Path, makings: &Hash) -> Option<Identity> {
    let bytes = fs::read(home.join(ENVIRONMENTS).join(makings.to_string())).ok()?;
    Some(entry::open(&makings.to_string(), &bytes)?.0)
}

/// Remembers what the environment is that is made from `makings`.
///
/// # Errors
///
/// When it cannot be written.
pub fn remember(home: &Path, makings: &Hash, identity: &Identity) -> io::Result<()> {
    if recall(home, makings).as_ref() == Some(identity) {
        return Ok(());
    }
    let path = create(home, ENVIRONMENTS)?.join(makings.to_string());
    replace(&path, &[&entry::seal(&makings.to_string(), identity)])
}

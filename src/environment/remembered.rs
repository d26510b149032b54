//! Remembers environments that an engine has prepared.
//!
//! Each environment has one small file in the cache folder, so that a fingerprint can be computed
//! without an engine. It holds for the same engine on the same machine only, and is corrected
//! whenever an engine prepares the environment again.

use std::fs;
use std::io;
use std::path::Path;

use super::resolved::ResolvedEnvironment;
use crate::cache::{create, entry, replace};
use crate::explanation::ResolvedBy;
use crate::hash::Hash;

/// The folder of the remembered environments.
const ENVIRONMENTS: &str = "environments";

/// Looks up the environment that was remembered under `key`.
#[must_use]
pub fn lookup(home: &Path, key: &Hash) -> Option<ResolvedEnvironment> {
    let bytes = fs::read(home.join(ENVIRONMENTS).join(key.to_string())).ok()?;
    Some(entry::open(&key.to_string(), &bytes)?.0)
}

/// Remembers an environment under `key`.
///
/// # Errors
///
/// When the file cannot be written.
pub fn remember(home: &Path, key: &Hash, environment: &ResolvedEnvironment) -> io::Result<()> {
    let remembered = ResolvedEnvironment { origin: ResolvedBy::Remembered, ..environment.clone() };
    if lookup(home, key).as_ref() == Some(&remembered) {
        return Ok(());
    }
    let path = create(home, ENVIRONMENTS)?.join(key.to_string());
    replace(&path, &[&entry::seal(&key.to_string(), &remembered)])
}

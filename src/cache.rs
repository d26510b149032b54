//! Everything that is kept between runs, in the user's cache folder.
//!
//! It holds the outcomes of checks and the memory of incremental tools ([`ResultCache`]), the
//! remembered environments ([`crate::environment::remembered`]), the inputs of the last runs
//! ([`last_run`]), the results of tests ([`TestJournal`]), the hashes of a project's files ([`index`])
//! and the folders of projects. The folders of current runs are there as well. All of it may be lost at any moment and
//! costs only time; a file that cannot be read counts as missing.

pub(crate) mod entry;
pub mod index;
mod key;
pub mod last_run;
mod lock;
mod memory;
mod planted;
pub(crate) mod project_folders;
mod stat;
mod store;
mod test_journal;

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::env_vars::CACHE_DIR;
use crate::env_vars::EnvVars;

pub use index::Index;
pub use key::Key;
pub use lock::{EntryLock, LockResult};
pub use memory::Memory;
pub use planted::refuse_planted;
pub use store::{CachedOutcome, OutcomeOrigin, ResultCache};
pub use test_journal::TestJournal;

/// The folder of cargo pipe in the user's cache.
#[must_use]
pub fn home(variables: &EnvVars) -> PathBuf {
    // The XDG Base Directory Specification says to ignore relative paths.
    let absolute = |name| variables.get(name).map(Path::new).filter(|path| path.is_absolute());
    variables
        .get(CACHE_DIR)
        .map(PathBuf::from)
        .or_else(|| absolute("XDG_CACHE_HOME").map(|cache| cache.join("cargo-pipe")))
        .or_else(|| absolute("HOME").map(|home| home.join(".cache/cargo-pipe")))
        .unwrap_or_else(temporary)
}

/// The fallback in the shared temporary folder, named after the user.
#[must_use]
pub fn temporary() -> PathBuf {
    temporary_in(&std::env::temp_dir())
}

/// The same in this folder of temporary files.
pub(crate) fn temporary_in(folder: &Path) -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    folder.join(format!("cargo-pipe-{user}"))
}

/// Creates a folder that only this user can access, below a folder that is marked as a cache.
///
/// # Errors
///
/// When it cannot be created, or another user owns it.
pub fn create(home: &Path, name: &str) -> io::Result<PathBuf> {
    let folder = home.join(name);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    if !is_ours(&folder) {
        return Err(io::Error::other("the folder belongs to another user"));
    }
    mark(home)?;
    Ok(folder)
}

/// Whether a folder belongs to this user or to root, and is not a link.
fn is_ours(folder: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(folder)
        .is_ok_and(|metadata| metadata.is_dir() && [user, 0].contains(&metadata.uid()))
}

/// Marks a folder as a cache, for backups and for our own search for sources.
fn mark(folder: &Path) -> io::Result<()> {
    const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
        # This folder is a cache of cargo pipe, see https://bford.info/cachedir/\n";
    let tag = folder.join("CACHEDIR.TAG");
    if tag.exists() { Ok(()) } else { fs::write(tag, TAG) }
}

/// Replaces a file atomically. A crash of the machine may leave it empty, which the seal detects.
pub(crate) fn replace(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    use std::io::Write;

    let folder = path.parent().unwrap_or(path);
    let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder)?;
    parts.iter().try_for_each(|part| file.write_all(part))?;
    file.persist(path)?;
    Ok(())
}

/// The prefix of files that are being written.
const PARTIAL: &str = ".partial-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_the_variables_say() {
        let at = |variables: EnvVars| home(&variables);
        assert_eq!(at([("HOME", "/h")].into()), Path::new("/h/.cache/cargo-pipe"));
        assert_eq!(
            at([("HOME", "/h"), ("XDG_CACHE_HOME", "/c")].into()),
            Path::new("/c/cargo-pipe")
        );
        assert_eq!(at([("HOME", "/h"), ("CARGO_PIPE_CACHE_DIR", "/d")].into()), Path::new("/d"));
    }
}

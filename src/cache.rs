//! What is kept between runs, in the user's cache.
//!
//! Owns where that is, and what is in it: outcomes of checks and what tools leave for their next runs
//! ([`ResultCache`]), what environments were found to be ([`memory`]), what the last runs of a project were
//! made from ([`journal`]) and the hashes of its files ([`index`]). The folders of runs under way are
//! there too. All of it can be lost at any moment and costs time only; a thing that cannot be read is
//! not there. It must not know how a check runs.

pub(crate) mod entry;
pub mod index;
mod key;
pub mod last_run;
mod lock;
mod stat;
mod state;
mod store;

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::config::load::EnvVars;
use crate::config::load::variables::CACHE_DIR;

pub use index::Index;
pub use key::Key;
pub use lock::{Reservation, Reserved};
pub use state::Memory;
pub use store::{CachedOutcome, OutcomeOrigin, ResultCache};

/// Our folder in the user's cache.
#[must_use]
pub fn home(variables: &EnvVars) -> PathBuf {
    // The XDG Base Directory Specification has relative paths ignored.
    let absolute = |name| variables.get(name).map(Path::new).filter(|path| path.is_absolute());
    variables
        .get(CACHE_DIR)
        .map(PathBuf::from)
        .or_else(|| absolute("XDG_CACHE_HOME").map(|cache| cache.join("cargo-pipe")))
        .or_else(|| absolute("HOME").map(|home| home.join(".cache/cargo-pipe")))
        .unwrap_or_else(temporary)
}

/// Where everybody can write, so it is for one user by name.
#[must_use]
pub fn temporary() -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    std::env::temp_dir().join(format!("cargo-pipe-{user}"))
}

/// Creates a folder for this user alone, below a folder that says that it is a cache.
///
/// # Errors
///
/// When it cannot be created, or somebody else put one there for us.
pub fn create(home: &Path, name: &str) -> io::Result<PathBuf> {
    let folder = home.join(name);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    if !is_ours(&folder) {
        return Err(io::Error::other("it belongs to somebody else"));
    }
    mark(home)?;
    Ok(folder)
}

/// Whether a folder is this user's or the administrator's, and not a link that somebody left there.
fn is_ours(folder: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(folder)
        .is_ok_and(|metadata| metadata.is_dir() && [user, 0].contains(&metadata.uid()))
}

/// Says that a folder is a cache, to backups and to our own search for sources.
fn mark(folder: &Path) -> io::Result<()> {
    const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
        # This folder is a cache of cargo pipe, see https://bford.info/cachedir/\n";
    let tag = folder.join("CACHEDIR.TAG");
    if tag.exists() { Ok(()) } else { fs::write(tag, TAG) }
}

/// Puts a file in place, whole or not at all. A crash of the machine may leave it empty, which
/// whoever reads it notices.
pub(crate) fn replace(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    use std::io::Write;

    let folder = path.parent().unwrap_or(path);
    let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder)?;
    parts.iter().try_for_each(|part| file.write_all(part))?;
    file.persist(path)?;
    Ok(())
}

/// How the names of files begin that are being written.
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

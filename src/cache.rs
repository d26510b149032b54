//! Everything that is kept between runs, in the user's cache folder.
//!
//! It holds the outcomes of checks and the memory of incremental tools ([`ResultCache`]), which machines
//! can share through a remote cache, the
//! remembered environments ([`crate::environment::remembered`]), the inputs of the last runs
//! ([`last_run`]), the results of tests ([`TestJournal`]), the hashes of a project's files ([`index`])
//! and the folders of projects. The folders of current runs are there as well. All of it may be lost at
//! any moment and costs only time; a file that cannot be read counts as missing.

mod durations;
pub(crate) mod entry;
pub mod index;
mod key;
pub mod last_run;
mod lock;
mod memory;
mod planted;
pub(crate) mod project_folders;
#[cfg(feature = "remote")]
pub(crate) mod remote;
mod remove;
mod shared_cache;
mod stat;
mod store;
mod test_journal;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::env_vars::CACHE_DIR;
use crate::env_vars::EnvVars;

pub use durations::Durations;
pub use index::Index;
pub use key::Key;
pub use lock::{EntryLock, LockResult};
pub use memory::Memory;
pub use planted::refuse_planted;
#[cfg(feature = "remote")]
pub(crate) use remote::RemoteCache;
pub(crate) use remove::remove_folder;
pub(crate) use shared_cache::SharedCache;
pub(crate) use stat::Stat;
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
/// When it cannot be created, another user owns it, or it is a link, as is one of the folders in between.
pub fn create(home: &Path, name: &str) -> io::Result<PathBuf> {
    let mut folder = home.to_owned();
    for part in Path::new(name) {
        folder.push(part);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        if !is_ours(&folder) {
            return Err(io::Error::other("the folder is a link, or belongs to another user"));
        }
    }
    mark(home)?;
    Ok(folder)
}

/// The name of the folder with the copies of a project's files, which no check can have.
const SNAPSHOTS: &str = "Snapshots";

/// Creates the folder with the copies of a project's files.
///
/// # Errors
///
/// Those of [`create`].
pub(crate) fn create_snapshots(home: &Path, project: &str) -> io::Result<PathBuf> {
    last_run::create_below(home, project, SNAPSHOTS)
}

/// The copies of the files of all projects.
pub(crate) fn list_snapshots(home: &Path) -> Vec<PathBuf> {
    let folders = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let projects = folders(&last_run::all(home));
    projects.iter().flat_map(|project| folders(&project.join(SNAPSHOTS))).collect()
}

/// Opens a file to lock it: itself and not what a link leads to, and no pipe, which would wait for its
/// other end.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut options = File::options();
    options.write(true).create(true).truncate(false).custom_flags(flags.bits().cast_signed());
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("the lock is not a regular file"));
    }
    Ok(file)
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
    fn no_folder_is_created_behind_a_link() {
        let (home, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), home.path().join("projects")).unwrap();
        assert!(create(home.path(), "projects").is_err());
        assert!(create(home.path(), "projects/one").is_err());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        assert!(create(home.path(), "results").is_ok());
    }

    #[test]
    fn neither_a_link_nor_a_pipe_is_a_lock() {
        let home = tempfile::tempdir().unwrap();
        let (link, pipe) = (home.path().join("link"), home.path().join("pipe"));
        std::os::unix::fs::symlink(home.path().join("victim"), &link).unwrap();
        let mode = rustix::fs::Mode::from_bits_retain(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        assert!(open_lock(&link).is_err());
        assert!(open_lock(&pipe).is_err());
        assert!(open_lock(&home.path().join("lock")).is_ok());
    }

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

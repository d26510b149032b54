//! Opens the folder of environments so that only this user can have filled it.
//!
//! Environments are executed, and nothing in them proves what they were installed from: the lock has
//! hashes of archives, and each list of installed files lies next to the files. So the folder is
//! believed only if no other user can write to it.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::super::EngineError;
use crate::snapshot::SnapshotError;

/// The mode bits that let others write.
const OTHERS_WRITE: u32 = 0o022;

/// Creates a folder that only this user can access, or opens it. What lies in a folder that others
/// could write to is removed first.
pub(super) fn open(folder: &Path) -> Result<PathBuf, EngineError> {
    let failed = |action| SnapshotError::io(action, folder);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("create"))?;
    let real = folder.canonicalize().map_err(failed("open"))?;
    let metadata = real.metadata().map_err(failed("open"))?;
    let user = rustix::process::geteuid().as_raw();
    let others_write = metadata.mode() & OTHERS_WRITE != 0;
    if metadata.uid() == user {
        if others_write {
            empty(&real).map_err(failed("empty"))?;
        }
        return Ok(real);
    }
    if metadata.uid() == 0 && !others_write {
        return Ok(real);
    }
    Err(EngineError::ForeignEnvironments(real))
}

/// Removes the content of a folder and closes it to others. Of several runs, one does so.
fn empty(folder: &Path) -> io::Result<()> {
    let lock = File::open(folder)?;
    lock.lock()?;
    if folder.metadata()?.mode() & OTHERS_WRITE == 0 {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(folder: &Path) -> u32 {
        folder.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn a_new_folder_of_environments_is_closed_to_others() {
        let cache = tempfile::tempdir().unwrap();
        let folder = open(&cache.path().join("cargo-pipe/environments")).unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn environments_that_others_could_have_written_are_not_executed() {
        for (mode_before, stays) in [(0o755, true), (0o750, true), (0o775, false), (0o1777, false)]
        {
            let cache = tempfile::tempdir().unwrap();
            let folder = cache.path().join("environments");
            fs::create_dir_all(folder.join("key/bin")).unwrap();
            fs::write(folder.join("key.lock"), "").unwrap();
            fs::set_permissions(&folder, Permissions::from_mode(mode_before)).unwrap();
            let real = open(&folder).unwrap();
            assert_eq!(real.join("key/bin").exists(), stays, "{mode_before:o}");
            assert_eq!(mode(&real) & OTHERS_WRITE, 0, "{mode_before:o}");
        }
    }

    #[test]
    fn environments_of_another_user_are_not_executed() {
        if !rustix::process::geteuid().is_root() {
            return; // Only root can give a folder away.
        }
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().join("environments");
        fs::create_dir_all(folder.join("key/bin")).unwrap();
        std::os::unix::fs::chown(&folder, Some(12345), None).unwrap();
        let error = open(&folder).unwrap_err();
        assert!(error.to_string().contains("another user"), "{error}");
        assert!(error.hint().unwrap().contains("CARGO_PIPE_CACHE_DIR"));
    }
}

//! Removes folders with many files.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

/// Removes a folder, even if a check that could write has removed the permission to. In the place of a
/// link, only the link is removed.
///
/// # Errors
///
/// When something in it cannot be removed.
pub(crate) fn remove_folder(folder: &Path) -> io::Result<()> {
    if fs::symlink_metadata(folder)?.is_symlink() {
        return fs::remove_file(folder);
    }
    if remove(folder).is_ok() {
        return Ok(());
    }
    restore_permissions(folder)?;
    remove(folder)
}

/// Removes a folder, several of its folders at once. It goes level by level: the depth of a copy must not
/// decide how large the stack has to be.
fn remove(folder: &Path) -> io::Result<()> {
    let mut levels = vec![vec![folder.to_owned()]];
    while let Some(level) = levels.last().filter(|level| !level.is_empty()) {
        let below = level.par_iter().map(|folder| remove_files(folder));
        let below: Vec<Vec<PathBuf>> = below.collect::<io::Result<_>>()?;
        levels.push(below.concat());
    }
    levels.iter().rev().try_for_each(|level| level.par_iter().try_for_each(fs::remove_dir))
}

/// Removes the files in a folder, and returns the folders in it.
fn remove_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let (folders, files): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    files.par_iter().try_for_each(|entry| fs::remove_file(entry.path()))?;
    Ok(folders.iter().map(fs::DirEntry::path).collect())
}

fn restore_permissions(folder: &Path) -> io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_permissions_is_removed() {
        let cache = tempfile::tempdir().unwrap();
        let closed = cache.path().join("closed/inner");
        fs::create_dir_all(&closed).unwrap();
        fs::write(closed.join("file"), "").unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        remove_folder(&cache.path().join("closed")).unwrap();
        assert!(!cache.path().join("closed").exists());
    }

    #[test]
    fn nothing_is_removed_behind_a_link() {
        let (cache, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("file"), "").unwrap();
        let link = cache.path().join("link");
        std::os::unix::fs::symlink(outside.path(), &link).unwrap();
        remove_folder(&link).unwrap();
        assert!(outside.path().join("file").exists() && !link.is_symlink());
    }
}

//! Puts one file in its place, whole or not at all.
//!
//! Owns the promise that nothing is overwritten and nothing is written outside the project. Must
//! not decide which files there are.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::wanted::Wanted;
use super::{Action, ScaffoldError};
use crate::project::discover;
use crate::template::{Origin, origin};

/// What would become of a file.
pub(super) fn compare(root: &Path, file: &Wanted) -> Result<Action, ScaffoldError> {
    let path = file.path.on_disk(root);
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(found(&path, file));
    }
    discover::inside(root, &file.path)?;
    Ok(Action::Written)
}

/// Writes a file that is not there. One that appears meanwhile is left alone.
pub(super) fn write(root: &Path, file: &Wanted) -> Result<Action, ScaffoldError> {
    let path = file.path.on_disk(root);
    let folder = path.parent().unwrap_or(root);
    let disk = |doing, path: &Path| {
        let path = path.to_owned();
        move |error| ScaffoldError::Disk { doing, path, error }
    };
    // Looked at before folders are made, because those would be made behind a link as well.
    discover::inside(root, &file.path)?;
    fs::create_dir_all(folder).map_err(disk("create", folder))?;
    // Renaming within one folder is atomic; from elsewhere it may not even be possible.
    let mut temporary = tempfile::Builder::new()
        .prefix(".cargo-pipe-")
        .permissions(Permissions::from_mode(file.mode))
        .tempfile_in(folder)
        .map_err(disk("write in", folder))?;
    temporary.write_all(file.text.as_bytes()).map_err(disk("write", &path))?;
    match temporary.persist_noclobber(&path) {
        Ok(_) => Ok(Action::Written),
        Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => Ok(found(&path, file)),
        Err(failed) => Err(disk("write", &path)(failed.error)),
    }
}

fn found(path: &Path, file: &Wanted) -> Action {
    // Reading a pipe would wait for a writer.
    let regular = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    match regular.then(|| fs::read_to_string(path)) {
        Some(Ok(text)) if text == file.text || origin(&text) == Origin::Generated => {
            Action::Unchanged
        }
        _ => Action::Kept,
    }
}

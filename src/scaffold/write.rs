//! Puts one file in its place, whole or not at all.
//!
//! Owns the promise that no file is overwritten but in the state that it was read in, and nothing is
//! written outside the project. Must not decide which files there are.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::manifest::WantedFile;
use super::{FileAction, ScaffoldError};
use crate::project::discover;
use crate::template::{FileOrigin, origin};

/// What would become of a file.
pub(super) fn compare(root: &Path, file: &WantedFile) -> Result<FileAction, ScaffoldError> {
    let path = file.path.on_disk(root);
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(found(&path, file));
    }
    discover::inside(root, &file.path)?;
    Ok(FileAction::Written)
}

/// Writes a file that is not there. One that appears meanwhile is left alone.
pub(super) fn write(root: &Path, file: &WantedFile) -> Result<FileAction, ScaffoldError> {
    let path = file.path.on_disk(root);
    let folder = path.parent().unwrap_or(root);
    let disk = |doing, path: &Path| {
        let path = path.to_owned();
        move |error| ScaffoldError::Disk { doing, path, error }
    };
    // Lookup at before folders are made, because those would be made behind a link as well.
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
        Ok(_) => Ok(FileAction::Written),
        Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => Ok(found(&path, file)),
        Err(failed) => Err(disk("write", &path)(failed.error)),
    }
}

/// Puts a new text in a file's place, unless somebody else did meanwhile.
pub(super) fn replace(place: &Path, old: &str, new: &str) -> Result<(), ScaffoldError> {
    // A link inside the project stays one.
    let place = fs::canonicalize(place).map_err(ScaffoldError::disk("look at", place))?;
    let folder = place.parent().unwrap_or(&place);
    let permissions =
        fs::metadata(&place).map_err(ScaffoldError::disk("look at", &place))?.permissions();
    let mut temporary = tempfile::Builder::new()
        .prefix(".cargo-pipe-")
        .tempfile_in(folder)
        .map_err(ScaffoldError::disk("write in", folder))?;
    let written = temporary
        .write_all(new.as_bytes())
        .and_then(|()| temporary.as_file().set_permissions(permissions));
    written.map_err(ScaffoldError::disk("write", &place))?;
    let now = fs::read(&place).map_err(ScaffoldError::disk("read", &place))?;
    if now != old.as_bytes() {
        let error = std::io::Error::other("it changed meanwhile");
        return Err(ScaffoldError::disk("write", &place)(error));
    }
    temporary
        .persist(&place)
        .map_err(|failed| ScaffoldError::disk("write", &place)(failed.error))?;
    Ok(())
}

fn found(path: &Path, file: &WantedFile) -> FileAction {
    // Reading a pipe would wait for a writer.
    let regular = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    match regular.then(|| fs::read_to_string(path)) {
        Some(Ok(text)) if text == file.text || origin(&text) == FileOrigin::Generated => {
            FileAction::Unchanged
        }
        _ => FileAction::Kept,
    }
}

//! Writes one file atomically.
//!
//! No file is overwritten unless it still has the text that was read, and nothing is written outside the
//! project and its repository.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::required_files::RequiredFile;
use super::{FileAction, ScaffoldError};
use crate::discover;
use crate::read::{self, SizeLimit};
use crate::template::{FileOrigin, origin};

/// Compares a file on disk with the file that the project should have.
pub(super) fn compare(file: &RequiredFile) -> Result<FileAction, ScaffoldError> {
    let path = file.location.on_disk();
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(compare_text(&path, file));
    }
    discover::inside(file.location.base(), file.location.path())?;
    Ok(FileAction::Written)
}

/// Writes a missing file. If it has appeared in the meantime, it stays.
pub(super) fn write(file: &RequiredFile) -> Result<FileAction, ScaffoldError> {
    let path = file.location.on_disk();
    let folder = path.parent().unwrap_or(file.location.base());
    let disk = |doing, path: &Path| {
        let path = path.to_owned();
        move |error| ScaffoldError::Disk { doing, path, error }
    };
    // This check precedes the creation of folders, which would follow a link.
    discover::inside(file.location.base(), file.location.path())?;
    fs::create_dir_all(folder).map_err(disk("create", folder))?;
    // A rename within one folder is atomic; a rename from another file system is impossible.
    let mut temporary = tempfile::Builder::new()
        .prefix(".cargo-pipe-")
        .permissions(Permissions::from_mode(file.mode))
        .tempfile_in(folder)
        .map_err(disk("write in", folder))?;
    temporary.write_all(file.text.as_bytes()).map_err(disk("write", &path))?;
    match temporary.persist_noclobber(&path) {
        Ok(_) => Ok(FileAction::Written),
        Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => {
            Ok(compare_text(&path, file))
        }
        Err(failed) => Err(disk("write", &path)(failed.error)),
    }
}

/// Replaces the text of a file, unless it has changed in the meantime.
pub(super) fn replace(place: &Path, old: &str, new: &str) -> Result<(), ScaffoldError> {
    // A link inside the project stays a link.
    let place = fs::canonicalize(place).map_err(ScaffoldError::disk("inspect", place))?;
    let folder = place.parent().unwrap_or(&place);
    let permissions =
        fs::metadata(&place).map_err(ScaffoldError::disk("inspect", &place))?.permissions();
    let mut temporary = tempfile::Builder::new()
        .prefix(".cargo-pipe-")
        .tempfile_in(folder)
        .map_err(ScaffoldError::disk("write in", folder))?;
    let written = temporary
        .write_all(new.as_bytes())
        .and_then(|()| temporary.as_file().set_permissions(permissions));
    written.map_err(ScaffoldError::disk("write", &place))?;
    let now = read::read_file(&place, SizeLimit::Lock)
        .map_err(|error| ScaffoldError::disk("read", &place)(error.into()))?;
    if now != old.as_bytes() {
        let error = std::io::Error::other("the file has changed in the meantime");
        return Err(ScaffoldError::disk("write", &place)(error));
    }
    temporary
        .persist(&place)
        .map_err(|failed| ScaffoldError::disk("write", &place)(failed.error))?;
    Ok(())
}

fn compare_text(path: &Path, file: &RequiredFile) -> FileAction {
    // A link stays as it is, wherever it leads.
    let is_file = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    let content = is_file.then(|| read::read_file(path, SizeLimit::Lock)).and_then(Result::ok);
    match content.map(String::from_utf8) {
        Some(Ok(text)) if text == file.text || origin(&text) == FileOrigin::Generated => {
            FileAction::Unchanged
        }
        _ => FileAction::Kept,
    }
}

//! Replaces several files together: either all of them change, or none does.
//!
//! Every new file is written completely next to its target before the first one is renamed. If a rename
//! fails, the files that were already replaced are restored.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::ScaffoldError;
use crate::discover;
use crate::project::ProjectPath;
use crate::read::{self, ReadError, SizeLimit};

/// A new text for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileReplacement {
    pub(crate) path: ProjectPath,
    /// The present text; none if the file does not exist.
    pub(crate) before: Option<String>,
    /// The new text.
    pub(crate) after: String,
}

/// Prepares the replacement of a file.
pub(crate) fn replacement(
    root: &Path,
    path: ProjectPath,
    after: String,
) -> Result<FileReplacement, ScaffoldError> {
    let before = read_text(root, &path)?;
    Ok(FileReplacement { path, before, after })
}

/// Writes all of these files, or none of them.
pub(crate) fn replace_together(
    root: &Path,
    files: &[&FileReplacement],
) -> Result<(), ScaffoldError> {
    let mut staged: Vec<(PathBuf, NamedTempFile, &FileReplacement)> = Vec::new();
    for file in files {
        let place = discover::inside(root, &file.path)?;
        // A link inside the project stays a link.
        let place = fs::canonicalize(&place).unwrap_or(place);
        let folder = place.parent().unwrap_or(root).to_owned();
        fs::create_dir_all(&folder).map_err(ScaffoldError::disk("create", &folder))?;
        let permissions =
            fs::metadata(&place).map_or(Permissions::from_mode(0o644), |it| it.permissions());
        let mut temporary = tempfile::Builder::new()
            .prefix(".cargo-pipe-")
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(&folder)
            .map_err(ScaffoldError::disk("write in", &folder))?;
        let written = temporary.write_all(file.after.as_bytes()).and_then(|()| {
            if file.before.is_some() {
                temporary.as_file().set_permissions(permissions)
            } else {
                Ok(())
            }
        });
        written.map_err(ScaffoldError::disk("write", &place))?;
        staged.push((place, temporary, file));
    }
    for (place, _, file) in &staged {
        if read_text(root, &file.path)? != file.before {
            let error = io::Error::other("the file has changed in the meantime");
            return Err(ScaffoldError::disk("write", place)(error));
        }
    }
    let mut moved: Vec<(PathBuf, &FileReplacement)> = Vec::new();
    for (place, temporary, file) in staged {
        if let Err(failed) = temporary.persist(&place) {
            for (place, file) in moved {
                // A failure to restore is ignored, so that the first error is reported.
                let _ = match &file.before {
                    Some(text) => fs::write(&place, text),
                    None => fs::remove_file(&place),
                };
            }
            return Err(ScaffoldError::disk("write", &place)(failed.error));
        }
        moved.push((place, file));
    }
    Ok(())
}

/// Reads a text file of the project; none if it is missing.
pub(crate) fn read_text(root: &Path, path: &ProjectPath) -> Result<Option<String>, ScaffoldError> {
    match read::read_project_text(root, path, SizeLimit::Lock) {
        Ok(text) => Ok(Some(text)),
        Err(ReadError::Outside(outside)) => Err(outside.into()),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(ScaffoldError::disk("read", &path.on_disk(root))(error.into())),
    }
}

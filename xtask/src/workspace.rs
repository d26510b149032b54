//! Finds this repository, and reads and writes its files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The folder that cargo builds in, where tasks keep files between runs too.
///
/// # Errors
///
/// When cargo cannot read the workspace.
pub(crate) fn target() -> Result<PathBuf> {
    Ok(metadata()?.target_directory.into_std_path_buf())
}

/// The package at the root of the workspace, as its manifest describes it.
///
/// # Errors
///
/// When cargo cannot read the workspace.
pub(crate) fn package() -> Result<cargo_metadata::Package> {
    let metadata = metadata()?;
    let root = metadata.root_package().cloned();
    root.ok_or_else(|| Failure::new("the workspace has no package at its root"))
}

fn metadata() -> Result<cargo_metadata::Metadata> {
    cargo_metadata::MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .map_err(|error| Failure::new(error.to_string()))
}

/// The text of a file.
///
/// # Errors
///
/// When it cannot be read.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
}

/// Writes a file and the folders it needs.
///
/// # Errors
///
/// When one of them cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    fs::write(path, text).map_err(|error| Failure::file(path, &error))
}

/// Creates a folder and its parents.
///
/// # Errors
///
/// When one of them cannot be created.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| Failure::file(path, &error))
}

/// Removes a folder if it exists.
///
/// # Errors
///
/// When it exists and cannot be removed.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::file(path, &error))
        }
        _ => Ok(()),
    }
}

/// Every file below a folder, sorted, without hidden files and links.
///
/// # Errors
///
/// When a folder cannot be read.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| Failure::file(&folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Failure::file(&folder, &error))?;
            let kind = entry.file_type().map_err(|error| Failure::file(&entry.path(), &error))?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

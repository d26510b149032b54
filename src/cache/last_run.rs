//! Remembers the inputs of each check's last run, to explain what has changed since.
//!
//! Each check of a project has one small file, by the project's place on this machine.
//! [`crate::fingerprint::diff`] compares two of them. [`super::ResultCache`] keeps the lists of
//! files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{create, entry, remove_folder, replace};
use crate::check::StepId;
use crate::fingerprint::ingredients::Inputs;

/// The folder of all projects.
const PROJECTS: &str = "projects";

/// The inputs of a check's last run.
#[must_use]
pub fn lookup(home: &Path, project: &str, step: &StepId) -> Option<Inputs> {
    let bytes = fs::read(folder(home, project).join(step.to_file_name())).ok()?;
    Some(entry::open(PROJECTS, &bytes)?.0)
}

/// Remembers the inputs of a check's run.
///
/// # Errors
///
/// When the file cannot be written.
pub fn remember(home: &Path, project: &str, step: &StepId, inputs: &Inputs) -> io::Result<()> {
    if lookup(home, project, step).as_ref() == Some(inputs) {
        return Ok(());
    }
    let folder = create_folder(home, project)?;
    replace(&folder.join(step.to_file_name()), &[&entry::seal(PROJECTS, inputs)])
}

/// Forgets a project, and returns whether anything was remembered.
///
/// # Errors
///
/// When the folder cannot be removed.
pub fn forget(home: &Path, project: &str) -> io::Result<bool> {
    match remove_folder(&folder(home, project)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The folder with one folder for each project.
pub(crate) fn all(home: &Path) -> PathBuf {
    home.join(PROJECTS)
}

/// The folder of a project.
pub(super) fn folder(home: &Path, project: &str) -> PathBuf {
    home.join(PROJECTS).join(project)
}

pub(super) fn create_folder(home: &Path, project: &str) -> io::Result<PathBuf> {
    create(home, &format!("{PROJECTS}/{project}"))
}

/// Creates a folder in that of a project.
///
/// # Errors
///
/// Those of [`create`].
pub(crate) fn create_below(home: &Path, project: &str, name: &str) -> io::Result<PathBuf> {
    create(home, &format!("{PROJECTS}/{project}/{name}"))
}

//! What the last runs of a project were made from.
//!
//! Owns one small file for each check of a project, by the project's place on this machine, so that
//! it can be said what differs from the last time. It must not know how two of them are compared;
//! [`crate::fingerprint::diff`] does. The lists of files are kept by [`super::ResultCache`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{create, entry, replace};
use crate::check::StepId;
use crate::fingerprint::ingredients::Inputs;

/// The folder of all projects.
const PROJECTS: &str = "projects";

/// What the last run of a check was made from.
#[must_use]
pub fn last(home: &Path, project: &str, step: &StepId) -> Option<Inputs> {
    let bytes = fs::read(folder(home, project).join(step.to_file_name())).ok()?;
    Some(entry::open(PROJECTS, &bytes)?.0)
}

/// Notes what a run of a check was made from.
///
/// # Errors
///
/// When it cannot be written.
pub fn note(home: &Path, project: &str, step: &StepId, inputs: &Inputs) -> io::Result<()> {
    if last(home, project, step).as_ref() == Some(inputs) {
        return Ok(());
    }
    let folder = create_folder(home, project)?;
    replace(&folder.join(step.to_file_name()), &[&entry::seal(PROJECTS, inputs)])
}

/// Forgets a project, and says whether there was something to forget.
///
/// # Errors
///
/// When it cannot be removed.
pub fn forget(home: &Path, project: &str) -> io::Result<bool> {
    match fs::remove_dir_all(folder(home, project)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What is noted of a project.
pub(super) fn folder(home: &Path, project: &str) -> PathBuf {
    home.join(PROJECTS).join(project)
}

pub(super) fn create_folder(home: &Path, project: &str) -> io::Result<PathBuf> {
    create(home, &format!("{PROJECTS}/{project}"))
}

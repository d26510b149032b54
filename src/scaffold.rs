//! Writes the files that make a folder a project.
//!
//! Owns what `init` does: look at what is there, decide what is missing, write that. Must not print
//! or overwrite, and knows no template's text; those come from [`crate::template`]. What was done
//! is returned as data.

mod survey;
mod write;

pub use survey::{Survey, Wanted, survey, wanted};

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::ConfigError;
use crate::project::ProjectPath;
use crate::project::discover::OutsideError;

/// Whether files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are.
    Write,
    /// Nothing is; the changes say what would be.
    DryRun,
}

/// What became of one file, or would become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The file.
    pub path: ProjectPath,
    /// What became of it.
    pub action: Action,
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// It was not there and is written.
    Written,
    /// It is there and as we would write it.
    Unchanged,
    /// It is there, it is another one, and it stays.
    Kept,
}

/// Why a folder could not be made a project.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// The folder is a project already, and its configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file would end up outside the project.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// The disk refused something.
    #[error("cannot {doing} `{}`: {error}", .path.display())]
    Disk {
        /// What was to be done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it could not be.
        error: io::Error,
    },
}

impl ScaffoldError {
    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            ScaffoldError::Config(error) => error.hint.as_deref(),
            ScaffoldError::Outside(_) => Some("put the folder itself there instead of a link"),
            ScaffoldError::Disk { .. } => None,
        }
    }
}

/// Makes `folder` a project, and the folder itself if there is none. A project only gets the files
/// that it lacks; a file that exists is never touched.
///
/// Killed at any moment, each file is whole or absent, and the next call writes the rest.
///
/// # Errors
///
/// When its configuration is wrong, a file would end up outside, or the disk refuses something.
/// Nothing is written where that can be foreseen.
pub fn init(folder: &Path, mode: Mode) -> Result<Vec<Change>, ScaffoldError> {
    let survey = survey(folder)?;
    let wanted = wanted(&survey);
    let mut changes = Vec::new();
    for file in &wanted {
        changes.push(Change { path: file.path.clone(), action: write::compare(folder, file)? });
    }
    if mode == Mode::DryRun {
        return Ok(changes);
    }
    fs::create_dir_all(folder).map_err(|error| ScaffoldError::Disk {
        doing: "create",
        path: folder.to_owned(),
        error,
    })?;
    for (change, file) in changes.iter_mut().zip(&wanted) {
        if change.action == Action::Written {
            change.action = write::write(folder, file)?;
        }
    }
    Ok(changes)
}

//! Remembers the folders of projects by the projects' ids.
//!
//! An engine knows a project only by its id, which is a hash. With this record it can tell whether a
//! project that refers to an image still exists, and still has a lock for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{last_run, replace};

/// The name of the record in its project's folder, which no check can have.
const FOLDERS: &str = "Folders";

/// The folders of a project on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProjectFolders {
    /// The root.
    pub(crate) root: PathBuf,
    /// The folder of its locks.
    pub(crate) locks: PathBuf,
}

impl ProjectFolders {
    /// Whether the project has a lock of this name.
    pub(crate) fn has_lock(&self, name: &str) -> bool {
        self.locks.join(format!("{name}.txt")).is_file()
    }
}

/// The folders of the project with this id, if they were remembered on this machine.
pub(crate) fn lookup(home: &Path, project: &str) -> Option<ProjectFolders> {
    let bytes = fs::read(last_run::folder(home, project).join(FOLDERS)).ok()?;
    // Another version of cargo pipe has to understand it, so it is not sealed.
    serde_json::from_slice(&bytes).ok()
}

/// Remembers the folders of the project with this id.
///
/// # Errors
///
/// When the file cannot be written.
pub(crate) fn remember(home: &Path, project: &str, folders: &ProjectFolders) -> io::Result<()> {
    if lookup(home, project).as_ref() == Some(folders) {
        return Ok(());
    }
    let path = last_run::create_folder(home, project)?.join(FOLDERS);
    replace(&path, &[&serde_json::to_vec(folders)?])
}

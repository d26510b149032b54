//! The packages of a project that consists of several.

use crate::project::ProjectPath;

/// A part of a project with its own sources and configurations, in a folder of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder, in which its checks run.
    pub folder: ProjectPath,
    /// The packages that it imports; those among its declared dependencies if none are set.
    pub depends_on: Option<Vec<String>>,
}

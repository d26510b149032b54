//! The packages of a project that consists of several.

use super::DependencySettings;
use crate::project::ProjectPath;

/// The name of the CI job with the checks that run once, which no package can have.
pub const PROJECT_JOB: &str = "project";

/// The glob of everything in the folder of a package.
#[must_use]
pub(crate) fn below(folder: &ProjectPath) -> String {
    format!("{}/**", globset::escape(folder.as_str()))
}

/// A part of a project with its own sources and configurations, in a folder of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectPackage {
    /// Its name.
    pub name: String,
    /// Its folder, in which its checks run.
    pub folder: ProjectPath,
    /// The packages that it imports; those among its declared dependencies if none are set.
    pub depends_on: Option<Vec<String>>,
    /// Its own dependencies; none if it shares those of the project.
    pub dependencies: Option<DependencySettings>,
}

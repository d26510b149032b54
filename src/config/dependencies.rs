//! The dependencies that checks see: those of the project, or those of a package with its own.

use super::{Config, ProjectPackage};
use crate::project::ProjectPath;

/// The name of the lock of the project's dependencies, and the start of that of each package.
pub const PROJECT_LOCK: &str = "project";

/// The files that declare dependencies, and what is taken from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DependencySettings {
    /// The files that declare them; detected if none.
    pub requirements: Option<Vec<ProjectPath>>,
    /// The dependency groups to install; the default ones if none.
    pub groups: Option<Vec<String>>,
    /// The extras of the project to install.
    pub extras: Vec<String>,
}

/// Dependencies with a lock of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DependencySet<'a> {
    /// The package that they are of; none for those of the project.
    pub package: Option<&'a ProjectPackage>,
    /// Where they are declared.
    pub settings: &'a DependencySettings,
    /// All packages of the project, which are no dependencies from an index.
    pub packages: &'a [ProjectPackage],
}

impl DependencySet<'_> {
    /// The name of the lock: `project`, or `project.api` for the package `api`.
    #[must_use]
    pub fn lock(&self) -> String {
        match self.package {
            Some(package) => format!("{PROJECT_LOCK}.{}", package.name),
            None => PROJECT_LOCK.to_owned(),
        }
    }

    /// The folder in which they are declared.
    #[must_use]
    pub fn folder(&self) -> ProjectPath {
        self.package.map_or_else(ProjectPath::root, |package| package.folder.clone())
    }

    /// The table of `pipe.toml` with their settings.
    #[must_use]
    pub fn table(&self) -> String {
        match self.package {
            Some(package) => format!("[packages.{}]", package.name),
            None => "[python]".to_owned(),
        }
    }
}

impl Config {
    /// All dependencies with a lock: those of the project, and of each package with its own.
    #[must_use]
    pub fn dependency_sets(&self) -> Vec<DependencySet<'_>> {
        let packages = self.packages.as_slice();
        let settings = &self.python.dependencies;
        let of_project = DependencySet { package: None, settings, packages };
        let own = packages.iter().filter_map(|package| {
            let settings = package.dependencies.as_ref()?;
            Some(DependencySet { package: Some(package), settings, packages })
        });
        std::iter::once(of_project).chain(own).collect()
    }

    /// The dependencies that the checks of a package see, or those that belong to none.
    #[must_use]
    pub fn dependency_set(&self, package: Option<&str>) -> DependencySet<'_> {
        let mut sets = self.dependency_sets();
        let own =
            sets.iter().position(|set| set.package.is_some_and(|it| Some(&*it.name) == package));
        sets.swap_remove(own.unwrap_or_default())
    }
}

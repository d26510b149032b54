//! The place of a project in its repository, and the locations of files in both.
//!
//! A project can be a folder of a larger repository, but GitLab and GitHub read pipelines only at the
//! repository's root.

use std::fmt;
use std::path::{Path, PathBuf};

use super::ProjectPath;

/// A project's root, and the repository that contains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectPlacement {
    project: PathBuf,
    repository: PathBuf,
    folder: Option<ProjectPath>,
}

/// The location of a file in a project, or in the repository that contains it.
///
/// As text it is relative to the project: `../../.gitlab/pipe.yml`, for example.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileLocation {
    base: PathBuf,
    path: ProjectPath,
    /// Leads from the project to `base`: `../` for each folder between them.
    ascent: String,
}

impl ProjectPlacement {
    /// The place of a project at the root of its repository, or without one.
    #[must_use]
    pub fn at_root(project: &Path) -> Self {
        let project = project.to_owned();
        ProjectPlacement { repository: project.clone(), project, folder: None }
    }

    /// The place of a project in a folder of a repository.
    #[must_use]
    pub fn below(repository: &Path, folder: ProjectPath) -> Self {
        let project = folder.on_disk(repository);
        ProjectPlacement { project, repository: repository.to_owned(), folder: Some(folder) }
    }

    /// The repository's root; the project's own root without a repository.
    #[must_use]
    pub fn repository(&self) -> &Path {
        &self.repository
    }

    /// The project's path in its repository; none at the repository's root.
    #[must_use]
    pub fn folder(&self) -> Option<&ProjectPath> {
        self.folder.as_ref()
    }

    /// The same as text; empty at the repository's root.
    #[must_use]
    pub fn folder_text(&self) -> String {
        self.folder.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// The location of a file of the project.
    #[must_use]
    pub fn in_project(&self, path: ProjectPath) -> FileLocation {
        FileLocation { base: self.project.clone(), path, ascent: String::new() }
    }

    /// The location of a file of the repository.
    #[must_use]
    pub fn in_repository(&self, path: ProjectPath) -> FileLocation {
        let depth = self.folder.as_ref().map_or(0, |folder| folder.as_str().split('/').count());
        FileLocation { base: self.repository.clone(), path, ascent: "../".repeat(depth) }
    }
}

impl FileLocation {
    /// The root of the project or repository.
    #[must_use]
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// The path relative to [`FileLocation::base`].
    #[must_use]
    pub fn path(&self) -> &ProjectPath {
        &self.path
    }

    /// The absolute path on this machine.
    #[must_use]
    pub fn on_disk(&self) -> PathBuf {
        self.path.on_disk(&self.base)
    }
}

impl fmt::Display for FileLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.ascent, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ProjectPath {
        ProjectPath::new(text).unwrap()
    }

    #[test]
    fn a_file_of_the_repository_is_named_from_the_project() {
        let placement = ProjectPlacement::below(Path::new("/repository"), path("svc/api"));
        let own = placement.in_project(path(".gitlab-ci.yml"));
        let outer = placement.in_repository(path(".gitlab-ci.yml"));
        assert_eq!(own.to_string(), ".gitlab-ci.yml");
        assert_eq!(own.on_disk(), Path::new("/repository/svc/api/.gitlab-ci.yml"));
        assert_eq!(outer.to_string(), "../../.gitlab-ci.yml");
        assert_eq!(outer.on_disk(), Path::new("/repository/.gitlab-ci.yml"));
    }

    #[test]
    fn at_the_root_both_are_the_same() {
        let placement = ProjectPlacement::at_root(Path::new("/project"));
        assert_eq!(placement.in_project(path("a")), placement.in_repository(path("a")));
    }
}

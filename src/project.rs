//! A project's root, and the paths of its files.
//!
//! Everything except the code that reads and writes files refers to them by [`ProjectPath`].
//! [`crate::discover`] finds a project on disk.

mod placement;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

pub use placement::{FileLocation, ProjectPlacement};

/// A project: the folder that holds its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// The absolute, canonical path of the folder whose files are read.
    pub root: PathBuf,
    /// The absolute, canonical path of the folder that grants, containers and results belong to: the
    /// root, unless that is a checkout in the cache.
    pub identity: PathBuf,
    /// The file that configures it, if there is one.
    pub manifest: Option<Manifest>,
}

impl Project {
    /// The project in a folder.
    #[must_use]
    pub fn in_folder(root: PathBuf, manifest: Option<Manifest>) -> Project {
        Project { identity: root.clone(), root, manifest }
    }

    /// The identifier of the project's folder on this machine.
    #[must_use]
    pub fn id(&self) -> String {
        Hash::of(self.identity.as_os_str().as_encoded_bytes()).short()
    }

    /// The identifier of the folder whose files are read, for what is known of these files.
    #[must_use]
    pub fn files_id(&self) -> String {
        let id = self.id();
        if self.is_checkout() { format!("{id}/{CHECKOUT}") } else { id }
    }

    /// Whether the files are those of a checkout in the cache, and not of the folder that the user works
    /// in.
    #[must_use]
    pub fn is_checkout(&self) -> bool {
        self.root != self.identity
    }
}

/// The name of a checkout in the folder that the cache has for a project.
pub const CHECKOUT: &str = "checkout";

/// The file that configures a project.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Manifest {
    /// `pipe.toml` at the root.
    PipeToml,
    /// `[workspace.metadata.pipe]` in the root's `Cargo.toml`.
    CargoToml,
}

impl Manifest {
    /// The file's name, relative to the project's root.
    #[must_use]
    pub fn file_name(&self) -> &'static str {
        match self {
            Manifest::PipeToml => "pipe.toml",
            Manifest::CargoToml => "Cargo.toml",
        }
    }
}

/// A path inside a project: relative to its root, with `/`, without `.` or `..`.
///
/// The root itself is `.`. Ordered as the bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct ProjectPath(String);

/// Why a text is not a [`ProjectPath`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The path is empty.
    #[error("the path is empty")]
    Empty,
    /// The path starts at the root of the file system.
    #[error("`{0}` is absolute, but must be relative to the project")]
    Absolute(String),
    /// The path leaves the project.
    #[error("`{0}` is outside of the project")]
    Outside(String),
    /// The path has a control character, which tools print in different ways.
    #[error("`{}` contains a control character", .0.escape_debug())]
    Control(String),
}

impl ProjectPath {
    /// The project's root.
    #[must_use]
    pub fn root() -> Self {
        ProjectPath(".".to_owned())
    }

    /// Parses a path, and normalizes it: `./src/`, `src//pkg` and `src/../src` are accepted.
    ///
    /// # Errors
    ///
    /// When the path is empty, absolute, has a control character, or leaves the project.
    pub fn new(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.starts_with('/') {
            return Err(PathError::Absolute(text.to_owned()));
        }
        if text.chars().any(char::is_control) {
            return Err(PathError::Control(text.to_owned()));
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(|| PathError::Outside(text.to_owned()))?;
                }
                part => parts.push(part),
            }
        }
        if parts.is_empty() {
            return Ok(Self::root());
        }
        Ok(ProjectPath(parts.join("/")))
    }

    /// The path as text, `.` for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the project's root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0 == "."
    }

    /// The path of `name` inside this folder.
    ///
    /// # Errors
    ///
    /// As [`ProjectPath::new`].
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        Self::new(&format!("{}/{name}", self.0))
    }

    /// The path of a sibling in the same folder.
    #[must_use]
    pub fn beside(&self, name: &'static str) -> Self {
        ProjectPath(match self.0.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{name}"),
            None => name.to_owned(),
        })
    }

    /// The path of an entry in this folder by its name; none for an invalid name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<Self> {
        if name.contains('/')
            || name.chars().any(char::is_control)
            || matches!(name, "" | "." | "..")
        {
            return None;
        }
        Some(ProjectPath(if self.is_root() {
            name.to_owned()
        } else {
            [&self.0, "/", name].concat()
        }))
    }

    /// Whether this path is `folder` or lies below it.
    #[must_use]
    pub fn starts_with(&self, folder: &ProjectPath) -> bool {
        folder.is_root()
            || self.0 == folder.0
            || self.0.strip_prefix(&folder.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The folders above this path, without the root.
    pub(crate) fn folders_above(&self) -> impl Iterator<Item = ProjectPath> {
        self.0.match_indices('/').map(|(end, _)| ProjectPath(self.0[..end].to_owned()))
    }

    /// The path as seen from a folder that it is in.
    #[must_use]
    pub fn below(&self, folder: &ProjectPath) -> ProjectPath {
        if folder.is_root() {
            return self.clone();
        }
        match self.0.strip_prefix(&folder.0) {
            Some("") => ProjectPath::root(),
            Some(rest) => ProjectPath(rest.trim_start_matches('/').to_owned()),
            None => self.clone(),
        }
    }

    /// The last part, empty for the root.
    #[must_use]
    pub fn file_name(&self) -> &str {
        if self.is_root() { "" } else { self.0.rsplit('/').next().unwrap_or_default() }
    }

    /// The absolute path on this machine.
    #[must_use]
    pub fn on_disk(&self, root: &Path) -> PathBuf {
        if self.is_root() { root.to_owned() } else { root.join(&self.0) }
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for ProjectPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::new(&text)
    }
}

impl From<ProjectPath> for String {
    fn from(path: ProjectPath) -> String {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ProjectPath {
        ProjectPath::new(text).unwrap()
    }

    #[test]
    fn a_path_is_normalised() {
        assert_eq!(path("./src//pkg/").as_str(), "src/pkg");
        assert_eq!(path("src/../lib").as_str(), "lib");
        assert_eq!(path("src/..").as_str(), ".");
    }

    #[test]
    fn what_is_beside_a_path_is_in_its_folder() {
        assert_eq!(path("a/b").beside("c"), path("a/c"));
        assert_eq!(path("b").beside("c"), path("c"));
    }

    #[test]
    fn a_path_never_leaves_the_project() {
        assert_eq!(ProjectPath::new("../x"), Err(PathError::Outside("../x".into())));
        assert_eq!(ProjectPath::new("a/../../x"), Err(PathError::Outside("a/../../x".into())));
        assert_eq!(ProjectPath::new("/etc"), Err(PathError::Absolute("/etc".into())));
        assert_eq!(ProjectPath::new(""), Err(PathError::Empty));
        assert_eq!(ProjectPath::new("a\nb"), Err(PathError::Control("a\nb".into())));
    }

    #[test]
    fn a_folder_holds_what_is_below_it_and_nothing_that_only_looks_so() {
        assert!(path("src/a.py").starts_with(&path("src")));
        assert!(path("src").starts_with(&path("src")));
        assert!(!path("src2/a.py").starts_with(&path("src")));
        assert!(path("src").starts_with(&ProjectPath::root()));
    }
}

//! Discovery of the project that a folder belongs to.
//!
//! Also resolves paths on disk, and rejects those that leave the project through a link.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::config::{ConfigError, layer};
use crate::project::{Manifest, Project, ProjectPath, ProjectPlacement};
use crate::read::{self, ReadError, SizeLimit};

/// Why a path of a project cannot be used on disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutsideError {
    /// A link in the path leaves the project.
    #[error("`{path}` leaves the project through the link `{link}`")]
    LeadsOut {
        /// The path.
        path: ProjectPath,
        /// The part of it that is the link.
        link: ProjectPath,
    },
    /// A link in the path is broken.
    #[error("`{path}` contains the broken link `{link}`")]
    LeadsNowhere {
        /// The path.
        path: ProjectPath,
        /// The part of it that is the link.
        link: ProjectPath,
    },
    /// The path cannot be inspected.
    #[error("cannot inspect `{path}`: {error}")]
    Unreadable {
        /// The path.
        path: ProjectPath,
        /// Why not.
        error: io::Error,
    },
}

/// Finds the project that `folder` belongs to: the nearest folder, itself or above, with a `pipe.toml`
/// or a `Cargo.toml` that has `[workspace.metadata.pipe]`.
///
/// As with `git -C`, the search starts at the named folder, so that any folder of a project can be
/// named.
///
/// # Errors
///
/// When no project is found, the folder cannot be entered, or both files configure it.
pub fn find(folder: &Path) -> Result<Project, ConfigError> {
    let start = fs::canonicalize(folder)
        .map_err(|error| problem(folder, format!("cannot enter the folder: {error}")))?;
    for root in start.ancestors() {
        if let Some(manifest) = manifest(root)? {
            return Ok(Project::in_folder(root.to_owned(), Some(manifest)));
        }
    }
    Err(problem(&start, "`pipe.toml` not found in this folder or any folder above".to_owned())
        .with_hint("run `cargo pipe init` to set up a project in this folder"))
}

/// The absolute path of a folder, which may not exist yet, without links.
#[must_use]
pub fn absolute(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let existing = absolute.ancestors().find_map(|above| {
        Some((fs::canonicalize(above).ok()?, absolute.strip_prefix(above).ok()?))
    });
    match existing {
        Some((real, missing)) => real.components().chain(missing.components()).collect(),
        None => absolute,
    }
}

/// Finds the place of a project, whose root is absolute, in its repository. Nothing of git is started:
/// a repository is a folder with a `.git`, which is a file in a linked worktree.
#[must_use]
pub fn placement(root: &Path) -> ProjectPlacement {
    let repository = root.ancestors().find(|folder| folder.join(".git").exists());
    let below = repository.and_then(|repository| {
        let folder = root.strip_prefix(repository).ok()?.to_str()?;
        Some(ProjectPlacement::below(repository, ProjectPath::new(folder).ok()?))
    });
    below.unwrap_or_else(|| ProjectPlacement::at_root(root))
}

/// Finds the manifest in this folder, if there is one.
///
/// # Errors
///
/// When both files configure the project, or the `Cargo.toml` is not valid TOML.
pub fn manifest(root: &Path) -> Result<Option<Manifest>, ConfigError> {
    let has_pipe = root.join(Manifest::PipeToml.file_name()).is_file();
    if !root.join(Manifest::CargoToml.file_name()).is_file() {
        return Ok(has_pipe.then_some(Manifest::PipeToml));
    }
    let text = match read_manifest(root, &Manifest::CargoToml) {
        Ok(text) => text,
        // Cargo reports it.
        Err(_) if has_pipe => return Ok(Some(Manifest::PipeToml)),
        Err(error) => return Err(error),
    };
    match (has_pipe, layer::place_in_cargo_toml(&text)) {
        (true, Ok(Some(span))) => Err(ConfigError {
            origin: Manifest::CargoToml.file_name().to_owned(),
            text: Some(text),
            span: Some(span),
            message: "the project is configured here and in `pipe.toml`".to_owned(),
            hint: Some("remove one of the two".to_owned()),
        }),
        // Cargo reports other errors in a `Cargo.toml`.
        (true, _) => Ok(Some(Manifest::PipeToml)),
        (false, place) => Ok(place?.map(|_| Manifest::CargoToml)),
    }
}

/// The text of a manifest.
///
/// # Errors
///
/// When it cannot be read, or is not UTF-8.
pub(crate) fn read_manifest(root: &Path, manifest: &Manifest) -> Result<String, ConfigError> {
    let name = manifest.file_name();
    let failed = |message: String| ConfigError {
        origin: name.to_owned(),
        text: None,
        span: None,
        message,
        hint: None,
    };
    let path = ProjectPath::new(name).map_err(|error| failed(error.to_string()))?;
    read::read_project_text(root, &path, SizeLimit::Config).map_err(|error| {
        failed(match error {
            ReadError::NotUtf8 => "the file is not UTF-8".to_owned(),
            error => format!("cannot read the file: {error}"),
        })
    })
}

/// Checks that a path stays inside the project, and returns its place on disk.
///
/// Links inside the project are followed. The path may not exist yet.
///
/// # Errors
///
/// When a link in the path leaves the project, is broken, or cannot be followed.
pub fn inside(root: &Path, path: &ProjectPath) -> Result<PathBuf, OutsideError> {
    resolve(root, path).map(|_| path.on_disk(root))
}

/// Follows the links in a path, which must stay inside the project. Returns the real place on disk,
/// without any link; none if it does not exist.
///
/// # Errors
///
/// When a link in the path leaves the project, is broken, or cannot be followed.
pub fn resolve(root: &Path, path: &ProjectPath) -> Result<Option<PathBuf>, OutsideError> {
    let canonical_root = match fs::canonicalize(root) {
        Ok(real) => real,
        // Below a missing folder there are no links.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    let mut place = canonical_root.clone();
    let mut so_far = ProjectPath::root();
    for part in path.as_str().split('/').filter(|part| *part != ".") {
        so_far = so_far.join(part).map_err(|error| unreadable(path, io::Error::other(error)))?;
        let here = so_far.on_disk(root);
        let link = || so_far.clone();
        match fs::canonicalize(&here) {
            Ok(real) if real.starts_with(&canonical_root) => place = real,
            Ok(_) => {
                return Err(OutsideError::LeadsOut { path: path.clone(), link: link() });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if fs::symlink_metadata(&here).is_ok_and(|found| found.is_symlink()) {
                    return Err(OutsideError::LeadsNowhere { path: path.clone(), link: link() });
                }
                return Ok(None);
            }
            Err(error) => return Err(unreadable(path, error)),
        }
    }
    Ok(Some(place))
}

fn unreadable(path: &ProjectPath, error: io::Error) -> OutsideError {
    OutsideError::Unreadable { path: path.clone(), error }
}

fn problem(folder: &Path, message: String) -> ConfigError {
    ConfigError {
        origin: folder.display().to_string(),
        text: None,
        span: None,
        message,
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(text: &str) -> ProjectPath {
        ProjectPath::new(text).unwrap()
    }

    #[test]
    fn a_project_is_found_from_any_folder_of_it() {
        let root = folder();
        write(root.path(), "pipe.toml", "");
        write(root.path(), "src/package/__init__.py", "");
        let project = find(&root.path().join("src/package")).unwrap();
        assert_eq!(project.root, root.path().canonicalize().unwrap());
        assert_eq!(project.manifest, Some(Manifest::PipeToml));
    }

    #[test]
    fn the_manifest_of_a_member_is_passed_over_on_the_way_to_the_workspace() {
        let root = folder();
        write(root.path(), "Cargo.toml", "[workspace.metadata.pipe]");
        write(root.path(), "member/Cargo.toml", "[package]\nname = 'x'");
        let project = find(&root.path().join("member")).unwrap();
        assert_eq!(project.root, root.path().canonicalize().unwrap());
        assert_eq!(project.manifest, Some(Manifest::CargoToml));
    }

    #[test]
    fn without_a_project_the_way_to_one_is_named() {
        let root = folder();
        let error = find(root.path()).unwrap_err();
        assert!(error.hint.unwrap().contains("cargo pipe init"));
    }

    #[test]
    fn two_configurations_of_one_project_are_refused_with_both_places() {
        let root = folder();
        write(root.path(), "pipe.toml", "");
        write(root.path(), "Cargo.toml", "[workspace]\n[workspace.metadata.pipe]\njobs = 1\n");
        let error = find(root.path()).unwrap_err().to_string();
        assert_eq!(error, "Cargo.toml:2:1: the project is configured here and in `pipe.toml`");
    }

    #[test]
    fn a_broken_cargo_toml_is_no_hindrance_beside_a_pipe_toml() {
        let root = folder();
        write(root.path(), "pipe.toml", "");
        write(root.path(), "Cargo.toml", "[");
        assert!(find(root.path()).is_ok());
    }

    #[test]
    fn a_folder_that_does_not_exist_has_an_absolute_path() {
        let root = folder();
        let real = root.path().canonicalize().unwrap();
        symlink(&real, root.path().join("link")).unwrap();
        assert_eq!(absolute(&root.path().join("link")), real);
        assert_eq!(absolute(&root.path().join("link/a/b")), real.join("a/b"));
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert_eq!(absolute(Path::new("no/such/folder")), here.join("no/such/folder"));
    }

    #[test]
    fn the_place_of_a_project_is_below_the_nearest_repository() {
        let root = folder();
        write(root.path(), "svc/api/pipe.toml", "");
        let api = root.path().join("svc/api");
        assert_eq!(placement(&api), ProjectPlacement::at_root(&api));
        // In a linked worktree it is a file.
        write(root.path(), ".git", "gitdir: elsewhere");
        assert_eq!(placement(&api), ProjectPlacement::below(root.path(), path("svc/api")));
        assert_eq!(placement(root.path()), ProjectPlacement::at_root(root.path()));
        write(root.path(), "svc/.git/HEAD", "");
        assert_eq!(placement(&api), ProjectPlacement::below(&root.path().join("svc"), path("api")));
    }

    #[test]
    fn a_link_inside_the_project_may_be_used() {
        let root = folder();
        write(root.path(), "real/a.py", "");
        symlink("real", root.path().join("src")).unwrap();
        assert!(inside(root.path(), &path("src/a.py")).is_ok());
    }

    #[test]
    fn what_does_not_exist_yet_is_inside() {
        let root = folder();
        assert!(inside(root.path(), &path("src/later/a.py")).is_ok());
        assert!(inside(root.path(), &ProjectPath::root()).is_ok());
    }

    #[test]
    fn a_link_out_of_the_project_is_named() {
        let (root, other) = (folder(), folder());
        write(root.path(), "a/keep", "");
        symlink(other.path(), root.path().join("a/out")).unwrap();
        let error = inside(root.path(), &path("a/out/x/y")).unwrap_err();
        assert_eq!(error.to_string(), "`a/out/x/y` leaves the project through the link `a/out`");
    }

    #[test]
    fn a_link_that_leads_nowhere_is_refused_because_it_may_lead_out_later() {
        let root = folder();
        symlink("/nowhere/at/all", root.path().join("src")).unwrap();
        let error = inside(root.path(), &path("src")).unwrap_err();
        assert_eq!(error.to_string(), "`src` contains the broken link `src`");
    }

    #[test]
    fn links_in_a_circle_are_refused() {
        let root = folder();
        symlink("b", root.path().join("a")).unwrap();
        symlink("a", root.path().join("b")).unwrap();
        assert!(inside(root.path(), &path("a")).is_err());
    }
}

//! Finds the index that a git hook is about.
//!
//! `git commit -a`, `git commit FILE` and `git commit -p` make an index of their own, and name it to the
//! hook in `GIT_INDEX_FILE`. That variable may also come from the hook of another repository, so an
//! index counts only inside the git directory of the project's repository. `GIT_DIR` is not passed on:
//! git finds the directory from the work tree, and with the variable alone it would take any folder
//! for the root of the work tree.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::tracked_folder::git_folder;
use crate::discover;
use crate::env_vars::EnvVars;
use crate::read::{self, SizeLimit};

/// The variable with the index of a command of git.
const INDEX_FILE: &str = "GIT_INDEX_FILE";

/// The index of a repository, and the place of a project in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookIndex {
    /// The root of the work tree.
    pub(super) repository: PathBuf,
    /// The git directory of this work tree.
    pub(super) git: PathBuf,
    /// The index, with an absolute path. It may not exist.
    pub(super) file: PathBuf,
    /// The project's folder in the repository; empty at its root.
    pub(super) folder: String,
}

/// Why the index of a hook is unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookIndexError {
    /// The project is in no repository.
    #[error("`{}` is not in a git repository", .0.display())]
    NoRepository(PathBuf),
    /// The `.git` of a work tree cannot be followed.
    #[error("cannot find the git directory of `{}`: {source}", .repository.display())]
    NoGitDirectory {
        /// The root of the work tree.
        repository: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The index is neither in the repository nor in another one.
    #[error("the index `{}` is outside of the git directory `{}`", .index.display(), .git.display())]
    Outside {
        /// The index that `GIT_INDEX_FILE` names.
        index: PathBuf,
        /// The git directory.
        git: PathBuf,
    },
}

impl HookIndexError {
    /// Advice on the next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            HookIndexError::NoRepository(_) => {
                Some("`cargo pipe run-all` checks the files as they are".to_owned())
            }
            HookIndexError::NoGitDirectory { .. } => None,
            HookIndexError::Outside { .. } => Some(format!("unset `{INDEX_FILE}`")),
        }
    }
}

impl HookIndex {
    /// Finds the index for the project at `root`: that of the running hook, or else the repository's.
    ///
    /// # Errors
    ///
    /// When the project is in no repository, or the hook's index is in an unknown place.
    pub fn find(root: &Path, variables: &EnvVars) -> Result<HookIndex, HookIndexError> {
        let placement = discover::placement(root);
        let repository = placement.repository().to_owned();
        if repository.join(".git").symlink_metadata().is_err() {
            return Err(HookIndexError::NoRepository(root.to_owned()));
        }
        let git = git_folder(&repository).and_then(fs::canonicalize).map_err(|source| {
            HookIndexError::NoGitDirectory { repository: repository.clone(), source }
        })?;
        let file = match variables.get(INDEX_FILE) {
            Some(named) => choose_index(Path::new(named), &git)?,
            None => git.join("index"),
        };
        Ok(HookIndex { repository, git, file, folder: placement.folder_text() })
    }

    /// Whether a commit is made from the whole index. The index of `git commit FILE` is thrown away
    /// after the commit.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        [self.git.join("index"), self.git.join("index.lock")].contains(&self.file)
    }

    /// The project's folder in the repository; empty at its root.
    #[must_use]
    pub fn project_folder(&self) -> &str {
        &self.folder
    }

    /// The repository's own folder of hooks, which all of its work trees share.
    #[must_use]
    pub fn hooks_folder(&self) -> PathBuf {
        self.common().join("hooks")
    }

    /// The path in the repository of a file of the project.
    pub(super) fn in_repository(&self, path: &str) -> String {
        if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) }
    }

    /// The path in the project of a file of the repository.
    pub(super) fn in_project<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.folder.is_empty() {
            return Some(path);
        }
        path.strip_prefix(&self.folder)?.strip_prefix('/')
    }

    /// The directory that all work trees of the repository share.
    pub(super) fn common(&self) -> PathBuf {
        let text = read::read_file(&self.git.join("commondir"), SizeLimit::Config);
        match text.ok().and_then(|text| String::from_utf8(text).ok()) {
            Some(text) => {
                let common = self.git.join(text.trim_end_matches(['\r', '\n']));
                fs::canonicalize(&common).unwrap_or(common)
            }
            None => self.git.clone(),
        }
    }
}

/// The index that a variable names, if it belongs to this git directory, or else the directory's own.
fn choose_index(named: &Path, git: &Path) -> Result<PathBuf, HookIndexError> {
    // A relative path starts where the hook does.
    let absolute = discover::absolute(named);
    if absolute.parent() == Some(git) {
        return Ok(absolute);
    }
    let other = absolute.parent().unwrap_or(git);
    // The hook of another repository has started us.
    if other.join("HEAD").is_file() && other.join("objects").is_dir()
        || other.join("commondir").is_file()
    {
        return Ok(git.join("index"));
    }
    Err(HookIndexError::Outside { index: absolute, git: git.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(at: &Path) -> PathBuf {
        let git = at.join(".git");
        fs::create_dir_all(git.join("objects")).unwrap();
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        git.canonicalize().unwrap()
    }

    fn find(root: &Path, index: Option<&Path>) -> Result<HookIndex, HookIndexError> {
        let named = index.map(|index| index.to_str().unwrap().to_owned()).unwrap_or_default();
        HookIndex::find(&root.canonicalize().unwrap(), &[(INDEX_FILE, named.as_str())].into())
    }

    #[test]
    fn an_index_counts_only_in_its_own_git_directory() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, other) = (folder.path().join("ours"), folder.path().join("other"));
        let (git, others) = (repository(&ours), repository(&other));
        let file = |index: Option<&Path>| find(&ours, index).unwrap().file;
        assert_eq!(file(None), git.join("index"));
        assert_eq!(file(Some(&git.join("index.lock"))), git.join("index.lock"));
        assert_eq!(file(Some(&git.join("next-index-7.lock"))), git.join("next-index-7.lock"));
        assert_eq!(file(Some(&others.join("index.lock"))), git.join("index"));
        let error = find(&ours, Some(&folder.path().join("index"))).unwrap_err();
        assert!(matches!(error, HookIndexError::Outside { .. }), "{error}");
    }

    #[test]
    fn the_index_of_single_files_does_not_last() {
        let folder = tempfile::tempdir().unwrap();
        let git = repository(folder.path());
        let lasts = |name: &str| find(folder.path(), Some(&git.join(name))).unwrap().is_lasting();
        assert!(lasts("index") && lasts("index.lock"));
        assert!(!lasts("next-index-7.lock"));
    }

    #[test]
    fn a_folder_without_a_repository_has_no_index() {
        let folder = tempfile::tempdir().unwrap();
        let error = find(folder.path(), None).unwrap_err();
        assert!(matches!(error, HookIndexError::NoRepository(_)), "{error}");
    }
}

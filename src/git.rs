//! Asks git what it tracks, what is staged, and which lines changed since which commit.
//!
//! The repository may be hostile, and its settings name programs: filters, file monitors, drivers,
//! helpers. `program` therefore starts only commands that read objects, names and the index, and
//! contents of the work tree are read, hashed and compared here, see `changes`.

mod base;
mod blobs;
mod changed_files;
mod changes;
mod commit_index;
mod hook_index;
mod hooks_path;
mod ignored;
mod index_file;
mod line_ends;
mod program;
mod renames;
mod staged;
mod tracked_folder;
mod untracked;

use std::path::Path;

use crate::env_vars::EnvVars;
use crate::process::{Cancel, Emitter};

pub use blobs::{WorkFile, read_work_file};
pub use changed_files::select_changed_files;
pub use changes::read_changed_lines;
pub use hook_index::{HookIndex, HookIndexError};
pub use hooks_path::find_hooks_path;
pub use ignored::list_ignored;
pub use staged::{Staged, StagedContent, StagedError, StagedFile, StagedKind};
pub use tracked_folder::{TrackedFolderError, check_untracked};
pub use untracked::select_untracked;

/// What a question to git needs.
#[derive(Clone, Copy)]
pub struct GitContext<'a> {
    /// The project's folder.
    pub root: &'a Path,
    /// The variables of the process, of which a job's name the commit to compare with.
    pub variables: &'a EnvVars,
    /// Stops the question.
    pub cancel: &'a Cancel,
    /// Receives the events of the process.
    pub emitter: &'a Emitter<'a>,
}

/// Why git cannot say which lines changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// Git is not installed.
    #[error("`--changed` and `--affected` need git, which is not installed")]
    NoGit,
    /// Not a repository, or one that git does not trust.
    #[error("no usable git repository here: {0}")]
    NoRepository(String),
    /// Nothing was committed yet.
    #[error("the repository has no commit yet to compare with")]
    NoCommit,
    /// Nothing says what to compare with.
    #[error("cannot tell which branch to compare with")]
    NoDefault,
    /// The commit does not exist here.
    #[error("this repository has no commit `{name}`, which {origin}")]
    NoSuchCommit {
        /// Its name.
        name: String,
        /// Who named it, as in `the command line names`.
        origin: String,
        /// Whether a part of the history is missing.
        is_shallow: bool,
    },
    /// Two commits have no ancestor in common here.
    #[error("`{name}` and the checked out commit have no commit in common here")]
    Unrelated {
        /// What was compared with.
        name: String,
        /// Whether a part of the history is missing.
        is_shallow: bool,
    },
    /// A partial clone has the name of a content and not the content.
    #[error("the content of `{path}` at `{commit}` is missing in this partial clone")]
    MissingContent {
        /// The file.
        path: String,
        /// The commit.
        commit: String,
    },
    /// Git took too long, or printed too much.
    #[error("{0}")]
    Limit(String),
    /// Git could not do its work.
    #[error("{0}")]
    Git(String),
    /// The run was stopped meanwhile.
    #[error("stopped")]
    Stopped,
}

impl GitError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let whole = "fetch the whole history: `git fetch --unshallow`; in GitLab CI \
                     `GIT_DEPTH: \"0\"`, in GitHub Actions `fetch-depth: 0` of actions/checkout";
        let hint = match self {
            GitError::NoGit => "install git, or leave them out".to_owned(),
            GitError::NoRepository(_) => {
                "leave `--changed` and `--affected` out, or run in a clone that is yours".to_owned()
            }
            GitError::NoCommit => {
                "leave `--changed` and `--affected` out until there is one".to_owned()
            }
            GitError::NoDefault => {
                "name it, as in `--changed origin/main` or `--affected origin/main`".to_owned()
            }
            GitError::NoSuchCommit { is_shallow: true, .. }
            | GitError::Unrelated { is_shallow: true, .. } => whole.to_owned(),
            GitError::NoSuchCommit { name, .. } => match name.strip_prefix("origin/") {
                Some(branch) => {
                    format!("fetch it: `git fetch origin {branch}:refs/remotes/origin/{branch}`")
                }
                None => "try `git fetch`; `git branch --all` lists the branches".to_owned(),
            },
            GitError::Unrelated { .. } => {
                "name another one, as in `--changed origin/main`".to_owned()
            }
            GitError::MissingContent { commit, .. } => {
                format!("`git diff {commit}` fetches it")
            }
            GitError::Limit(_) | GitError::Git(_) | GitError::Stopped => return None,
        };
        Some(hint)
    }
}

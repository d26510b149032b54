//! Reads which tracked files of a repository changed since a commit.
//!
//! Like `changes`, it compares hashes: no program of a git configuration takes part in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::changes::is_unchanged;
use super::program::Git;
use super::{GitContext, GitError};
use crate::gate::{CompareBase, Since};
use crate::project::ProjectPath;

/// The time limit of git.
const LIMIT: Duration = Duration::from_secs(60);

/// The files of interest that were added, edited or removed since a commit.
///
/// `select` gets the paths of all tracked files below `folders`, those of the commit included, and
/// returns the ones that are of interest. Only these are compared.
///
/// # Errors
///
/// When git, the repository, or the commit to compare with is missing.
pub fn select_changed_files<T>(
    context: GitContext<'_>,
    since: &Since,
    folders: &[ProjectPath],
    select: impl FnOnce(&BTreeSet<String>) -> BTreeMap<String, T>,
) -> Result<(CompareBase, BTreeMap<String, T>), GitError> {
    let git = Git::find(context, LIMIT)?;
    git.check_repository()?;
    let base = git.find_base(since)?;
    let files = git.list_files(&base.commit, folders)?;
    let committed: BTreeMap<&str, _> = files.iter().map(|file| (&*file.path, file)).collect();
    let mut paths: BTreeSet<String> = git.list_index(folders)?.into_iter().collect();
    paths.extend(files.iter().map(|file| file.path.clone()));
    let mut selected = select(&paths);
    selected.retain(|path, _| match committed.get(path.as_str()) {
        Some(file) => !is_unchanged(context.root, file),
        // A file that is only in the index may have been removed from the work tree.
        None => context.root.join(path).symlink_metadata().is_ok(),
    });
    Ok((base, selected))
}

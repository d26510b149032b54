//! Finds files that git tracks although a `.gitignore` line ignores them.
//!
//! Such files are in every clone, but no check sees them, because only `.gitignore` decides what checks
//! see. The user gets a warning.

use std::ffi::OsString;
use std::time::Duration;

use super::program::Git;
use super::{GitContext, GitError};
use crate::process::Stdin;
use crate::project::ProjectPath;

/// The time limit of git. Without its answer, only the warning is missing.
const LIMIT: Duration = Duration::from_secs(10);

/// The tracked files below `paths` that are ignored; none outside of a repository.
///
/// # Errors
///
/// When git is missing, does not trust the repository, or does not answer.
pub fn list_ignored(
    context: GitContext<'_>,
    paths: &[ProjectPath],
) -> Result<Vec<ProjectPath>, GitError> {
    if !context.root.join(".git").exists() {
        return Ok(Vec::new());
    }
    let git = Git::find(context, LIMIT)?;
    let words = ["ls-files", "-z", "--cached", "--ignored", "--exclude-per-directory=.gitignore"];
    let words = words.into_iter().chain(["--"]).map(OsString::from);
    let names =
        git.read(words.chain(paths.iter().map(|path| path.as_str().into())), Stdin::Empty)?;
    let mut ignored = Vec::new();
    for name in names.split(|byte| *byte == 0) {
        ignored.extend(str::from_utf8(name).ok().and_then(|name| ProjectPath::new(name).ok()));
    }
    Ok(ignored)
}

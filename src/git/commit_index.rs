//! Makes an index of a commit, so that what is pushed is read like what is staged.

use std::path::PathBuf;
use std::time::Duration;

use super::hook_index::HookIndex;
use super::program::Git;
use super::{GitContext, GitError};

/// The time limit of git.
const LIMIT: Duration = Duration::from_secs(60);

impl HookIndex {
    /// Writes an index with the files of a commit to `file`, which must not exist. The repository's own
    /// index is neither read nor written.
    ///
    /// # Errors
    ///
    /// When git fails, or the commit does not exist.
    pub fn of_commit(
        self,
        context: GitContext<'_>,
        commit: &str,
        file: PathBuf,
    ) -> Result<HookIndex, GitError> {
        let context = GitContext { root: &self.repository, ..context };
        let git = Git::find(context, LIMIT)?.with_index(&file);
        let tree = format!("{commit}^{{tree}}");
        git.read(["read-tree", tree.as_str()], crate::process::Stdin::Empty)?;
        Ok(HookIndex { file, ..self })
    }
}

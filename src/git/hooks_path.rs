//! Reads where git looks for hooks.

use std::time::Duration;

use super::program::Git;
use super::{GitContext, GitError};

/// The time limit of git.
const LIMIT: Duration = Duration::from_secs(10);

/// The folder of hooks that the configuration names; none if it is the repository's own.
///
/// # Errors
///
/// When git is missing or fails.
pub fn find_hooks_path(context: GitContext<'_>) -> Result<Option<String>, GitError> {
    let git = Git::find(context, LIMIT)?;
    git.check_repository()?;
    // We set it ourselves on the command line, so only what files say counts.
    let words = ["config", "-z", "--show-origin", "--get-all", "core.hooksPath"];
    let output = git.query(words)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut fields = text.split('\0');
    let mut found = None;
    while let (Some(origin), Some(value)) = (fields.next(), fields.next()) {
        if origin.starts_with("file:") && !value.is_empty() {
            found = Some(value.to_owned());
        }
    }
    Ok(found)
}

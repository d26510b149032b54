//! Compiles the globs of the configuration and the patterns of `.gitignore` files, within limits.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::SnapshotError;
use crate::config::glob::{MAX_GLOBS, exceeded_limit};
use crate::read::{self, ReadError, SizeLimit};

/// The name of the files with patterns.
pub(super) const GITIGNORE: &str = ".gitignore";

/// The size of all `.gitignore` files of a walk together, in bytes. Compiling takes some 5 s a MiB.
const MAX_TOTAL: u64 = 8 * 1024 * 1024;

/// The size of the `.gitignore` files that a walk has read.
#[derive(Default)]
pub(super) struct GitignoreTotal(AtomicU64);

/// The patterns of a `.gitignore`, and a warning if the file has no effect.
pub(super) struct ParsedGitignore {
    pub(super) rules: Gitignore,
    pub(super) warning: Option<String>,
}

/// Parses the `.gitignore` of a folder, which is called `path` in messages. Invalid lines ignore
/// nothing, as in git, and git does not follow a link there either.
///
/// # Errors
///
/// When it is beyond a limit or cannot be read: a check would see files that it must not see.
pub(super) fn parse_gitignore(
    folder: &Path,
    path: &str,
    total: &GitignoreTotal,
) -> Result<ParsedGitignore, SnapshotError> {
    let place = folder.join(GITIGNORE);
    let none = |warning| ParsedGitignore { rules: Gitignore::empty(), warning };
    let content = match read::read_unlinked(&place, SizeLimit::Gitignore) {
        Ok(content) => content,
        Err(ReadError::NotRegular(kind)) => {
            let warning = format!("`{path}` is {kind}, not a regular file, so it ignores nothing");
            return Ok(none(Some(warning)));
        }
        Err(error) if error.is_missing() => return Ok(none(None)),
        Err(error) => return Err(SnapshotError::io("read", &place)(error.into())),
    };
    let wrong = |problem: String| SnapshotError::Ignore { path: path.to_owned(), problem };
    let length = content.len() as u64;
    if total.0.fetch_add(length, Ordering::Relaxed) + length > MAX_TOTAL {
        let limit = read::Size(MAX_TOTAL);
        return Err(wrong(format!("and the others before it are larger than {limit} together")));
    }
    let text = String::from_utf8_lossy(&content);
    let text = text.trim_start_matches('\u{feff}');
    let number = text.lines().count();
    if number > MAX_GLOBS {
        return Err(wrong(format!("has {number} lines, and the limit is {MAX_GLOBS}")));
    }
    let mut builder = GitignoreBuilder::new(folder);
    for (number, line) in text.lines().enumerate() {
        if let Some(limit) = exceeded_limit(line).filter(|_| !line.starts_with('#')) {
            return Err(wrong(format!("has a pattern in line {} that {limit}", number + 1)));
        }
        let _ = builder.add_line(None, line);
    }
    let rules = builder.build().map_err(|error| wrong(format!("is too complex: {error}")))?;
    Ok(ParsedGitignore { rules, warning: None })
}

/// Compiles globs of the configuration, which are relative to `root`.
///
/// # Errors
///
/// When one of them is invalid, or they are beyond a limit.
pub(super) fn parse_globs(root: &Path, globs: &[String]) -> Result<Gitignore, SnapshotError> {
    let wrong = |glob: &str, reason: String| SnapshotError::Glob { glob: glob.to_owned(), reason };
    let mut builder = GitignoreBuilder::new(root);
    for glob in globs {
        if let Some(limit) = exceeded_limit(glob) {
            return Err(wrong(&glob.chars().take(40).collect::<String>(), format!("it {limit}")));
        }
        builder.add_line(None, glob).map_err(|error| wrong(glob, error.to_string()))?;
    }
    let first = globs.first().map(String::as_str).unwrap_or_default();
    builder.build().map_err(|error| wrong(first, format!("it and those after it: {error}")))
}

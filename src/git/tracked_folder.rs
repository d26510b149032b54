//! Finds out whether a commit can bring the content of a folder.
//!
//! It reads the index of every repository that the folder lies in and that belongs to the project's
//! checkout. This starts no process, and reads nothing for a folder outside of the checkout.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::index_file::{self, IndexEntry, IndexError};
use crate::read::{self, SizeLimit};

/// The reason that a folder in a checkout cannot be believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrackedFolderError {
    /// Git tracks a file in it, or a link that leads to it.
    #[error("`{}` is tracked by git", .0.display())]
    Tracked(PathBuf),
    /// The index cannot be read.
    #[error("the git index `{}` cannot be read: {source}", .index.display())]
    Unreadable {
        /// The index.
        index: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// Checks that a commit can bring nothing of a folder, which does not need to exist.
///
/// # Errors
///
/// When the folder lies in the checkout of the project at `root`, and git tracks anything in it, or
/// the index cannot be read.
pub fn check_untracked(folder: &Path, root: &Path) -> Result<(), TrackedFolderError> {
    let root = canonicalize(root);
    let Some(outermost) = root.ancestors().filter(|it| is_repository(it)).last() else {
        return Ok(());
    };
    let (named, real) = (normalize(folder), normalize(&canonicalize(folder)));
    // A tracked link in the name is as good as a tracked file behind it.
    let mut paths = vec![&real];
    if named != real {
        paths.push(&named);
    }
    for path in paths {
        for checkout in path.ancestors() {
            if is_repository(checkout) && canonicalize(checkout).starts_with(outermost) {
                let below = path.strip_prefix(checkout).unwrap_or(path);
                check_index(checkout, below)?;
            }
        }
    }
    Ok(())
}

fn is_repository(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
}

fn check_index(checkout: &Path, below: &Path) -> Result<(), TrackedFolderError> {
    let git = checkout.join(".git");
    let unreadable = |index: &Path| {
        let index = index.to_owned();
        |source| TrackedFolderError::Unreadable { index, source }
    };
    let index = git_folder(checkout).map_err(unreadable(&git))?.join("index");
    let content = match read::read_file(&index, SizeLimit::GitIndex) {
        Ok(content) => content,
        // Nothing was added yet.
        Err(error) if error.is_missing() => return Ok(()),
        Err(error) => return Err(unreadable(&index)(error.into())),
    };
    let damaged = |error: IndexError| unreadable(&index)(io::Error::other(error));
    let entries = index_file::parse(&content).map_err(damaged)?;
    let folder = fold(below.as_os_str().as_encoded_bytes());
    match entries.iter().find(|entry| reaches(entry, &folder)) {
        None => Ok(()),
        Some(entry) => {
            let path = String::from_utf8_lossy(&entry.path).into_owned();
            Err(TrackedFolderError::Tracked(checkout.join(path)))
        }
    }
}

/// Whether a tracked path lies in this folder, or is a link or a folder on the way to it.
fn reaches(entry: &IndexEntry, folder: &[u8]) -> bool {
    let path = fold(entry.path.strip_suffix(b"/").unwrap_or(&entry.path));
    let is_below = |path: &[u8], folder: &[u8]| {
        folder.is_empty()
            || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    };
    // A submodule has an index of its own, which says what is in it.
    (path != folder && is_below(&path, folder)) || (!entry.is_submodule && is_below(folder, &path))
}

/// A path as file systems compare it that ignore case.
fn fold(path: &[u8]) -> Vec<u8> {
    match str::from_utf8(path) {
        // Some letters outside of ASCII have the small letter of one inside.
        Ok(text) if !text.is_ascii() => text.to_uppercase().to_lowercase().into_bytes(),
        _ => path.to_ascii_lowercase(),
    }
}

/// The folder with the index: `.git`, or the one that a file of this name points to.
pub(super) fn git_folder(checkout: &Path) -> io::Result<PathBuf> {
    let git = checkout.join(".git");
    if fs::metadata(&git)?.is_dir() {
        return Ok(git);
    }
    let content = read::read_file(&git, SizeLimit::Config)?;
    let text = str::from_utf8(&content).map_err(io::Error::other)?;
    let folder = text.strip_prefix("gitdir: ").map(|it| it.trim_end_matches(['\r', '\n']));
    let folder = folder.ok_or_else(|| io::Error::other("the file names no `gitdir`"))?;
    Ok(checkout.join(folder))
}

/// An absolute path without `.` and `..`. Links are not followed.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in absolute(path).components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// Follows the links of a path, as far as it exists.
fn canonicalize(path: &Path) -> PathBuf {
    let path = &absolute(path);
    for existing in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(existing), path.strip_prefix(existing)) {
            // Joining an empty path would add a slash.
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path.clone()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

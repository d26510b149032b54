//! Reads which lines of the work tree changed since a commit.
//!
//! `git diff` runs the filters that a repository configures, so the comparison is ours: a file whose
//! content has the hash of the commit is unchanged, and the others are compared by lines.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::blobs::{self, CommittedFile, CommittedKind, WorkFile};
use super::program::Git;
use super::renames::{self, Sketch};
use super::{GitContext, GitError};
use crate::gate::lines::{ChangedLines, FileChange, compare_contents};
use crate::gate::{CompareBase, Since};
use crate::project::ProjectPath;

/// The time limit of git.
const LIMIT: Duration = Duration::from_secs(60);
/// The time limit of all comparisons by lines. Whatever is left then counts as changed.
const COMPARE_LIMIT: Duration = Duration::from_secs(20);

/// The lines that changed below `sources`: committed, staged, edited, and all of new files.
///
/// # Errors
///
/// When git, the repository, or the commit to compare with is missing.
pub fn read_changed_lines(
    context: GitContext<'_>,
    since: &Since,
    sources: &[ProjectPath],
) -> Result<(CompareBase, ChangedLines), GitError> {
    let git = Git::find(context, LIMIT)?;
    git.check_repository()?;
    let base = git.find_base(since)?;
    let files = git.list_files(&base.commit, sources)?;
    let is_stopped = || context.cancel.stopped().is_some();
    let found: Vec<Found> = files
        .par_iter()
        .map(|file| if is_stopped() { Found::Whole } else { compare_id(context.root, file) })
        .collect();
    let mut changed = ChangedLines::new(sources.to_vec());
    let (mut different, mut gone) = (Vec::new(), Vec::new());
    for (file, found) in files.iter().zip(found) {
        let change = match found {
            Found::Unchanged => FileChange::Unchanged,
            Found::Submodule => FileChange::Submodule,
            Found::Whole => FileChange::Whole,
            Found::Different => {
                different.push(Comparison { path: file.path.clone(), old: file, renamed: false });
                FileChange::Whole
            }
            Found::Missing => {
                gone.push(file);
                FileChange::Lines(Vec::new())
            }
        };
        changed.insert(&*file.path, change);
    }
    if !gone.is_empty() {
        let mut new = git.list_index(sources)?;
        new.retain(|path| !changed.knows(path));
        different.extend(find_renames(&git, &base, &gone, new)?);
    }
    compare_all(&git, &base, &different, &mut changed)?;
    if is_stopped() {
        return Err(GitError::Stopped);
    }
    Ok((base, changed))
}

/// An entry in the place of a file of the commit.
enum Found {
    Unchanged,
    Different,
    /// Another kind of file, or one that cannot be read.
    Whole,
    Missing,
    Submodule,
}

/// A file to compare by lines.
struct Comparison<'a> {
    path: String,
    old: &'a CommittedFile,
    renamed: bool,
}

/// Whether the work tree has a file as it is in the commit. Of a submodule, this is not known.
pub(super) fn is_unchanged(root: &Path, file: &CommittedFile) -> bool {
    matches!(compare_id(root, file), Found::Unchanged | Found::Submodule)
}

fn compare_id(root: &Path, file: &CommittedFile) -> Found {
    if file.kind == CommittedKind::Submodule {
        return Found::Submodule;
    }
    let is_same = |content: &[u8]| blobs::has_id(content, &file.id);
    match blobs::read_work_file(root, &file.path) {
        WorkFile::Missing => Found::Missing,
        WorkFile::Other => Found::Whole,
        WorkFile::Link(target) if file.kind == CommittedKind::Link && is_same(&target) => {
            Found::Unchanged
        }
        WorkFile::Link(_) => Found::Whole,
        WorkFile::Content(content) if is_same(&content) => Found::Unchanged,
        WorkFile::Content(_) if file.kind == CommittedKind::Link => Found::Whole,
        // Git may have converted the line ends of every file: this needs no comparison by lines.
        WorkFile::Content(content) => match with_unix_ends(&content) {
            Some(stored) if is_same(&stored) => Found::Unchanged,
            _ => Found::Different,
        },
    }
}

/// The content with `\n` in the place of `\r\n`; none if it has no `\r\n`.
fn with_unix_ends(content: &[u8]) -> Option<Vec<u8>> {
    if !content.windows(2).any(|pair| pair == b"\r\n") {
        return None;
    }
    let mut stored = Vec::with_capacity(content.len());
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(text) => stored.extend([text, b"\n"].concat()),
            None => stored.extend(line),
        }
    }
    Some(stored)
}

/// The new files that were renamed.
fn find_renames<'a>(
    git: &Git<'_>,
    base: &CompareBase,
    gone: &[&'a CommittedFile],
    new: Vec<String>,
) -> Result<Vec<Comparison<'a>>, GitError> {
    let root = git.context.root;
    let sketch = |path: String| match blobs::read_work_file(root, &path) {
        WorkFile::Content(content) => {
            let sketch = Sketch::new(&path, &content);
            Some((path, sketch))
        }
        _ => None,
    };
    let (paths, new): (Vec<String>, Vec<Sketch>) =
        new.into_par_iter().filter_map(sketch).collect::<Vec<_>>().into_iter().unzip();
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let gone: Vec<&CommittedFile> =
        gone.iter().copied().filter(|file| file.kind == CommittedKind::File).collect();
    let mut sketches = vec![Sketch::default(); gone.len()];
    let ids = gone.iter().map(|file| (&*file.id, &*file.path)).collect();
    git.read_blobs(&ids, &base.name, |contents| {
        for (file, sketch) in gone.iter().zip(&mut sketches) {
            if let Some(content) = contents.get(&file.id) {
                *sketch = Sketch::new(&file.path, content);
            }
        }
        Ok(())
    })?;
    let mut renamed = Vec::new();
    for (old, now) in renames::pair_renames(&sketches, &new) {
        renamed.push(Comparison { path: paths[now].clone(), old: gone[old], renamed: true });
    }
    Ok(renamed)
}

/// Compares files by lines.
fn compare_all(
    git: &Git<'_>,
    base: &CompareBase,
    files: &[Comparison<'_>],
    changed: &mut ChangedLines,
) -> Result<(), GitError> {
    let ids: BTreeMap<&str, &str> =
        files.iter().map(|file| (&*file.old.id, &*file.old.path)).collect();
    let deadline = Instant::now() + COMPARE_LIMIT;
    // Those with too large a content stay as they are here.
    for file in files {
        changed.insert(&*file.path, FileChange::Whole);
    }
    git.read_blobs(&ids, &base.name, |contents| {
        let compared: Vec<(&str, FileChange)> = files
            .par_iter()
            .filter_map(|file| {
                let old = contents.get(&file.old.id)?;
                Some((&*file.path, compare(git.context.root, file, old, deadline)))
            })
            .collect();
        for (path, change) in compared {
            changed.insert(path, change);
        }
        Ok(())
    })
}

fn compare(root: &Path, file: &Comparison<'_>, old: &[u8], deadline: Instant) -> FileChange {
    let WorkFile::Content(new) = blobs::read_work_file(root, &file.path) else {
        return FileChange::Whole;
    };
    let change = match blobs::stands_for(old, &new) {
        Some(true) => FileChange::Unchanged,
        // The texts are compared where Git LFS has not fetched the contents.
        Some(false) if blobs::stands_for(&new, &[]).is_none() => FileChange::Whole,
        _ => compare_contents(old, &new, deadline),
    };
    match change {
        FileChange::Unchanged if file.renamed => FileChange::Lines(Vec::new()),
        change => change,
    }
}

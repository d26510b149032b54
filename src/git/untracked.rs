//! Finds files that a commit would not have, without starting git.

use std::collections::BTreeSet;
use std::path::Path;

use super::hook_index::HookIndex;
use super::index_file;
use crate::env_vars::EnvVars;
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};

/// The files among `paths` that git does not track; none outside of a repository, and if its index
/// cannot be read.
#[must_use]
pub fn select_untracked<'p>(
    root: &Path,
    paths: impl Iterator<Item = &'p ProjectPath>,
) -> Vec<&'p ProjectPath> {
    let Ok(index) = HookIndex::find(root, &EnvVars::default()) else { return Vec::new() };
    let Ok(content) = read::read_file(&index.file, SizeLimit::GitIndex) else { return Vec::new() };
    let Ok(entries) = index_file::parse(&content) else { return Vec::new() };
    let tracked: BTreeSet<Vec<u8>> =
        entries.into_iter().filter(|entry| !entry.is_intent).map(|entry| entry.path).collect();
    let is_untracked = |path: &&ProjectPath| {
        let path = index.in_repository(path.as_str());
        // A sparse index has whole folders, with a final slash.
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..=end]);
        !tracked.contains(path.as_bytes()) && !folders.any(|it| tracked.contains(it.as_bytes()))
    };
    paths.filter(is_untracked).collect()
}

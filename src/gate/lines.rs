//! Lines that changed since a commit.
//!
//! [`crate::git`] reads both contents of each file. The comparison is ours, so that no program of a
//! git configuration takes part in it.

mod compare;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::finding::Place;
use crate::project::ProjectPath;

pub use compare::{MAX_LENGTH, compare_contents};

/// Lines that changed, by file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedLines {
    /// The files of the commit, and those that were renamed since.
    files: BTreeMap<String, FileChange>,
    /// Where every other file is new.
    sources: Vec<ProjectPath>,
}

/// The change of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileChange {
    /// No change.
    Unchanged,
    /// Every line counts as changed.
    Whole,
    /// These lines, 1-based; none if it was only renamed or lost lines.
    Lines(Vec<RangeInclusive<u32>>),
    /// It is another repository, whose files are not compared.
    Submodule,
}

impl ChangedLines {
    /// No changes: below `sources`, each file is new that is not inserted.
    #[must_use]
    pub fn new(sources: Vec<ProjectPath>) -> Self {
        ChangedLines { files: BTreeMap::new(), sources }
    }

    /// Adds a file.
    pub fn insert(&mut self, path: impl Into<String>, change: FileChange) {
        self.files.insert(path.into(), change);
    }

    /// Whether the commit has this file, or it was renamed.
    #[must_use]
    pub fn knows(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether a line of the place changed; for a place that is a whole file, whether that did.
    /// What is about no file in particular is always touched.
    #[must_use]
    pub fn touch(&self, place: &Place) -> bool {
        if place.path.is_empty() {
            return true;
        }
        let last = place.end_line.unwrap_or(place.line).max(place.line);
        match self.files.get(&place.path) {
            None => self.is_new(&place.path),
            Some(FileChange::Unchanged | FileChange::Submodule) => false,
            Some(FileChange::Whole) => true,
            Some(FileChange::Lines(_)) if place.is_whole_file() => true,
            Some(FileChange::Lines(lines)) => {
                lines.iter().any(|lines| *lines.start() <= last && place.line <= *lines.end())
            }
        }
    }

    /// Whether a file that the commit does not have lies where new files count.
    fn is_new(&self, path: &str) -> bool {
        let is_below = |folder: &str| {
            path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let is_source =
            self.sources.iter().any(|source| source.is_root() || is_below(source.as_str()));
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        is_source && !folders.any(|folder| self.files.get(folder) == Some(&FileChange::Submodule))
    }
}

#[cfg(test)]
mod tests;

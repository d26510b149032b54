//! The private copy of the project that fixers work on.
//!
//! There is one copy of everything that the fixers of a run cover. Each fixer gets the part of it that
//! its check covers; the contents that it changed are accepted into the copy.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::write_back::Amendment;
use crate::cache::Index;
use crate::check::StepId;
use crate::hash::Hash;
use crate::outcome::Reason;
use crate::plan::FileSet;
use crate::process::Cancel;
use crate::project::ProjectPath;
use crate::snapshot::{self, EntryKind, Inventory, InventoryEntry, SnapshotError, Tree};

/// The private copy that fixers work on.
pub(super) struct WorkingCopy {
    folder: PathBuf,
    inventory: Inventory,
    parts: BTreeMap<FileSet, Result<BTreeSet<ProjectPath>, Reason>>,
    touched: BTreeMap<ProjectPath, Touched>,
}

/// A file that a fixer changed.
struct Touched {
    before: InventoryEntry,
    original: Vec<u8>,
    content: Vec<u8>,
    by: BTreeSet<StepId>,
}

/// The contents of the touched files at some moment.
#[derive(PartialEq, Eq)]
pub(super) struct Checkpoint(BTreeMap<ProjectPath, Vec<u8>>);

impl WorkingCopy {
    /// Copies the files that these file sets cover.
    pub(super) fn set_up(
        root: &Path,
        folder: &Path,
        file_sets: &BTreeSet<&FileSet>,
        cancel: &Cancel,
    ) -> Result<WorkingCopy, SnapshotError> {
        let parts = RefCell::default();
        let take = || {
            let mut all = Inventory::default();
            let mut taken: BTreeMap<FileSet, Result<BTreeSet<ProjectPath>, Reason>> =
                BTreeMap::new();
            for file_set in file_sets {
                let part = match Inventory::take(root, file_set, &Index::none(), cancel) {
                    Ok(inventory) => {
                        let paths = inventory.entries.keys().cloned().collect();
                        all.entries.extend(inventory.entries);
                        Ok(paths)
                    }
                    // A path that one check names and that does not exist keeps no other check from fixing.
                    Err(
                        error @ (SnapshotError::Missing(_)
                        | SnapshotError::Link(_)
                        | SnapshotError::TooLarge { .. }
                        | SnapshotError::Ignore { .. }
                        | SnapshotError::Glob { .. }),
                    ) => Err(error.reason()),
                    Err(error) => return Err(error),
                };
                taken.insert((*file_set).clone(), part);
            }
            *parts.borrow_mut() = taken;
            Ok(all)
        };
        let (inventory, tree) = snapshot::copy(root, folder, cancel, take)?;
        let parts = parts.into_inner();
        Ok(WorkingCopy { folder: tree.folder, inventory, parts, touched: BTreeMap::new() })
    }

    /// Every folder in which a fixer could change a file.
    pub(super) fn folders(&self) -> BTreeSet<ProjectPath> {
        self.inventory.folders()
    }

    /// Copies the part that a check covers, as it is now: a fixer sees the files that its check sees.
    pub(super) fn copy_part(
        &self,
        file_set: &FileSet,
        folder: &Path,
        cancel: &Cancel,
    ) -> Result<(Inventory, Tree), Reason> {
        let paths = match self.parts.get(file_set) {
            Some(Ok(paths)) => paths,
            Some(Err(reason)) => return Err(reason.clone()),
            None => unreachable!("the copy was made of the file sets of all fixers"),
        };
        let part = || Ok(self.inventory.only(paths));
        snapshot::copy(&self.folder, folder, cancel, part).map_err(|error| error.reason())
    }

    /// Accepts a new content for a file.
    pub(super) fn accept(
        &mut self,
        path: &ProjectPath,
        content: Vec<u8>,
        by: &StepId,
    ) -> Result<(), SnapshotError> {
        let place = path.on_disk(&self.folder);
        let Some(entry) = self.inventory.entries.get_mut(path) else {
            return Ok(());
        };
        if !self.touched.contains_key(path) {
            let original = std::fs::read(&place).map_err(SnapshotError::io("read", &place))?;
            let touched = Touched {
                before: entry.clone(),
                content: original.clone(),
                original,
                by: BTreeSet::new(),
            };
            self.touched.insert(path.clone(), touched);
        }
        std::fs::write(&place, &content).map_err(SnapshotError::io("write", &place))?;
        *entry = InventoryEntry::file(
            &Hash::of(&content),
            matches!(entry.kind, EntryKind::File { executable: true }),
        );
        if let Some(touched) = self.touched.get_mut(path) {
            touched.content = content;
            touched.by.insert(by.clone());
        }
        Ok(())
    }

    /// The contents of the touched files now.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        let content =
            |(path, touched): (&ProjectPath, &Touched)| (path.clone(), touched.content.clone());
        Checkpoint(self.touched.iter().map(content).collect())
    }

    /// Restores the contents of a checkpoint, and the original ones of files that were touched later.
    /// The files of the copy itself are not restored: no fixer runs afterwards.
    pub(super) fn restore(&mut self, checkpoint: Checkpoint) {
        let Checkpoint(mut contents) = checkpoint;
        for (path, touched) in &mut self.touched {
            touched.content = contents.remove(path).unwrap_or_else(|| touched.original.clone());
        }
    }

    /// The changes that the project's files need.
    pub(super) fn amendments(&self) -> Vec<Amendment> {
        let amendment = |(path, touched): (&ProjectPath, &Touched)| Amendment {
            path: path.clone(),
            before: touched.before.clone(),
            content: touched.content.clone(),
        };
        self.changed().map(amendment).collect()
    }

    /// Each file that differs from its original: its path, its old and its new content.
    pub(super) fn differences(&self) -> impl Iterator<Item = (&ProjectPath, &[u8], &[u8])> {
        self.changed().map(|(path, touched)| (path, &*touched.original, &*touched.content))
    }

    /// The checks whose fixers touched a file.
    pub(super) fn touched_by(&self, path: &ProjectPath) -> BTreeSet<StepId> {
        self.touched.get(path).map(|touched| touched.by.clone()).unwrap_or_default()
    }

    fn changed(&self) -> impl Iterator<Item = (&ProjectPath, &Touched)> {
        self.touched.iter().filter(|(_, touched)| touched.content != touched.original)
    }
}

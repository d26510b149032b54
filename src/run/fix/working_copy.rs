//! The private copy that fixers work on.
//!
//! Owns one copy of everything that the fixers of a run cover, each fixer's part of it, and what
//! every touched file was before and is now. It must not know how a fixer runs; [`super::fix`]
//! brings the new contents and takes the amendments for the project from here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::snapshot_reason;
use crate::cache::Index;
use crate::check::CheckName;
use crate::hash::Hash;
use crate::outcome::Reason;
use crate::plan::FileSet;
use crate::process::Cancel;
use crate::project::ProjectPath;
use crate::run::fix::write_back::Amendment;
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
    by: BTreeSet<CheckName>,
}

/// The contents of the touched files at some moment.
#[derive(PartialEq, Eq)]
pub(super) struct Checkpoint(BTreeMap<ProjectPath, Vec<u8>>);

impl WorkingCopy {
    /// Copies what these file sets cover.
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
                    // What one check covers and is not there keeps no other one from fixing.
                    Err(
                        error @ (SnapshotError::Missing(_)
                        | SnapshotError::Link(_)
                        | SnapshotError::Glob { .. }),
                    ) => Err(snapshot_reason(&error)),
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

    /// Every folder that a fixer could change something in.
    pub(super) fn folders(&self) -> BTreeSet<ProjectPath> {
        self.inventory.folders()
    }

    /// Copies the part of it that a check covers, as it is now: a fixer sees what its check sees.
    pub(super) fn part(
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
        snapshot::copy(&self.folder, folder, cancel, part).map_err(|error| snapshot_reason(&error))
    }

    /// Takes a new content for a file.
    pub(super) fn accept(
        &mut self,
        path: &ProjectPath,
        content: Vec<u8>,
        by: &CheckName,
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

    /// How the touched files are now.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        let content =
            |(path, touched): (&ProjectPath, &Touched)| (path.clone(), touched.content.clone());
        Checkpoint(self.touched.iter().map(content).collect())
    }

    /// Takes the touched files back to how they were; what was touched since then is as at first.
    /// The copy itself is not needed any more.
    pub(super) fn go_back(&mut self, checkpoint: Checkpoint) {
        let Checkpoint(mut contents) = checkpoint;
        for (path, touched) in &mut self.touched {
            touched.content = contents.remove(path).unwrap_or_else(|| touched.original.clone());
        }
    }

    /// What the project's files would have to become.
    pub(super) fn amendments(&self) -> Vec<Amendment> {
        let amendment = |(path, touched): (&ProjectPath, &Touched)| Amendment {
            path: path.clone(),
            before: touched.before.clone(),
            content: touched.content.clone(),
        };
        self.changed().map(amendment).collect()
    }

    /// Each file that is not as it was: its path, its old and its new content.
    pub(super) fn differences(&self) -> impl Iterator<Item = (&ProjectPath, &[u8], &[u8])> {
        self.changed().map(|(path, touched)| (path, &*touched.original, &*touched.content))
    }

    /// The checks whose fixers touched a file.
    pub(super) fn touched_by(&self, path: &ProjectPath) -> BTreeSet<CheckName> {
        self.touched.get(path).map(|touched| touched.by.clone()).unwrap_or_default()
    }

    fn changed(&self) -> impl Iterator<Item = (&ProjectPath, &Touched)> {
        self.touched.iter().filter(|(_, touched)| touched.content != touched.original)
    }
}

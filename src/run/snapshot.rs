//! The copy of a check's files that a run takes for itself.

use std::cell::Cell;
use std::path::Path;

use super::Context;
use crate::cache::Index;
use crate::outcome::Reason;
use crate::plan::FileSet;
use crate::project::ProjectPath;
use crate::snapshot::{self, Inventory, KeptCopy, Tree};
use crate::tools::SourceFiles;

/// The files that steps of the same file set see, and their copy.
pub(super) struct Snapshot {
    pub(super) inventory: Inventory,
    pub(super) tree: Tree,
    /// The copy in the cache that the tree is, if it is kept.
    pub(super) kept: Option<KeptCopy>,
}

impl Snapshot {
    /// Copies the files of an inventory into a copy that is kept, or else into `folder`.
    pub(super) fn take(
        context: &Context<'_>,
        file_set: &FileSet,
        inventory: Option<&Inventory>,
        folder: &Path,
        kept: Option<KeptCopy>,
    ) -> Result<Snapshot, Reason> {
        if let (Some(inventory), Some(kept)) = (inventory, kept)
            && let Ok(tree) = kept.update(&context.project.root, inventory, context.cancel)
        {
            return Ok(Snapshot { inventory: inventory.clone(), tree, kept: Some(kept) });
        }
        Snapshot::copy(context, file_set, inventory, folder)
    }

    /// Copies the files of an inventory, or takes the inventory again if they changed meanwhile.
    fn copy(
        context: &Context<'_>,
        file_set: &FileSet,
        inventory: Option<&Inventory>,
        folder: &Path,
    ) -> Result<Snapshot, Reason> {
        let root = &context.project.root;
        let first = Cell::new(inventory.cloned());
        let take_inventory = || match first.take() {
            Some(inventory) => Ok(inventory),
            None => Inventory::take(root, file_set, &Index::none(), context.cancel),
        };
        let (inventory, tree) = snapshot::copy(root, folder, context.cancel, take_inventory)
            .map_err(|error| error.reason())?;
        Ok(Snapshot { inventory, tree, kept: None })
    }
}

impl SourceFiles for Snapshot {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let path = ProjectPath::new(path).ok()?;
        std::fs::read(path.on_disk(&self.tree.folder)).ok()
    }

    fn paths(&self) -> Vec<String> {
        self.inventory.entries.keys().map(ToString::to_string).collect()
    }
}

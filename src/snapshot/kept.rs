//! A copy that is kept between runs: after an edit, only what has changed is copied.
//!
//! It lies in the cache, in the folder of its project. A run moves it into its own folder and back at
//! its end, so one run at a time has it, and what a killed run had is removed with its folder. A record
//! lists all files and folders of the copy with their hashes and metadata. If the metadata of a single
//! one is not as recorded, everything is copied again: no program can set the time of a file's last
//! change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Inventory, PROOF, ROOT_MARKER, SnapshotError, Tree, copy_entry, create_folder, set_time,
    write_proof,
};
use crate::cache::{self, Stat, entry};
use crate::hash::{Hash, HashBuilder};
use crate::plan::FileSet;
use crate::process::Cancel;
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};

/// The record and the copy, in one folder.
const RECORD: &str = "record";
const TREE: &str = "tree";

/// The time after which a copy that no run used is removed.
const UNUSED: Duration = Duration::from_secs(14 * 24 * 3600);

/// A copy in the folder of this run, which is moved back when dropped.
#[derive(Debug)]
pub(crate) struct KeptCopy {
    folder: PathBuf,
    /// Its place between runs.
    place: PathBuf,
}

/// Everything in a complete copy, by its path from the root. The default describes a copy that does not
/// exist.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct CopyRecord {
    files: BTreeMap<ProjectPath, (Hash, Stat)>,
    /// The root, the marker of the repository and the proof are among them.
    others: BTreeMap<ProjectPath, Stat>,
}

impl KeptCopy {
    /// Moves the copy of a file set to `folder`, or begins one there; none if the cache cannot be written.
    pub(crate) fn take(
        home: &Path,
        project: &str,
        file_set: &FileSet,
        folder: &Path,
    ) -> Option<KeptCopy> {
        let name = HashBuilder::new("file set").with(format!("{file_set:?}")).hash().short();
        let place = cache::create_snapshots(home, project).ok()?.join(name);
        if fs::rename(&place, folder).is_err() || !is_folder(folder) {
            let _ = fs::remove_file(folder);
            fs::create_dir(folder).ok()?;
            remove_unused(home);
        }
        Some(KeptCopy { folder: folder.to_owned(), place })
    }

    /// Makes the copy equal to an inventory of the files below `root`.
    ///
    /// # Errors
    ///
    /// When files cannot be read or copied, or are no longer as the inventory lists them.
    pub(crate) fn update(
        &self,
        root: &Path,
        inventory: &Inventory,
        cancel: &Cancel,
    ) -> Result<Tree, SnapshotError> {
        let tree = self.folder.join(TREE);
        if !is_folder(&tree) {
            let _ = fs::remove_file(&tree);
        }
        let record = self.read_record(&tree);
        let folders = inventory.folders();
        if let Some(record) = &record
            && record.lists(inventory, &folders)
        {
            // The time of the last use.
            let record = read::open_unlinked(&self.folder.join(RECORD));
            let _ = record.map(|(record, _)| record.set_modified(SystemTime::now()));
            return Ok(Tree { folder: tree, hash: inventory.hash() });
        }
        self.discard();
        if record.is_none() && tree.exists() {
            cache::remove_folder(&tree).map_err(SnapshotError::io("remove", &tree))?;
        }
        let record = record.unwrap_or_default();
        record.change(root, &tree, inventory, &folders, cancel)?;
        let copied = write_proof(&tree, inventory.hash())?;
        // Without a record, the next run copies everything.
        let _ = CopyRecord::take(&tree, inventory, &folders).and_then(|record| {
            cache::replace(&self.folder.join(RECORD), &[&entry::seal(RECORD, &record)])
        });
        Ok(copied)
    }

    /// Has the copy removed with the folder of this run.
    pub(crate) fn discard(&self) {
        let _ = fs::remove_file(self.folder.join(RECORD));
    }

    /// The record of a copy that is as recorded.
    fn read_record(&self, tree: &Path) -> Option<CopyRecord> {
        let bytes = read::read_file(&self.folder.join(RECORD), SizeLimit::GitIndex).ok()?;
        let (record, _) = entry::open::<CopyRecord>(RECORD, &bytes)?;
        record.describes(tree).then_some(record)
    }
}

impl Drop for KeptCopy {
    fn drop(&mut self) {
        // If another run has kept its copy meanwhile, this one is removed with the folder of the run.
        if self.folder.join(RECORD).exists() {
            let _ = fs::rename(&self.folder, &self.place);
        }
    }
}

impl CopyRecord {
    /// Describes a complete copy of an inventory.
    fn take(
        tree: &Path,
        inventory: &Inventory,
        folders: &BTreeSet<ProjectPath>,
    ) -> io::Result<CopyRecord> {
        let files = inventory
            .entries
            .par_iter()
            .map(|(path, entry)| Ok((path.clone(), (entry.hash, look(tree, path)?))));
        let files: Vec<_> = files.collect::<io::Result<_>>()?;
        let own = [ROOT_MARKER, PROOF].into_iter().filter_map(|name| ProjectPath::new(name).ok());
        let others: Vec<ProjectPath> = folders.iter().cloned().chain(own).collect();
        let others: Vec<_> = others
            .into_par_iter()
            .map(|path| look(tree, &path).map(|stat| (path, stat)))
            .collect::<io::Result<_>>()?;
        Ok(CopyRecord { files: files.into_iter().collect(), others: others.into_iter().collect() })
    }

    /// Whether everything in a copy is as recorded. A folder changes if something in it comes or goes.
    fn describes(&self, tree: &Path) -> bool {
        let is_same =
            |path: &ProjectPath, stat: &Stat| look(tree, path).is_ok_and(|found| found == *stat);
        self.files.par_iter().all(|(path, (_, stat))| is_same(path, stat))
            && self.others.par_iter().all(|(path, stat)| is_same(path, stat))
    }

    /// Whether the copy has exactly these files and folders.
    fn lists(&self, inventory: &Inventory, folders: &BTreeSet<ProjectPath>) -> bool {
        self.files.len() == inventory.entries.len()
            && inventory.entries.iter().all(|(path, entry)| self.has(path, entry.hash))
            && folders.iter().all(|folder| self.others.contains_key(folder))
    }

    fn has(&self, path: &ProjectPath, hash: Hash) -> bool {
        self.files.get(path).is_some_and(|(known, _)| *known == hash)
    }

    /// Turns a copy that is as recorded into one of this inventory, but for the content of its proof.
    pub(super) fn change(
        &self,
        root: &Path,
        tree: &Path,
        inventory: &Inventory,
        folders: &BTreeSet<ProjectPath>,
        cancel: &Cancel,
    ) -> Result<(), SnapshotError> {
        let mut touched: BTreeSet<ProjectPath> = BTreeSet::new();
        for (path, (hash, _)) in &self.files {
            if inventory.entries.get(path).is_none_or(|entry| entry.hash != *hash) {
                let file = path.on_disk(tree);
                fs::remove_file(&file).map_err(SnapshotError::io("remove", &file))?;
                touched.insert(parent(path));
            }
        }
        let own = [ROOT_MARKER, PROOF];
        let is_gone = |path: &ProjectPath| !own.contains(&path.as_str()) && !folders.contains(path);
        // The deepest folder comes first.
        for path in self.others.keys().rev().filter(|path| is_gone(path)) {
            let folder = path.on_disk(tree);
            fs::remove_dir(&folder).map_err(SnapshotError::io("remove", &folder))?;
            touched.insert(parent(path));
        }
        for path in folders.iter().filter(|path| !self.others.contains_key(*path)) {
            create_folder(&path.on_disk(tree))?;
            touched.insert(path.clone());
            touched.insert(parent(path));
        }
        let new: Vec<_> =
            inventory.entries.iter().filter(|(path, entry)| !self.has(path, entry.hash)).collect();
        touched.extend(new.iter().map(|(path, _)| parent(path)));
        new.into_par_iter()
            .try_for_each(|(path, entry)| copy_entry(root, tree, path, entry, cancel))?;
        let marker = tree.join(ROOT_MARKER);
        if !marker.exists() {
            create_folder(&marker)?;
            // The proof is written into the root as well.
            write_proof(tree, inventory.hash())?;
            touched.insert(ProjectPath::root());
            set_time(&marker)?;
        }
        touched.retain(|folder| folders.contains(folder));
        touched.iter().rev().try_for_each(|folder| set_time(&folder.on_disk(tree)))
    }
}

/// The folder of a file or folder.
fn parent(path: &ProjectPath) -> ProjectPath {
    let above = path.as_str().rsplit_once('/').and_then(|(above, _)| ProjectPath::new(above).ok());
    above.unwrap_or_else(ProjectPath::root)
}

fn look(tree: &Path, path: &ProjectPath) -> io::Result<Stat> {
    Ok(Stat::from_metadata(&fs::symlink_metadata(path.on_disk(tree))?))
}

/// Whether there is a folder, and not a link to one.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Removes the copies of all projects that were not used for two weeks.
fn remove_unused(home: &Path) {
    for copy in cache::list_snapshots(home) {
        let used = fs::symlink_metadata(copy.join(RECORD)).and_then(|record| record.modified());
        let age = used.ok().and_then(|used| SystemTime::now().duration_since(used).ok());
        if age.is_none_or(|age| age > UNUSED) {
            let _ = cache::remove_folder(&copy);
        }
    }
}

#[cfg(test)]
mod tests;

//! The inventory of a check: the files that it sees, with their hashes.
//!
//! [`super::walk`] finds the files below the named paths. A path that several checks name is walked once
//! for all of them. Links count only if they lead to another file of the inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rayon::prelude::*;

use super::globs::parse_globs;
use super::walk::{Part, WalkResult, walk};
use super::{SOURCE_LIMIT, SnapshotError};
use crate::cache::Index;
use crate::fingerprint;
use crate::hash::{Hash, HashBuilder};
use crate::plan::FileSet;
use crate::process::Cancel;
use crate::project::ProjectPath;

/// Files at the root that are in every inventory, because tools find the root by them.
pub const ROOT_MARKERS: &[&str] = &["pyproject.toml"];

/// The files that a check sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The entry of each file by path.
    pub entries: BTreeMap<ProjectPath, InventoryEntry>,
    /// The links that are left out, because they do not lead to another file of the inventory.
    pub left_out: BTreeSet<ProjectPath>,
    /// Warnings about files that are left out.
    pub warnings: Vec<String>,
}

/// One file of an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryEntry {
    /// The kind of file.
    pub kind: EntryKind,
    /// The hash of its content and of all properties that a tool can see.
    pub hash: Hash,
}

/// The kind of a file in an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File {
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link to another file or folder of the inventory.
    Link {
        /// The target.
        to: ProjectPath,
    },
}

impl InventoryEntry {
    /// The entry of a regular file whose content has this hash.
    #[must_use]
    pub fn file(content: &Hash, executable: bool) -> InventoryEntry {
        let mode = if executable { "executable" } else { "plain" };
        let hash = HashBuilder::new("file").with(mode).with(content.to_string()).hash();
        InventoryEntry { kind: EntryKind::File { executable }, hash }
    }

    /// The entry of a link.
    #[must_use]
    pub fn link(to: ProjectPath) -> InventoryEntry {
        let hash = HashBuilder::new("link").with(to.as_str()).hash();
        InventoryEntry { kind: EntryKind::Link { to }, hash }
    }
}

impl Inventory {
    /// Takes the inventory of a file set below `root`, which must be canonical. Files whose hash is in
    /// `index` are not read.
    ///
    /// # Errors
    ///
    /// When a named path does not exist, a glob is invalid, or a file cannot be read.
    pub fn take(
        root: &Path,
        file_set: &FileSet,
        index: &Index,
        cancel: &Cancel,
    ) -> Result<Inventory, SnapshotError> {
        let taken = Inventory::take_each(root, &BTreeSet::from([file_set]), index, cancel);
        taken.into_values().next().unwrap_or_else(|| Ok(Inventory::default()))
    }

    /// Takes the inventories of several file sets. A path that several of them name is walked once.
    #[must_use]
    pub fn take_each<'c>(
        root: &Path,
        file_sets: &BTreeSet<&'c FileSet>,
        index: &Index,
        cancel: &Cancel,
    ) -> BTreeMap<&'c FileSet, Result<Inventory, SnapshotError>> {
        let markers = markers();
        let all: BTreeSet<Part<'_>> =
            file_sets.iter().flat_map(|file_set| parts(file_set, &markers)).collect();
        let visit = |path: &ProjectPath, place: &Path| read_entry(path, place, index, cancel);
        let walked: BTreeMap<Part<'_>, _> =
            all.into_par_iter().map(|part| (part, walk(root, part, &visit))).collect();
        let join = |file_set: &'c FileSet| {
            let found = parts(file_set, &markers).into_iter().map(|part| match &walked[&part] {
                Ok(found) => Ok(found),
                Err(error) => Err(error.clone()),
            });
            let found = found.collect::<Result<Vec<_>, _>>();
            let exist = file_set.paths.iter().try_for_each(|path| check_path(root, path));
            let joined = exist.and(found).map(|found| Inventory::join_parts(root, &found));
            joined.map(|mut inventory| {
                inventory.warnings.extend(find_missing_includes(root, &file_set.include));
                inventory
            })
        };
        file_sets.par_iter().map(|file_set| (*file_set, join(file_set))).collect()
    }

    /// The paths of the files of an inventory, without reading the files.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read.
    pub fn list(root: &Path, file_set: &FileSet) -> Result<Vec<ProjectPath>, SnapshotError> {
        let mut files = BTreeSet::new();
        for part in parts(file_set, &markers()) {
            let found = walk(root, part, &|_, _| Ok(Some(())))?;
            files.extend(found.files.into_iter().map(|(path, ())| path));
        }
        Ok(files.into_iter().collect())
    }

    /// Whether a file that is gone may have been in the inventory: which `.gitignore` applied to it is not
    /// known any more.
    pub(crate) fn may_have_had(root: &Path, file_set: &FileSet, path: &ProjectPath) -> bool {
        let is_below = |seen: &ProjectPath| path.starts_with(seen);
        let is_excluded = parse_globs(root, &file_set.exclude)
            .is_ok_and(|globs| globs.matched_path_or_any_parents(path.as_str(), false).is_ignore());
        file_set.generated.contains(path) || file_set.paths.iter().any(is_below) && !is_excluded
    }

    /// The folders in which a new file would change the inventory, and those above them. Only existing
    /// ones are listed. Folders that the project's rules skip have none, whatever `include` finds there.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read.
    pub fn list_folders(
        root: &Path,
        file_set: &FileSet,
    ) -> Result<BTreeSet<ProjectPath>, SnapshotError> {
        let mut folders = BTreeSet::from([ProjectPath::root()]);
        for part in parts(file_set, &markers()) {
            let found = walk(root, part, &|_, _| Ok(Some(())))?;
            let files = found.files.iter().map(|(path, ())| path);
            folders.extend(files.chain([part.path]).flat_map(ProjectPath::folders_above));
            folders.extend(found.folders);
        }
        folders.retain(|folder| folder.on_disk(root).is_dir());
        Ok(folders)
    }

    /// Joins the walks of several parts of a project.
    fn join_parts(root: &Path, parts: &[&WalkResult<InventoryEntry>]) -> Inventory {
        let mut entries: Vec<(ProjectPath, InventoryEntry)> =
            parts.iter().flat_map(|found| found.files.iter().cloned()).collect();
        entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let warnings: BTreeSet<&String> = parts.iter().flat_map(|found| &found.warnings).collect();
        let warnings = warnings.into_iter().cloned().collect();
        let entries = entries.into_iter().collect();
        let mut inventory = Inventory { entries, warnings, ..Inventory::default() };
        let links: BTreeSet<&ProjectPath> = parts.iter().flat_map(|found| &found.links).collect();
        if !links.is_empty() {
            inventory.add_links(root, &links);
        }
        inventory
    }

    /// The hash of the whole tree.
    #[must_use]
    pub fn hash(&self) -> Hash {
        fingerprint::of_files(self.entries.iter().map(|(path, entry)| (path.as_str(), entry.hash)))
    }

    /// The hash of each file by path.
    #[must_use]
    pub fn hashes(&self) -> BTreeMap<String, Hash> {
        self.entries.iter().map(|(path, entry)| (path.to_string(), entry.hash)).collect()
    }

    /// The files below `folders` with one of these endings, or with any ending if the list is empty, and
    /// those that are named themselves.
    #[must_use]
    pub fn below(&self, folders: &[ProjectPath], endings: &[String]) -> Vec<&ProjectPath> {
        self.all_below(folders, endings).collect()
    }

    fn all_below(
        &self,
        folders: &[ProjectPath],
        endings: &[String],
    ) -> impl Iterator<Item = &ProjectPath> {
        self.entries
            .keys()
            .filter(move |path| folders.iter().any(|folder| path.starts_with(folder)))
            .filter(move |path| {
                endings.is_empty()
                    || endings.iter().any(|ending| path.as_str().ends_with(ending))
                    || folders.contains(path)
            })
    }

    /// Whether [`Inventory::below`] would list any file.
    #[must_use]
    pub fn has_any_below(&self, folders: &[ProjectPath], endings: &[String]) -> bool {
        self.all_below(folders, endings).next().is_some()
    }

    /// The part of the inventory with these files, without warnings.
    #[must_use]
    pub fn only(&self, paths: &BTreeSet<ProjectPath>) -> Inventory {
        let entries = self.entries.iter().filter(|(path, _)| paths.contains(path));
        Inventory {
            entries: entries.map(|(path, entry)| (path.clone(), entry.clone())).collect(),
            ..Inventory::default()
        }
    }

    /// The folders of the files, the root first.
    #[must_use]
    pub fn folders(&self) -> BTreeSet<ProjectPath> {
        let mut folders = BTreeSet::from([ProjectPath::root()]);
        folders.extend(self.entries.keys().flat_map(ProjectPath::folders_above));
        folders
    }

    /// Adds the links to files or folders of the inventory, and a warning for each other link.
    fn add_links(&mut self, root: &Path, links: &BTreeSet<&ProjectPath>) {
        let folders = self.folders();
        for &link in links {
            match resolve_link(root, link) {
                Some(to) if self.entries.contains_key(&to) || folders.contains(&to) => {
                    self.entries.insert(link.clone(), InventoryEntry::link(to));
                }
                _ => {
                    self.left_out.insert(link.clone());
                    self.warnings.push(format!(
                        "`{link}` is left out, because it is a link to a file that the check does \
                         not see"
                    ));
                }
            }
        }
    }
}

/// Warnings about the files that `include` names without a pattern, and that do not exist.
fn find_missing_includes(root: &Path, include: &[String]) -> Vec<String> {
    let mut warnings = Vec::new();
    for glob in include {
        let path = glob.trim_matches('/');
        let is_plain = path.contains('/') && !path.contains(['*', '?', '[', '\\', '!']);
        if is_plain && fs::symlink_metadata(root.join(path)).is_err() {
            warnings.push(format!("`include` names `{path}`, which does not exist"));
        }
    }
    warnings
}

/// The parts of a project that a file set names, and the markers at the root.
fn parts<'a>(file_set: &'a FileSet, markers: &'a [ProjectPath]) -> Vec<Part<'a>> {
    let (exclude, hidden) = (file_set.exclude.as_slice(), file_set.hidden.as_slice());
    let part = |path, include: &'a [String], is_generated| Part {
        path,
        exclude,
        include,
        hidden,
        is_generated,
    };
    let named = file_set.paths.iter().map(|path| part(path, &file_set.include, false));
    let markers = markers.iter().map(|path| part(path, &[], false));
    let generated = file_set.generated.iter().map(|path| part(path, &[], true));
    named.chain(markers).chain(generated).collect()
}

fn markers() -> Vec<ProjectPath> {
    ROOT_MARKERS.iter().filter_map(|marker| ProjectPath::new(marker).ok()).collect()
}

/// Reads the entry of a file, from `index` if possible; none if the file no longer exists.
fn read_entry(
    path: &ProjectPath,
    place: &Path,
    index: &Index,
    cancel: &Cancel,
) -> Result<Option<InventoryEntry>, SnapshotError> {
    // The metadata is read before the content: a change in between shows the next time.
    let metadata = match fs::symlink_metadata(place) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SnapshotError::io("read", place)(error)),
    };
    if metadata.len() > SOURCE_LIMIT {
        return Err(SnapshotError::TooLarge { path: path.to_string(), size: metadata.len() });
    }
    let executable = metadata.permissions().mode() & 0o111 != 0;
    if let Some(hash) = index.hash(path, &metadata) {
        return Ok(Some(InventoryEntry { kind: EntryKind::File { executable }, hash }));
    }
    match super::read_chunks(place, cancel, |_| Ok(())) {
        Ok(content) => {
            let entry = InventoryEntry::file(&content, executable);
            index.note(path, &metadata, entry.hash);
            Ok(Some(entry))
        }
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses a named path that does not exist, or that no walk reaches because of a link above it.
fn check_path(root: &Path, path: &ProjectPath) -> Result<(), SnapshotError> {
    let text = path.as_str();
    let ends = text.match_indices('/').map(|(end, _)| end).chain([text.len()]);
    for part in ends.filter_map(|end| ProjectPath::new(&text[..end]).ok()) {
        match fs::symlink_metadata(part.on_disk(root)) {
            Ok(metadata) if metadata.is_symlink() && !part.is_root() => {
                return Err(SnapshotError::Link(part));
            }
            Ok(_) => {}
            Err(_) => return Err(SnapshotError::Missing(path.clone())),
        }
    }
    Ok(())
}

/// The target of a link, if it is inside the project.
fn resolve_link(root: &Path, link: &ProjectPath) -> Option<ProjectPath> {
    let target = fs::canonicalize(link.on_disk(root)).ok()?;
    project_path(root, &target)
}

fn project_path(root: &Path, path: &Path) -> Option<ProjectPath> {
    let relative = path.strip_prefix(root).ok()?;
    if relative.as_os_str().is_empty() {
        return Some(ProjectPath::root());
    }
    ProjectPath::new(relative.to_str()?).ok()
}

#[cfg(test)]
mod tests;

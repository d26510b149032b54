//! Reads back a tree that a container could write to.
//!
//! Nothing in such a tree is trusted but the content of regular files that were put there, up to a size.
//! Everything else is only reported: links are not followed, and a path of an archive is used only if the
//! inventory has it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{EntryKind, Inventory, InventoryEntry, PROOF, SnapshotError};
use crate::hash::Hash;
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};

/// The size of the largest file that is accepted from a container, in bytes.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// The blocks of zeros that end an archive.
const ARCHIVE_END: [u8; 1024] = [0; 1024];

/// The changes in a tree that a container could write to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The new content of files of the inventory.
    pub contents: BTreeMap<ProjectPath, Vec<u8>>,
    /// Files that are new.
    pub added: BTreeSet<String>,
    /// Files of the inventory that are missing, have become something else, or are too large.
    pub lost: BTreeSet<ProjectPath>,
}

impl Changes {
    /// Reads the changes in a folder that was made from this inventory. Writers must have ended.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn in_folder(folder: &Path, inventory: &Inventory) -> Result<Changes, SnapshotError> {
        let mut reader = TreeReader::new(inventory);
        reader.read_folder(folder).map_err(SnapshotError::io("read", folder))?;
        Ok(reader.finish())
    }

    /// Reads the changes from a tar archive whose paths begin with the name of the folder.
    ///
    /// # Errors
    ///
    /// When the archive is invalid or incomplete.
    pub fn in_archive(archive: &[u8], inventory: &Inventory) -> Result<Changes, SnapshotError> {
        let mut reader = TreeReader::new(inventory);
        let read = if archive.ends_with(&ARCHIVE_END) {
            reader.read_archive(archive)
        } else {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive is incomplete"))
        };
        read.map_err(SnapshotError::io("read the archive of", Path::new(crate::container::APP)))?;
        Ok(reader.finish())
    }
}

/// Compares every file of a tree with an inventory.
struct TreeReader<'a> {
    inventory: &'a Inventory,
    unseen: BTreeSet<&'a ProjectPath>,
    changes: Changes,
}

impl<'a> TreeReader<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let unseen = inventory.entries.keys().collect();
        TreeReader { inventory, unseen, changes: Changes::default() }
    }

    /// Reads the tree in a folder. The type of each entry is known before it is opened, so that no link
    /// is followed and no pipe blocks.
    fn read_folder(&mut self, folder: &Path) -> io::Result<()> {
        let mut folders = vec![(folder.to_owned(), String::new())];
        while let Some((folder, above)) = folders.pop() {
            self.read_entries(&folder, &above, &mut folders)?;
        }
        Ok(())
    }

    /// Reads the files in a folder of this name, and adds its folders to the list.
    fn read_entries(
        &mut self,
        folder: &Path,
        name: &str,
        folders: &mut Vec<(PathBuf, String)>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = match name {
                "" => entry.file_name().to_string_lossy().into_owned(),
                above => format!("{above}/{}", entry.file_name().to_string_lossy()),
            };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push((entry.path(), name));
            } else if kind.is_file() {
                let size = entry.metadata()?.len();
                self.add_file(&name, size, || {
                    Ok(read::read_unlinked(&entry.path(), SizeLimit::Source)?)
                })?;
            } else {
                self.add_other(&name, kind.is_symlink());
            }
        }
        Ok(())
    }

    fn read_archive(&mut self, archive: &[u8]) -> io::Result<()> {
        for entry in tar::Archive::new(archive).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            // The name of the top folder depends on the program that made the archive.
            let Some((_, name)) = path.trim_end_matches('/').split_once('/') else {
                continue;
            };
            let name = name.to_owned();
            let kind = entry.header().entry_type();
            if kind.is_file() {
                let size = entry.size();
                self.add_file(&name, size, || {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content)?;
                    Ok(content)
                })?;
            } else if !kind.is_dir() {
                self.add_other(&name, kind.is_symlink());
            }
        }
        Ok(())
    }

    fn add_file(
        &mut self,
        name: &str,
        size: u64,
        content: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<()> {
        let Some((path, entry)) = self.find_entry(name) else {
            return Ok(());
        };
        let EntryKind::File { executable } = entry.kind else {
            return Ok(());
        };
        if size > MAX_SIZE {
            return Ok(());
        }
        self.unseen.remove(path);
        let content = content()?;
        if InventoryEntry::file(&Hash::of(&content), executable) != *entry {
            self.changes.contents.insert(path.clone(), content);
        }
        Ok(())
    }

    /// Adds an entry that is neither a file nor a folder.
    fn add_other(&mut self, name: &str, is_link: bool) {
        if let Some((path, entry)) = self.find_entry(name)
            && matches!(entry.kind, EntryKind::Link { .. })
            && is_link
        {
            self.unseen.remove(path);
        }
    }

    /// The entry of the inventory with exactly this name. A name that it does not have is added to the
    /// changes.
    fn find_entry(&mut self, name: &str) -> Option<(&'a ProjectPath, &'a InventoryEntry)> {
        let path = ProjectPath::new(name).ok().filter(|path| path.as_str() == name);
        let known = path.and_then(|path| self.inventory.entries.get_key_value(&path));
        if known.is_none() && name != PROOF {
            self.changes.added.insert(name.to_owned());
        }
        known
    }

    /// Adds the entries that are missing or have become something else.
    fn finish(self) -> Changes {
        let mut changes = self.changes;
        changes.lost = self.unseen.into_iter().cloned().collect();
        changes
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn path(text: &str) -> ProjectPath {
        ProjectPath::new(text).unwrap()
    }

    fn inventory() -> Inventory {
        let file = |name: &str| (path(name), InventoryEntry::file(&Hash::of(b"x = 1\n"), false));
        let link = (path("src/link.py"), InventoryEntry::link(path("src/same.py")));
        let files = ["src/same.py", "src/changed.py", "src/gone.py", "src/linked.py"].map(file);
        Inventory { entries: files.into_iter().chain([link]).collect(), ..Inventory::default() }
    }

    fn expected() -> Changes {
        Changes {
            contents: BTreeMap::from([(path("src/changed.py"), b"x = 2\n".to_vec())]),
            added: BTreeSet::from(["new.py".to_owned(), "src/loop".to_owned()]),
            lost: BTreeSet::from([path("src/gone.py"), path("src/linked.py")]),
        }
    }

    #[test]
    fn only_contents_of_known_files_are_read_from_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("src");
        fs::create_dir(&source).unwrap();
        fs::write(source.join("same.py"), "x = 1\n").unwrap();
        fs::write(source.join("changed.py"), "x = 2\n").unwrap();
        fs::write(folder.path().join("new.py"), "").unwrap();
        fs::write(folder.path().join(PROOF), "").unwrap();
        symlink("/etc/passwd", source.join("linked.py")).unwrap();
        symlink("same.py", source.join("link.py")).unwrap();
        symlink("/", source.join("loop")).unwrap();
        assert_eq!(Changes::in_folder(folder.path(), &inventory()).unwrap(), expected());
    }

    /// An archive of `/app` as docker makes it, with additional entries.
    fn archive(evil: &[&str]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut add = |name: &str, kind, content: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            // Names that a builder refuses are written as they are.
            let field = &mut header.as_old_mut().name;
            field[..name.len()].copy_from_slice(name.as_bytes());
            if kind == tar::EntryType::Symlink {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            builder.append(&header, content).unwrap();
        };
        let (file, link) = (tar::EntryType::Regular, tar::EntryType::Symlink);
        add("app/", tar::EntryType::Directory, b"");
        add("app/src/", tar::EntryType::Directory, b"");
        add("app/src/same.py", file, b"x = 1\n");
        add("app/src/changed.py", file, b"x = 2\n");
        add("app/new.py", file, b"");
        add(&format!("app/{PROOF}"), file, b"");
        add("app/src/linked.py", link, b"");
        add("app/src/link.py", link, b"");
        add("app/src/loop", link, b"");
        evil.iter().for_each(|name| add(name, file, b"evil"));
        builder.into_inner().unwrap()
    }

    #[test]
    fn only_contents_of_known_files_are_read_from_an_archive() {
        assert_eq!(Changes::in_archive(&archive(&[]), &inventory()).unwrap(), expected());
    }

    #[test]
    fn a_path_of_an_archive_is_never_trusted() {
        let evil =
            ["app/../src/same.py", "/etc/passwd", "app/src/../src/same.py", "app//src/same.py"];
        let mut changes = Changes::in_archive(&archive(&evil), &inventory()).unwrap();
        assert_eq!(changes.contents, expected().contents);
        changes.added.retain(|name| !expected().added.contains(name));
        assert_eq!(changes.added.len(), evil.len(), "{:?}", changes.added);
    }

    #[test]
    fn an_archive_without_its_end_is_refused() {
        let whole = archive(&[]);
        for length in [whole.len() - 1024, whole.len() - 1500, 512, 0] {
            let error = Changes::in_archive(&whole[..length], &inventory()).unwrap_err();
            assert!(error.to_string().contains("archive"), "{length}: {error}");
        }
    }

    #[test]
    fn a_file_that_became_too_large_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        let file = fs::File::create(folder.path().join("src/same.py")).unwrap();
        file.set_len(MAX_SIZE + 1).unwrap();
        let changes = Changes::in_folder(folder.path(), &inventory()).unwrap();
        assert!(changes.contents.is_empty() && changes.lost.contains(&path("src/same.py")));
    }
}

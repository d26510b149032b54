//! Snapshots: copies of exactly the files that a check may see.
//!
//! A [`FileSet`](crate::plan::FileSet) selects files, an [`Inventory`] lists them with their hashes, and
//! a [`Tree`] is the copy on disk that an engine places into a container. A file that changes between
//! hashing and copying is noticed, and both steps are repeated, so that a check reads exactly what was
//! hashed.

mod changes;
mod error;
mod globs;
mod inventory;
mod kept;
mod walk;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use self::kept::CopyRecord;
use crate::hash::{Hash, HashBuilder, Hasher};
use crate::process::Cancel;
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};

pub use changes::Changes;
pub use error::SnapshotError;
pub use inventory::{EntryKind, Inventory, InventoryEntry, ROOT_MARKERS};
pub(crate) use kept::KeptCopy;

/// The file in each tree with the hash of the tree. A container that can read it sees the tree.
pub const PROOF: &str = ".cargo-pipe-proof";

/// The empty folder that marks the root of a snapshot as that of a repository. Without it, black applies
/// the exclusions of its configuration to paths from the root of the file system.
const ROOT_MARKER: &str = ".hg";

/// The name of a file that is about to replace another file of the project. If a kill leaves it
/// behind, no check sees it, and the next fix removes it.
#[must_use]
pub fn staged_name(number: usize) -> String {
    format!("{STAGED_START}{}-{number}{STAGED_END}", std::process::id())
}

/// Whether a name was made by [`staged_name`].
#[must_use]
pub fn is_staged(name: &str) -> bool {
    name.strip_prefix(STAGED_START).and_then(|rest| rest.strip_suffix(STAGED_END)).is_some_and(
        |rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-'),
    )
}

const STAGED_START: &str = ".cargo-pipe-";
const STAGED_END: &str = ".new";

/// The modification time of every file of a snapshot, in seconds since 1970: 2000-01-01. Tools that
/// read it get the same time everywhere; archives cannot store times before 1980.
pub const MTIME: u64 = 946_684_800;

/// The number of bytes of a file that are read at once.
const CHUNK: usize = 1024 * 1024;

/// The size of the largest file that a check can see, in bytes.
const SOURCE_LIMIT: u64 = SizeLimit::Source.bytes();

/// How often a snapshot is attempted while files change.
const ATTEMPTS: usize = 3;

/// A folder that an engine places into a container, with the hash that proves that it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The folder on this machine.
    pub folder: PathBuf,
    /// The hash of its content, as written in its [`PROOF`].
    pub hash: Hash,
}

/// Calls `take` for an inventory and copies its files below `folder`. Both are repeated if files
/// change.
///
/// # Errors
///
/// When files cannot be read or copied, or change every time.
pub fn copy(
    root: &Path,
    folder: &Path,
    cancel: &Cancel,
    take: impl Fn() -> Result<Inventory, SnapshotError>,
) -> Result<(Inventory, Tree), SnapshotError> {
    let mut attempt = 1;
    loop {
        let inventory = take()?;
        let target = folder.join(attempt.to_string());
        match copy_once(root, &target, cancel, &inventory, &inventory.folders()) {
            Ok(tree) => return Ok((inventory, tree)),
            Err(error) if attempt == ATTEMPTS || !error.is_transient() => return Err(error),
            Err(_) => attempt += 1,
        }
    }
}

/// Copies some files of a tree, and all of its folders. `inventory` is that of the tree.
///
/// # Errors
///
/// When a file cannot be copied.
pub fn copy_part(
    tree: &Tree,
    inventory: &Inventory,
    files: &BTreeSet<ProjectPath>,
    folder: &Path,
    cancel: &Cancel,
) -> Result<Tree, SnapshotError> {
    copy_once(&tree.folder, folder, cancel, &inventory.only(files), &inventory.folders())
}

fn copy_once(
    root: &Path,
    target: &Path,
    cancel: &Cancel,
    inventory: &Inventory,
    folders: &BTreeSet<ProjectPath>,
) -> Result<Tree, SnapshotError> {
    CopyRecord::default().change(root, target, inventory, folders, cancel)?;
    write_proof(target, inventory.hash())
}

/// Copies a file, which must still be as the inventory lists it.
fn copy_entry(
    root: &Path,
    target: &Path,
    path: &ProjectPath,
    entry: &InventoryEntry,
    cancel: &Cancel,
) -> Result<(), SnapshotError> {
    let copied = match &entry.kind {
        EntryKind::File { executable } => {
            let mode = if *executable { 0o755 } else { 0o644 };
            let content = copy_file(&path.on_disk(root), &path.on_disk(target), mode, cancel)?;
            InventoryEntry::file(&content, *executable)
        }
        EntryKind::Link { to } => copy_link(target, path, to)?,
    };
    if copied == *entry { Ok(()) } else { Err(SnapshotError::Changing(path.clone())) }
}

/// Writes a tree of a few small files, given as `(name, content)`. A name may contain folders.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_tree(folder: &Path, files: &[(&str, &[u8])]) -> Result<Tree, SnapshotError> {
    create_folder(folder)?;
    let mut recipe = HashBuilder::new("tree");
    for (name, content) in files {
        let path = folder.join(name);
        let below = path.parent().filter(|parent| *parent != folder);
        below.map_or(Ok(()), create_folder)?;
        write(&path, content, 0o644)?;
        below.map_or(Ok(()), set_time)?;
        recipe = recipe.with(name).with(content);
    }
    let tree = write_proof(folder, recipe.hash())?;
    set_time(folder)?;
    Ok(tree)
}

fn write_proof(folder: &Path, hash: Hash) -> Result<Tree, SnapshotError> {
    write(&folder.join(PROOF), format!("{hash}\n").as_bytes(), 0o644)?;
    Ok(Tree { folder: folder.to_owned(), hash })
}

/// Copies a file and returns the hash of the copied content.
fn copy_file(
    source: &Path,
    target: &Path,
    mode: u32,
    cancel: &Cancel,
) -> Result<Hash, SnapshotError> {
    let mut copy = fs::File::create(target).map_err(SnapshotError::io("create", target))?;
    let hash = read_chunks(source, cancel, |chunk| {
        copy.write_all(chunk).map_err(SnapshotError::io("write", target))
    })?;
    set_mode_and_time(&copy, target, mode)?;
    Ok(hash)
}

/// Reads a regular file in chunks, and returns the hash of its content.
fn read_chunks(
    path: &Path,
    cancel: &Cancel,
    mut each: impl FnMut(&[u8]) -> Result<(), SnapshotError>,
) -> Result<Hash, SnapshotError> {
    // The walk saw a regular file; a link or a pipe that replaced it is neither followed nor waited for.
    let opened = read::open_unlinked(path);
    let (mut file, length) =
        opened.map_err(|error| SnapshotError::io("read", path)(error.into()))?;
    let too_large = |size| SnapshotError::TooLarge { path: path.display().to_string(), size };
    if length > SOURCE_LIMIT {
        return Err(too_large(length));
    }
    let mut total: u64 = 0;
    let mut hasher = Hasher::default();
    let mut chunk = vec![0; usize::try_from(length).unwrap_or(CHUNK).clamp(1, CHUNK)];
    loop {
        if cancel.stopped().is_some() {
            return Err(SnapshotError::Stopped);
        }
        match file.read(&mut chunk).map_err(SnapshotError::io("read", path))? {
            0 => return Ok(hasher.hash()),
            length => {
                total += length as u64;
                if total > SOURCE_LIMIT {
                    return Err(too_large(total));
                }
                hasher.add(&chunk[..length]);
                each(&chunk[..length])?;
            }
        }
    }
}

fn copy_link(
    target: &Path,
    path: &ProjectPath,
    to: &ProjectPath,
) -> Result<InventoryEntry, SnapshotError> {
    let link = path.on_disk(target);
    let up = "../".repeat(path.as_str().matches('/').count());
    std::os::unix::fs::symlink(format!("{up}{to}"), &link)
        .map_err(SnapshotError::io("link", &link))?;
    Ok(InventoryEntry::link(to.clone()))
}

fn create_folder(folder: &Path) -> Result<(), SnapshotError> {
    fs::create_dir_all(folder).map_err(SnapshotError::io("create", folder))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
        .map_err(SnapshotError::io("set the mode of", folder))
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), SnapshotError> {
    let mut file = fs::File::create(path).map_err(SnapshotError::io("create", path))?;
    file.write_all(content).map_err(SnapshotError::io("write", path))?;
    set_mode_and_time(&file, path, mode)
}

/// Sets the time of a written file, and its mode regardless of the umask.
fn set_mode_and_time(file: &fs::File, path: &Path, mode: u32) -> Result<(), SnapshotError> {
    file.set_permissions(fs::Permissions::from_mode(mode))
        .map_err(SnapshotError::io("set the mode of", path))?;
    file.set_modified(time()).map_err(SnapshotError::io("set the time of", path))
}

/// Sets the time of a folder.
fn set_time(folder: &Path) -> Result<(), SnapshotError> {
    fs::File::open(folder)
        .and_then(|opened| opened.set_modified(time()))
        .map_err(SnapshotError::io("set the time of", folder))
}

fn time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(MTIME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Index;
    use crate::plan::FileSet;

    fn file_set(paths: &[&str]) -> FileSet {
        FileSet {
            paths: paths.iter().map(|path| ProjectPath::new(path).unwrap()).collect(),
            ..FileSet::default()
        }
    }

    #[test]
    fn a_copy_has_the_content_of_the_inventory_and_plain_modes() {
        let project = tempfile::tempdir().unwrap();
        let target = tempfile::tempdir().unwrap();
        let source = project.path().join("src");
        fs::create_dir(&source).unwrap();
        fs::write(source.join("a.py"), "x = 1\n").unwrap();
        fs::set_permissions(source.join("a.py"), fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink("a.py", source.join("b.py")).unwrap();

        let file_set = file_set(&["src"]);
        let take =
            || Inventory::take(project.path(), &file_set, &Index::none(), &Cancel::default());
        let (inventory, tree) =
            copy(project.path(), target.path(), &Cancel::default(), take).unwrap();

        let copied = tree.folder.join("src/a.py");
        assert_eq!(fs::read_to_string(&copied).unwrap(), "x = 1\n");
        assert_eq!(fs::metadata(&copied).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_to_string(tree.folder.join("src/b.py")).unwrap(), "x = 1\n");
        let proof = fs::read_to_string(tree.folder.join(PROOF)).unwrap();
        assert_eq!(proof.trim_end(), inventory.hash().to_string());
    }

    #[test]
    fn a_file_that_changes_after_it_was_hashed_is_hashed_again() {
        let project = tempfile::tempdir().unwrap();
        let target = tempfile::tempdir().unwrap();
        let file = project.path().join("a.py");
        fs::write(&file, "x = 1\n").unwrap();
        let edits = std::cell::Cell::new(0);
        let file_set = file_set(&["."]);
        let take = || {
            let inventory =
                Inventory::take(project.path(), &file_set, &Index::none(), &Cancel::default());
            if edits.replace(edits.get() + 1) == 0 {
                fs::write(&file, "x = 2\n").unwrap();
            }
            inventory
        };
        let (inventory, tree) =
            copy(project.path(), target.path(), &Cancel::default(), take).unwrap();
        assert_eq!(edits.get(), 2);
        assert_eq!(fs::read(tree.folder.join("a.py")).unwrap(), b"x = 2\n");
        let path = ProjectPath::new("a.py").unwrap();
        assert_eq!(inventory.entries[&path], InventoryEntry::file(&Hash::of(b"x = 2\n"), false));
    }
}

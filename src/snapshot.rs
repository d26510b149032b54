//! Copies exactly the files that a check may see.
//!
//! Owns the way from a [`FileSet`](crate::plan::FileSet) over an [`Inventory`] of hashed files
//! to a [`Tree`] on the disk that an engine can place into a container. It knows no tool and no
//! container. What a check can read is what is hashed: a file that changes between the two is
//! noticed, and both are done again.

mod changes;
mod inventory;
mod tracked;
mod walk;

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rayon::prelude::*;

use crate::hash::{Hash, HashBuilder, Hasher};
use crate::outcome::{Reason, ReasonKind};
use crate::process::Cancel;
use crate::project::ProjectPath;

pub use changes::Changes;
pub use inventory::{EntryKind, Inventory, InventoryEntry};
pub use tracked::tracked_but_ignored;

/// The file in each tree that holds the tree's hash: a container that can read it sees the tree.
pub const PROOF: &str = ".cargo-pipe-proof";

/// The name of a file that is about to take another one's place in the project. One that a kill
/// left behind is no file of the project: no check sees it, and the next fix removes it.
#[must_use]
pub fn staged_name(number: usize) -> String {
    format!("{STAGED_START}{}-{number}{STAGED_END}", std::process::id())
}

/// Whether a name is one that [`staged_name`] gives.
#[must_use]
pub fn is_staged(name: &str) -> bool {
    name.strip_prefix(STAGED_START).and_then(|rest| rest.strip_suffix(STAGED_END)).is_some_and(
        |rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-'),
    )
}

const STAGED_START: &str = ".cargo-pipe-";
const STAGED_END: &str = ".new";

/// When every file of a snapshot was modified, in seconds since 1970: 2000-01-01. Tools that look at
/// it see the same everywhere; archives know no time before 1980.
pub const MTIME: u64 = 946_684_800;

/// How much of a file is read at a time, in bytes.
const CHUNK: usize = 1024 * 1024;

/// How often a snapshot is taken anew because files changed meanwhile.
const ATTEMPTS: usize = 3;

/// Why files cannot be taken.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A path that the configuration names is not there.
    #[error("`{0}` does not exist")]
    Missing(ProjectPath),
    /// A glob cannot be read.
    #[error("`{glob}` is no pattern: {reason}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A path that the configuration names is a link.
    #[error("`{0}` is a link; name the folder or file that it leads to")]
    Link(ProjectPath),
    /// The run was stopped meanwhile.
    #[error("stopped")]
    Stopped,
    /// A file changed each time it was read.
    #[error("`{0}` keeps changing while it is read")]
    Changing(ProjectPath),
}

impl SnapshotError {
    /// The reason of a check that ends with this error.
    pub(crate) fn reason(&self) -> Reason {
        let (kind, hint) = match self {
            SnapshotError::Missing(_) => {
                let hint = "change `source` or `inputs` in pipe.toml to a path that exists";
                (ReasonKind::Config, Some(hint.to_owned()))
            }
            SnapshotError::Glob { .. } | SnapshotError::Link(_) => (ReasonKind::Config, None),
            SnapshotError::Stopped => (ReasonKind::Stopped, None),
            _ => (ReasonKind::Environment, None),
        };
        Reason::new(kind, self.to_string()).with_hint(hint)
    }

    /// Whether it may be over the next time: somebody edits, renames or deletes files.
    fn may_pass(&self) -> bool {
        self.is_gone() || matches!(self, SnapshotError::Changing(_))
    }

    /// Whether a file or folder was not there any more.
    fn is_gone(&self) -> bool {
        matches!(self, SnapshotError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    pub(crate) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> SnapshotError + use<'a> {
        move |source| SnapshotError::Io { action, path: path.to_owned(), source: Arc::new(source) }
    }
}

/// A folder that can be placed into a container, and the hash that proves that it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The folder on this machine.
    pub folder: PathBuf,
    /// The hash of what it holds, as written in its [`PROOF`].
    pub hash: Hash,
}

/// Takes an inventory by `take` and copies it below `folder`, again if files change meanwhile.
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
        match copy_once(root, &target, cancel, &inventory) {
            Ok(tree) => return Ok((inventory, tree)),
            Err(error) if attempt == ATTEMPTS || !error.may_pass() => return Err(error),
            Err(_) => attempt += 1,
        }
    }
}

fn copy_once(
    root: &Path,
    target: &Path,
    cancel: &Cancel,
    inventory: &Inventory,
) -> Result<Tree, SnapshotError> {
    for folder in inventory.folders() {
        create_folder(&folder.on_disk(target))?;
    }
    inventory.entries.par_iter().try_for_each(|(path, entry)| {
        let copied = match &entry.kind {
            EntryKind::File { executable } => {
                let mode = if *executable { 0o755 } else { 0o644 };
                let content = copy_file(&path.on_disk(root), &path.on_disk(target), mode, cancel)?;
                InventoryEntry::file(&content, *executable)
            }
            EntryKind::Link { to } => copy_link(target, path, to)?,
        };
        if copied == *entry { Ok(()) } else { Err(SnapshotError::Changing(path.clone())) }
    })?;
    let tree = prove(target, inventory.hash())?;
    // The deepest first: what is put into a folder changes its time.
    inventory.folders().iter().rev().try_for_each(|folder| set_time(&folder.on_disk(target)))?;
    Ok(tree)
}

/// Writes a tree of a few small files whose content is at hand: `(name, content)`. A name may be
/// that of a file in a folder.
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
    let tree = prove(folder, recipe.hash())?;
    set_time(folder)?;
    Ok(tree)
}

fn prove(folder: &Path, hash: Hash) -> Result<Tree, SnapshotError> {
    write(&folder.join(PROOF), format!("{hash}\n").as_bytes(), 0o644)?;
    Ok(Tree { folder: folder.to_owned(), hash })
}

/// Copies a file and returns the hash of what was copied.
fn copy_file(
    source: &Path,
    target: &Path,
    mode: u32,
    cancel: &Cancel,
) -> Result<Hash, SnapshotError> {
    let mut copy = fs::File::create(target).map_err(SnapshotError::io("create", target))?;
    let hash = read(source, cancel, |chunk| {
        copy.write_all(chunk).map_err(SnapshotError::io("write", target))
    })?;
    settle(&copy, target, mode)?;
    Ok(hash)
}

/// Reads a regular file piece by piece, and returns the hash of it all.
fn read(
    path: &Path,
    cancel: &Cancel,
    mut each: impl FnMut(&[u8]) -> Result<(), SnapshotError>,
) -> Result<Hash, SnapshotError> {
    let mut file = fs::File::open(path).map_err(SnapshotError::io("read", path))?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut hasher = Hasher::default();
    let mut chunk = vec![0; usize::try_from(length).unwrap_or(CHUNK).clamp(1, CHUNK)];
    loop {
        if cancel.stopped().is_some() {
            return Err(SnapshotError::Stopped);
        }
        match file.read(&mut chunk).map_err(SnapshotError::io("read", path))? {
            0 => return Ok(hasher.hash()),
            length => {
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
    settle(&file, path, mode)
}

/// Gives a written file its time, and its mode in spite of the umask.
fn settle(file: &fs::File, path: &Path, mode: u32) -> Result<(), SnapshotError> {
    file.set_permissions(fs::Permissions::from_mode(mode))
        .map_err(SnapshotError::io("set the mode of", path))?;
    file.set_modified(time()).map_err(SnapshotError::io("set the time of", path))
}

/// Gives a folder its time.
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
            exclude: Vec::new(),
            include: Vec::new(),
        }
    }

    #[test]
    fn a_copy_holds_what_the_inventory_says_with_plain_modes() {
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

//! Writes fixed files back to the project.
//!
//! A file is replaced whole or not at all, by rename, with its mode and owner, and only if it still
//! has the content that was fixed. Folders are entered one by one without following a link, so
//! nothing is ever written outside of the project.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, renameat, unlinkat};

use crate::hash::Hash;
use crate::project::ProjectPath;
use crate::read::SizeLimit;
use crate::snapshot::{InventoryEntry, is_staged, staged_name};

/// A new content for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// The file.
    pub path: ProjectPath,
    /// The file as it was fixed; if it differs by now, it is left alone.
    pub before: InventoryEntry,
    /// Its new content.
    pub content: Vec<u8>,
}

/// The reason why a file was left alone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeftAlone {
    /// It was edited meanwhile.
    #[error("`{0}` was edited while it was being fixed, so it was left alone")]
    Edited(ProjectPath),
    /// Its owner cannot be kept.
    #[error("`{0}` belongs to another user, so it was left alone")]
    Foreign(ProjectPath),
    /// It cannot be replaced.
    #[error("`{path}` could not be replaced: {source}")]
    Io {
        /// The file.
        path: ProjectPath,
        /// The error of the system.
        source: io::Error,
    },
}

/// The result of writing amendments.
#[derive(Debug, Default)]
pub struct Written {
    /// The files that have their new content.
    pub changed: Vec<ProjectPath>,
    /// The files that still have their old content, and why.
    pub left_alone: BTreeMap<ProjectPath, LeftAlone>,
}

/// A step of writing a file back. Between any two of them every file is old or new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteBackStep<'a> {
    /// The new content is in a file of its own next to the old one.
    Staged(&'a ProjectPath),
    /// The old file still has the content that was fixed, and the new one has its mode and owner.
    Compared(&'a ProjectPath),
    /// The file is new.
    Replaced(&'a ProjectPath),
}

/// Writes amendments to the project at `root`, one after the other, as long as `observe` goes on.
///
/// # Errors
///
/// When the project's folder cannot be locked. The result contains the errors of single files.
pub fn write(
    root: &Path,
    amendments: &[Amendment],
    observe: &mut dyn FnMut(WriteBackStep<'_>) -> ControlFlow<()>,
) -> io::Result<Written> {
    let root = File::open(root)?;
    // Another process that writes to this project waits, so every staged file is ours.
    root.lock()?;
    let mut written = Written::default();
    for (number, amendment) in amendments.iter().enumerate() {
        let path = &amendment.path;
        match replace(&root, amendment, number, observe) {
            Ok(ControlFlow::Continue(())) => {
                written.changed.push(path.clone());
                if observe(WriteBackStep::Replaced(path)).is_break() {
                    break;
                }
            }
            Ok(ControlFlow::Break(())) => break,
            Err(left_alone) => {
                written.left_alone.insert(path.clone(), left_alone);
            }
        }
    }
    Ok(written)
}

/// Removes staged files that a killed run left behind in these folders of the project.
///
/// # Errors
///
/// When the project's folder cannot be locked. A single file that stays does no harm.
pub fn sweep<'a>(
    root: &Path,
    folders: impl IntoIterator<Item = &'a ProjectPath>,
) -> io::Result<()> {
    let root = File::open(root)?;
    root.lock()?;
    for folder in folders {
        let Ok(folder) = enter(&root, parts(folder)) else { continue };
        let Ok(entries) = Dir::read_from(&folder) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_ok_and(is_staged) {
                let _ = unlinkat(&folder, entry.file_name(), AtFlags::empty());
            }
        }
    }
    Ok(())
}

/// Replaces one file; stops, with the old one in place, when `observe` breaks.
fn replace(
    root: &File,
    amendment: &Amendment,
    number: usize,
    observe: &mut dyn FnMut(WriteBackStep<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, LeftAlone> {
    let path = &amendment.path;
    let failed = |source| LeftAlone::Io { path: path.clone(), source };
    let folders: Vec<&str> = parts(path).collect();
    let Some((name, folders)) = folders.split_last() else {
        return Err(failed(io::ErrorKind::InvalidFilename.into()));
    };
    let folder = enter(root, folders.iter().copied()).map_err(failed)?;
    let staged = Staged::create(&folder, number, &amendment.content).map_err(failed)?;
    if observe(WriteBackStep::Staged(path)).is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let current = current(&folder, name).map_err(failed)?;
    let Some(metadata) = current.filter(|(_, entry)| *entry == amendment.before) else {
        return Err(LeftAlone::Edited(path.clone()));
    };
    staged.adopt(&metadata.0).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => LeftAlone::Foreign(path.clone()),
        _ => failed(source),
    })?;
    if observe(WriteBackStep::Compared(path)).is_break() {
        return Ok(ControlFlow::Break(()));
    }
    staged.rename(name).map_err(failed)?;
    Ok(ControlFlow::Continue(()))
}

/// The parts of a path, none for the root.
fn parts(path: &ProjectPath) -> impl Iterator<Item = &str> {
    path.as_str().split('/').filter(|part| *part != ".")
}

/// Opens a folder below another one, without following a link on the way.
fn enter<'a>(root: &File, parts: impl IntoIterator<Item = &'a str>) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut folder = root.try_clone()?;
    for part in parts {
        folder = openat(&folder, part, flags, Mode::empty())?.into();
    }
    Ok(folder)
}

/// The regular file with this name, as an inventory lists it; none if it is missing or a link.
fn current(folder: &File, name: &str) -> io::Result<Option<(fs::Metadata, InventoryEntry)>> {
    // A pipe that took the file's place must not be waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file: File = match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => file.into(),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::LOOP) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let metadata = file.metadata()?;
    // One that has grown beyond the limit was edited.
    if !metadata.is_file() || metadata.len() > SizeLimit::Source.bytes() {
        return Ok(None);
    }
    let mut content = Vec::new();
    (&mut file).take(SizeLimit::Source.bytes()).read_to_end(&mut content)?;
    let entry = InventoryEntry::file(&Hash::of(&content), metadata.mode() & 0o111 != 0);
    Ok(Some((metadata, entry)))
}

/// A new file next to the one that it will replace; removed if dropped before that.
struct Staged<'a> {
    folder: &'a File,
    file: File,
    name: Option<String>,
}

impl<'a> Staged<'a> {
    /// Writes a content to a file that only its owner can read.
    fn create(folder: &'a File, number: usize, content: &[u8]) -> io::Result<Self> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name = staged_name(number);
        let open = || openat(folder, &name, flags, Mode::RUSR | Mode::WUSR);
        let file = match open() {
            // A killed run left it: a living one holds the project's lock.
            Err(rustix::io::Errno::EXIST) => {
                unlinkat(folder, &name, AtFlags::empty())?;
                open()?
            }
            opened => opened?,
        };
        let mut staged = Staged { folder, file: file.into(), name: Some(name) };
        staged.file.write_all(content)?;
        staged.file.sync_data()?;
        Ok(staged)
    }

    /// Gives it the owner and the mode of another file, regardless of the umask. The owner comes
    /// first: changing it clears bits of the mode.
    fn adopt(&self, other: &fs::Metadata) -> io::Result<()> {
        let ours = self.file.metadata()?;
        let differs = |ours: u32, theirs: u32| (ours != theirs).then_some(theirs);
        let (user, group) = (differs(ours.uid(), other.uid()), differs(ours.gid(), other.gid()));
        if user.is_some() || group.is_some() {
            fchown(&self.file, user, group)?;
        }
        self.file.set_permissions(Permissions::from_mode(other.mode() & 0o7777))
    }

    fn rename(mut self, name: &str) -> io::Result<()> {
        if let Some(staged) = &self.name {
            renameat(self.folder, staged, self.folder, name)?;
        }
        self.name = None;
        Ok(())
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // A file that stays is swept by the next fix.
            let _ = unlinkat(self.folder, name, AtFlags::empty());
        }
    }
}

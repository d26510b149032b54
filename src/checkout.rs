//! Checkouts: folders in the cache with exactly the files of a git index.
//!
//! A hook checks what is staged, and not the files that the user works on. The checkout of a project
//! is kept, so that the next hook writes only the files that differ. A file counts as written only
//! while its metadata is as it was recorded after writing: whatever a kill leaves half-done, or
//! another program changes, is written again.

mod error;
mod merge;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::cache::{self, Stat, last_run};
use crate::event::Event;
use crate::git::{GitContext, HookIndex, Staged, StagedContent, StagedFile, StagedKind};
use crate::process::Wake;
use crate::project::{CHECKOUT, Project, ProjectPath};
use crate::read::{self, SizeLimit};

pub use error::CheckoutError;
pub use merge::merge;
use record::{CheckoutRecord, RecordedFile};

/// The folder with the files.
const FILES: &str = "files";
/// The time after which a hook says that it waits for another one.
const QUIET: Duration = Duration::from_secs(1);

/// The lock of a hook that uses them.
const LOCK: &str = "lock";
/// The name of a link in the place of a file that is withheld. It leads nowhere, so that nothing reads
/// the file.
const WITHHELD: &str = ".cargo-pipe-withheld";

/// The files of an index on disk, locked for this process.
#[derive(Debug)]
pub struct Checkout {
    /// The folder of the project's files.
    pub root: PathBuf,
    /// The files that are not there, and why.
    pub withheld: BTreeMap<ProjectPath, String>,
    index: HookIndex,
    record: CheckoutRecord,
    _lock: File,
}

impl Checkout {
    /// Brings the checkout of a project up to date with an index. `project` is the folder that the user
    /// works in, and `cache` the folder of cargo pipe in the user's cache.
    ///
    /// # Errors
    ///
    /// When git fails, the files cannot be written, or the run is stopped.
    pub fn update(
        cache: &Path,
        project: &Project,
        context: GitContext<'_>,
        index: &HookIndex,
    ) -> Result<Checkout, CheckoutError> {
        let folder = last_run::create_below(cache, &project.id(), CHECKOUT)
            .map_err(CheckoutError::io("create", &last_run::all(cache).join(project.id())))?;
        let lock = wait_for_lock(&folder.join(LOCK), context)?;
        let root = folder.join(FILES);
        fs::create_dir_all(&root).map_err(CheckoutError::io("create", &root))?;
        let before = CheckoutRecord::read(&folder);
        let staged = Staged::list(context, index)?;
        let kept = select_kept(&root, &staged, before.as_ref())?;
        let mut record =
            CheckoutRecord { root: project.identity.clone(), ..CheckoutRecord::new(&staged) };
        let stale: BTreeSet<&str> =
            staged.files.keys().map(String::as_str).filter(|it| !kept.contains(*it)).collect();
        let mut withheld = BTreeMap::new();
        for file in before.iter().flat_map(|before| &before.files) {
            if kept.contains(file.path.as_str()) {
                record.files.push(file.clone());
            }
        }
        staged.read(&stale, |path, content| {
            if context.cancel.stopped().is_some() {
                return Err(CheckoutError::Stopped);
            }
            record.files.push(write(&root, path, &staged.files[path], content)?);
            Ok(())
        })?;
        for path in stale.iter().filter(|it| staged.files[**it].kind == StagedKind::Submodule) {
            record.files.push(create_submodule(&root, path, &staged.files[*path])?);
        }
        record.files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        for file in &record.files {
            if let (Some(why), Ok(path)) = (&file.withheld, ProjectPath::new(&file.path)) {
                withheld.insert(path, why.clone());
            }
        }
        if before.as_ref() != Some(&record) {
            record.write(&folder)?;
            sweep(cache, &folder);
        }
        Ok(Checkout { root, withheld, index: index.clone(), record, _lock: lock })
    }
}

impl Checkout {
    /// The index that was checked out.
    #[must_use]
    pub fn index(&self) -> &HookIndex {
        &self.index
    }

    /// The files whose content changed since they were written: those that fixers changed.
    ///
    /// # Errors
    ///
    /// When such a file cannot be read.
    pub fn changed(&self) -> Result<Vec<ChangedFile>, CheckoutError> {
        let mut changed = Vec::new();
        for file in self.record.files.iter().filter(|file| file.withheld.is_none()) {
            let place = self.root.join(&file.path);
            let failed = CheckoutError::io("read", &place);
            let metadata = fs::symlink_metadata(&place).map_err(&failed)?;
            if !metadata.is_file() || file.has_stat(&Stat::from_metadata(&metadata)) {
                continue;
            }
            let content = read::read_unlinked(&place, SizeLimit::Source)
                .map_err(|error| failed(error.into()))?;
            let (path, id) = (file.path.clone(), file.id.clone());
            changed.push(ChangedFile { path, id, content });
        }
        Ok(changed)
    }
}

/// A file of a checkout that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its path within the project.
    pub path: String,
    /// The hash of the content that was staged.
    pub id: String,
    /// Its content now.
    pub content: Vec<u8>,
}

/// Waits until no other hook uses the checkout.
fn wait_for_lock(path: &Path, context: GitContext<'_>) -> Result<File, CheckoutError> {
    let file = cache::open_lock(path).map_err(CheckoutError::io("open", path))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::Error(error)) => return Err(CheckoutError::io("lock", path)(error)),
        Err(TryLockError::WouldBlock) => {}
    }
    // Such a wait cannot be interrupted, so it happens in a thread of its own.
    let (wake, wakes) = channel();
    let (locked, result) = channel();
    let _listening = context.cancel.listen(wake.clone());
    let waiting = std::thread::Builder::new().spawn(move || {
        if file.lock().is_ok() {
            // If this fails, the caller has given up, and the lock is released.
            drop(locked.send(file));
        }
        wake.send(Wake::Exited)
    });
    waiting.map_err(CheckoutError::io("wait for", path))?;
    let woken = wakes.recv_timeout(QUIET).or_else(|_| {
        context.emitter.emit(&Event::Waiting { reason: "another hook of this project is running" });
        wakes.recv()
    });
    match woken {
        Ok(Wake::Exited) => {
            let failed = |error| CheckoutError::io("lock", path)(std::io::Error::other(error));
            result.try_recv().map_err(failed)
        }
        _ => Err(CheckoutError::Stopped),
    }
}

/// Removes everything from the folder that is not a file of the index as it was recorded, and returns
/// the paths of those that are.
fn select_kept<'r>(
    root: &Path,
    staged: &Staged<'_>,
    before: Option<&'r CheckoutRecord>,
) -> Result<BTreeSet<&'r str>, CheckoutError> {
    let recorded: BTreeMap<&str, &RecordedFile> = match before {
        Some(before) if before.conversion == staged.conversion => {
            before.files.iter().map(|file| (file.path.as_str(), file)).collect()
        }
        _ => BTreeMap::new(),
    };
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for path in staged.files.keys() {
        folders.extend(path.match_indices('/').map(|(end, _)| &path[..end]));
    }
    let mut kept = BTreeSet::new();
    let mut pending = vec![String::new()];
    while let Some(folder) = pending.pop() {
        let place = root.join(&folder);
        let entries = fs::read_dir(&place).map_err(CheckoutError::io("list", &place))?;
        for entry in entries {
            let entry = entry.map_err(CheckoutError::io("list", &place))?;
            let place = entry.path();
            let metadata =
                fs::symlink_metadata(&place).map_err(CheckoutError::io("inspect", &place))?;
            let path = entry.file_name().into_string().ok().map(|name| match folder.as_str() {
                "" => name,
                folder => format!("{folder}/{name}"),
            });
            let known = path.as_deref().and_then(|path| {
                let (file, wanted) = (recorded.get(path)?, staged.files.get(path)?);
                file.is_written(wanted, &Stat::from_metadata(&metadata)).then_some(*file)
            });
            match (known, path) {
                (Some(file), _) => drop(kept.insert(file.path.as_str())),
                (None, Some(path)) if metadata.is_dir() && folders.contains(path.as_str()) => {
                    pending.push(path);
                }
                (None, _) => remove(&place, metadata.is_dir())?,
            }
        }
    }
    Ok(kept)
}

fn remove(place: &Path, is_folder: bool) -> Result<(), CheckoutError> {
    let removed = if is_folder { cache::remove_folder(place) } else { fs::remove_file(place) };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(CheckoutError::io("remove", place)(error))
        }
        _ => Ok(()),
    }
}

/// Writes a file that does not exist.
fn write(
    root: &Path,
    path: &str,
    file: &StagedFile,
    content: StagedContent,
) -> Result<RecordedFile, CheckoutError> {
    let place = root.join(path);
    create_parent(&place)?;
    let failed = || CheckoutError::io("write", &place);
    let withheld = match (content, file.kind) {
        (StagedContent::Withheld(why), _) => {
            symlink(WITHHELD, &place).map_err(failed())?;
            Some(why)
        }
        (StagedContent::Bytes(target), StagedKind::Link) => {
            let target = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&target);
            symlink(target, &place).map_err(failed())?;
            None
        }
        (StagedContent::Bytes(content), _) => {
            let executable = matches!(file.kind, StagedKind::File { executable: true });
            let mode = if executable { 0o755 } else { 0o644 };
            let mut new = File::create_new(&place).map_err(failed())?;
            new.write_all(&content).map_err(failed())?;
            new.set_permissions(fs::Permissions::from_mode(mode)).map_err(failed())?;
            None
        }
    };
    record(path, &place, file, withheld)
}

/// Creates the empty folder that a clone has in the place of a submodule.
fn create_submodule(
    root: &Path,
    path: &str,
    file: &StagedFile,
) -> Result<RecordedFile, CheckoutError> {
    let place = root.join(path);
    fs::create_dir_all(&place).map_err(CheckoutError::io("create", &place))?;
    record(path, &place, file, None)
}

fn create_parent(place: &Path) -> Result<(), CheckoutError> {
    let Some(parent) = place.parent() else { return Ok(()) };
    fs::create_dir_all(parent).map_err(CheckoutError::io("create", parent))
}

fn record(
    path: &str,
    place: &Path,
    file: &StagedFile,
    withheld: Option<String>,
) -> Result<RecordedFile, CheckoutError> {
    let metadata = fs::symlink_metadata(place).map_err(CheckoutError::io("inspect", place))?;
    let stat = Stat::from_metadata(&metadata);
    Ok(RecordedFile::new(path, file, stat, withheld))
}

/// Removes the checkouts of projects that no longer exist.
fn sweep(cache: &Path, own: &Path) {
    let Ok(projects) = fs::read_dir(last_run::all(cache)) else { return };
    for project in projects.flatten() {
        let folder = project.path().join(CHECKOUT);
        if folder == own || !folder.is_dir() {
            continue;
        }
        let is_gone = CheckoutRecord::read_root(&folder).is_some_and(|root| !root.is_dir());
        let is_unused =
            || cache::open_lock(&folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_gone && is_unused() {
            // If this fails, the next hook tries again.
            let _ = cache::remove_folder(&folder);
        }
    }
}

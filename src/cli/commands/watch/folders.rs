//! Watches folders for changes, or says that they have to be looked at from time to time.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind as IoErrorKind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::lookout::{Notice, send_change};
use crate::cli::settings::Polling;
use crate::process::try_threads;
use crate::report::harmless;

/// Watches folders, each without those below it.
pub(super) struct FolderWatch {
    way: Way,
    /// The folders that were lost since the last call.
    lost: Arc<Mutex<Lost>>,
}

/// The number of paths that are remembered before each folder counts as lost.
const MAX_LOST: usize = 10_000;

/// The way in which changes are noticed.
enum Way {
    /// The system reports changes in these folders.
    Reported { watcher: Box<RecommendedWatcher>, folders: BTreeSet<PathBuf> },
    /// Files are looked at from time to time, for this reason.
    Polled { reason: String },
}

/// The watched folders that may not be watched any longer.
#[derive(Default)]
struct Lost {
    /// Whatever was at these paths was removed or renamed.
    paths: BTreeSet<PathBuf>,
    /// The system has dropped reports, so it can be any of them.
    is_all: bool,
}

impl FolderWatch {
    /// Watches no folder yet. Each change of one that is watched is sent as a notice.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(super) fn new(polling: Polling, notices: SyncSender<Notice>) -> io::Result<Self> {
        let lost = Arc::<Mutex<Lost>>::default();
        if polling == Polling::Always {
            return Ok(FolderWatch { way: Way::Polled { reason: "of `--poll`".to_owned() }, lost });
        }
        // A watcher without its thread panics when it gets its first folder.
        try_threads(1)?;
        let noted = Arc::clone(&lost);
        let report = move |event: notify::Result<Event>| {
            if note(event, &mut noted.lock().unwrap_or_else(PoisonError::into_inner)) {
                send_change(&notices);
            }
        };
        let way = match notify::recommended_watcher(report) {
            Ok(watcher) => Way::Reported { watcher: Box::new(watcher), folders: BTreeSet::new() },
            Err(error) => Way::Polled { reason: describe(&error) },
        };
        Ok(FolderWatch { way, lost })
    }

    /// The number of watched folders, or the reason why files have to be looked at from time to time.
    pub(super) fn number(&self) -> Result<usize, &str> {
        match &self.way {
            Way::Reported { folders, .. } => Ok(folders.len()),
            Way::Polled { reason } => Err(reason),
        }
    }

    /// Watches these folders and no others. Returns whether one was not watched before.
    pub(super) fn watch(&mut self, wanted: BTreeSet<PathBuf>) -> bool {
        let Way::Reported { watcher, folders } = &mut self.way else { return false };
        let lost = std::mem::take(&mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner));
        folders.retain(|folder| !lost.is_all && !lost.paths.contains(folder));
        let new: Vec<&PathBuf> = wanted.difference(folders).collect();
        match change(watcher.as_mut(), &new, folders.difference(&wanted)) {
            Ok(()) => {
                let is_new = !new.is_empty();
                *folders = wanted;
                is_new
            }
            Err(reason) => {
                self.way = Way::Polled { reason };
                true
            }
        }
    }
}

/// Begins and stops to watch folders.
///
/// # Errors
///
/// The reason why one of the new ones cannot be watched.
fn change<'p>(
    watcher: &mut RecommendedWatcher,
    new: &[&PathBuf],
    old: impl Iterator<Item = &'p PathBuf>,
) -> Result<(), String> {
    for folder in new {
        if let Some(name) = find_silent_file_system(folder) {
            let folder = harmless::line(&folder.display().to_string());
            return Err(format!("`{folder}` is on {name}, which may not report changes"));
        }
    }
    let mut paths = watcher.paths_mut();
    for folder in old {
        // It may be gone, and is then not watched any longer.
        let _ = paths.remove(folder);
    }
    for folder in new {
        match paths.add(folder, RecursiveMode::NonRecursive) {
            Ok(()) => {}
            // Its files are covered by nothing either.
            Err(error) if is_out_of_reach(&error) => {}
            Err(error) => return Err(describe(&error)),
        }
    }
    paths.commit().or_else(|error| match is_out_of_reach(&error) {
        true => Ok(()),
        false => Err(describe(&error)),
    })
}

/// Whether an error means that a folder does not exist or cannot be entered.
fn is_out_of_reach(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => matches!(
            error.kind(),
            IoErrorKind::NotFound | IoErrorKind::PermissionDenied | IoErrorKind::NotADirectory
        ),
        _ => false,
    }
}

fn describe(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => "the number of watched folders has reached the limit of this \
                                     system (fs.inotify.max_user_watches)"
            .to_owned(),
        ErrorKind::Io(error) => format!("this system reports no changes ({error})"),
        _ => format!("this system reports no changes ({error})"),
    }
}

/// Notes what an event does to watched folders, and returns whether it can be a change.
fn note(event: notify::Result<Event>, lost: &mut Lost) -> bool {
    let Ok(event) = event else {
        lost.is_all = true;
        return true;
    };
    if event.need_rescan() {
        lost.is_all = true;
        return true;
    }
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        // A file that is only read has not changed.
        EventKind::Access(_) => false,
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
            lost.paths.extend(event.paths);
            if lost.paths.len() > MAX_LOST {
                *lost = Lost { is_all: true, ..Lost::default() };
            }
            true
        }
        _ => true,
    }
}

/// The name of the file system of a folder, if changes by another machine or system are not reported
/// there. The numbers are those of `linux/magic.h` and `statfs(2)`.
#[cfg(target_os = "linux")]
fn find_silent_file_system(folder: &Path) -> Option<&'static str> {
    const SILENT: &[(i128, &str)] = &[
        (0x0000_6969, "NFS"),
        (0x0000_517b, "a network share (SMB)"),
        (0xff53_4d42, "a network share (SMB)"),
        (0xfe53_4d42, "a network share (SMB)"),
        (0x0102_1997, "9p, as the drives of Windows in WSL are"),
        (0x6573_5546, "FUSE"),
        (0x00c3_6400, "Ceph"),
        (0x5346_414f, "AFS"),
        (0x786f_4256, "a folder of VirtualBox"),
    ];
    let kind = i128::from(rustix::fs::statfs(folder).ok()?.f_type);
    SILENT.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

/// Elsewhere the system decides.
#[cfg(not(target_os = "linux"))]
fn find_silent_file_system(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::time::Duration;

    use super::*;

    /// Much more than a report takes.
    const SOON: Duration = Duration::from_secs(20);

    fn watching(folders: &[&Path]) -> (FolderWatch, Receiver<Notice>) {
        let (sender, notices) = sync_channel(9);
        let mut watch = FolderWatch::new(Polling::WhereNeeded, sender).unwrap();
        assert!(watch.watch(folders.iter().map(|folder| (*folder).to_owned()).collect()));
        (watch, notices)
    }

    fn wait_for_change(notices: &Receiver<Notice>) {
        assert_eq!(notices.recv_timeout(SOON), Ok(Notice::Changed));
    }

    #[test]
    fn a_folder_is_watched_without_those_below_it() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("below")).unwrap();
        let (watch, notices) = watching(&[root.path()]);
        assert_eq!(watch.number(), Ok(1));
        fs::write(root.path().join("below/a.py"), "").unwrap();
        fs::read_dir(root.path()).unwrap().for_each(drop);
        assert_eq!(notices.try_recv().ok(), None);
        fs::write(root.path().join("b.py"), "").unwrap();
        wait_for_change(&notices);
    }

    #[test]
    fn a_folder_that_takes_the_place_of_a_watched_one_is_watched_again() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("src");
        fs::create_dir(&folder).unwrap();
        let (mut watch, notices) = watching(&[root.path(), &folder]);
        fs::rename(&folder, root.path().join("old")).unwrap();
        wait_for_change(&notices);
        fs::create_dir(&folder).unwrap();
        while !watch.watch([root.path().to_owned(), folder.clone()].into()) {
            wait_for_change(&notices);
        }
        while notices.recv_timeout(Duration::from_millis(100)).is_ok() {}
        fs::write(folder.join("a.py"), "").unwrap();
        wait_for_change(&notices);
    }

    #[test]
    fn a_missing_folder_is_not_watched_and_no_reason_to_poll() {
        let root = tempfile::tempdir().unwrap();
        let (watch, _messages) = watching(&[root.path(), &root.path().join("missing")]);
        assert!(watch.number().is_ok());
    }

    #[test]
    fn polling_watches_nothing() {
        let root = tempfile::tempdir().unwrap();
        let (sender, notices) = sync_channel(9);
        let mut watch = FolderWatch::new(Polling::Always, sender).unwrap();
        assert!(!watch.watch([root.path().to_owned()].into()));
        assert_eq!(watch.number(), Err("of `--poll`"));
        fs::write(root.path().join("a.py"), "").unwrap();
        drop(watch);
        assert!(notices.recv().is_err());
    }

    #[test]
    fn the_limit_of_the_system_is_named() {
        let reason = describe(&notify::Error::new(ErrorKind::MaxFilesWatch));
        assert!(reason.contains("fs.inotify.max_user_watches"), "{reason}");
    }
}

//! Whether a file is still what it was when it was read.
//!
//! Owns the one rule by which a file is not read again, as a pure function over what the file system
//! says of it. It is git's: a file that was modified so recently, when it was read, that a second
//! change could leave no trace in its times is read again
//! (<https://git-scm.com/docs/racy-git>). It must not look at the disk; [`super::index`] does.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How coarse the times of a file system can be: FAT counts in two seconds, HFS+ and ext3 in one.
const COARSEST: i64 = 2_000_000_000;

/// A moment in nanoseconds since 1970, by the clock of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct FileTime(i64);

impl FileTime {
    /// Now.
    pub(super) fn now() -> FileTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        FileTime(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
impl FileTime {
    /// The moment that comes this much later.
    pub(super) fn later(self, by: Duration) -> FileTime {
        FileTime(self.0 + i64::try_from(by.as_nanos()).unwrap())
    }

    /// The moment that comes this much earlier.
    pub(super) fn earlier(self, by: Duration) -> FileTime {
        FileTime(self.0 - i64::try_from(by.as_nanos()).unwrap())
    }

    /// The last full step of so many seconds.
    pub(super) fn rounded(self, seconds: i64) -> FileTime {
        FileTime(self.0 - self.0.rem_euclid(seconds * 1_000_000_000))
    }
}

/// What time it was, by the clocks that set the times of files.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Clock {
    /// By this machine's.
    pub(super) machine: FileTime,
    /// By that of one file system, as a file says that was just written in it: a server may have
    /// another clock than this machine.
    pub(super) written: Option<(u64, FileTime)>,
}

impl Clock {
    /// Now, as a file says that was written in one of the file systems just before, if there is one.
    pub(super) fn now(written: Option<Stat>) -> Clock {
        Clock { machine: FileTime::now(), written: written.map(|it| (it.id.0, it.modified)) }
    }

    /// What time it was where a file is.
    pub(super) fn of(&self, stat: &Stat) -> FileTime {
        let there = self.written.filter(|(device, _)| *device == stat.id.0);
        there.map_or(self.machine, |(_, moment)| moment)
    }
}

/// What a file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stat {
    /// In bytes.
    pub size: u64,
    /// When its content was modified, as anybody can set it.
    pub modified: FileTime,
    /// When anything of it was changed, as nobody can set it.
    pub changed: FileTime,
    /// The file system, and the file's number in it.
    pub id: (u64, u64),
    /// Its kind and its rights.
    pub mode: u32,
}

impl Stat {
    /// Of a file that was looked at.
    pub(super) fn of(metadata: &Metadata) -> Stat {
        let moment = |seconds: i64, nanos: i64| {
            FileTime(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
        };
        Stat {
            size: metadata.size(),
            modified: moment(metadata.mtime(), metadata.mtime_nsec()),
            changed: moment(metadata.ctime(), metadata.ctime_nsec()),
            id: (metadata.dev(), metadata.ino()),
            mode: metadata.mode(),
        }
    }
}

/// Whether a file that was `entry` when it was read, at `clock` or later, and is `stat` now, has the
/// content that was read.
pub(super) fn trusted(entry: &Stat, stat: &Stat, clock: &Clock) -> bool {
    // A change after the reading would have a time of its own, unless the clock is too coarse for
    // that; a time that lies ahead says that the clock was set.
    let read_at = clock.of(entry).0;
    let is_settled = |moment: FileTime| moment.0 < read_at.saturating_sub(COARSEST);
    entry == stat && is_settled(entry.modified) && is_settled(entry.changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn stat() -> Stat {
        let then = FileTime(1_000 * SECOND);
        Stat { size: 5, modified: then, changed: then, id: (1, 2), mode: 0o100_644 }
    }

    fn machine(clock: i64) -> Clock {
        Clock { machine: FileTime(clock), written: None }
    }

    #[test]
    fn a_file_that_looks_as_when_it_was_read_is_trusted() {
        assert!(trusted(&stat(), &stat(), &machine(1_002 * SECOND + 1)));
    }

    #[test]
    fn every_difference_counts() {
        let clock = machine(2_000 * SECOND);
        let later = FileTime(1_000 * SECOND + 1);
        for other in [
            Stat { size: 6, ..stat() },
            Stat { modified: later, ..stat() },
            Stat { changed: later, ..stat() },
            Stat { id: (1, 3), ..stat() },
            Stat { id: (2, 2), ..stat() },
            Stat { mode: 0o100_755, ..stat() },
        ] {
            assert!(!trusted(&stat(), &other, &clock), "{other:?}");
            assert!(!trusted(&other, &stat(), &clock), "{other:?}");
        }
    }

    #[test]
    fn what_was_modified_when_it_was_read_or_later_is_not_trusted() {
        let read_at = |clock: i64| trusted(&stat(), &stat(), &machine(clock));
        for clock in [0, 999 * SECOND, 1_000 * SECOND, 1_001 * SECOND, 1_002 * SECOND] {
            assert!(!read_at(clock), "{clock}");
        }
        // Either time is enough: one of them can be set by anybody.
        let old = FileTime(0);
        let clock = machine(1_001 * SECOND);
        for entry in [Stat { modified: old, ..stat() }, Stat { changed: old, ..stat() }] {
            assert!(!trusted(&entry, &entry, &clock), "{entry:?}");
        }
    }

    #[test]
    fn the_clock_of_the_file_system_counts_where_it_is_known() {
        let (behind, ahead) = (1_001 * SECOND, 1_003 * SECOND);
        for (machine, device, written, is_trusted) in [
            (ahead, 1, behind, false),
            (behind, 1, ahead, true),
            // Another one's says nothing here.
            (ahead, 7, behind, true),
            (behind, 7, ahead, false),
        ] {
            let written = Some((device, FileTime(written)));
            let clock = Clock { machine: FileTime(machine), written };
            assert_eq!(trusted(&stat(), &stat(), &clock), is_trusted, "{clock:?}");
        }
    }
}

//! Decides whether a file is unchanged since it was read.
//!
//! The rule is git's, as a pure function over the file system's metadata: a file that was modified
//! so shortly before it was read that a second change could leave its times as they are is read
//! again (<https://git-scm.com/docs/racy-git>). [`super::index`] reads the metadata.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The coarsest resolution of file times: two seconds for FAT, one for HFS+ and ext3.
const COARSEST: i64 = 2_000_000_000;

/// A moment in nanoseconds since 1970, by the clock of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct FileTime(i64);

impl FileTime {
    /// The current time.
    pub(super) fn now() -> FileTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        FileTime(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
impl FileTime {
    /// The moment this much later.
    pub(super) fn later(self, by: Duration) -> FileTime {
        FileTime(self.0 + i64::try_from(by.as_nanos()).unwrap())
    }

    /// The moment this much earlier.
    pub(super) fn earlier(self, by: Duration) -> FileTime {
        FileTime(self.0 - i64::try_from(by.as_nanos()).unwrap())
    }

    /// The moment rounded down to a multiple of so many seconds.
    pub(super) fn rounded(self, seconds: i64) -> FileTime {
        FileTime(self.0 - self.0.rem_euclid(seconds * 1_000_000_000))
    }
}

/// A moment by each of the clocks that set the times of files.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Clock {
    /// By this machine's clock.
    pub(super) machine: FileTime,
    /// By the clock of one file system, from a file just written in it: the clock of a file server
    /// may differ from this machine's.
    pub(super) written: Option<(u64, FileTime)>,
}

impl Clock {
    /// The current time; `written` is the metadata of a file just written, if there is one.
    pub(super) fn now(written: Option<Stat>) -> Clock {
        Clock { machine: FileTime::now(), written: written.map(|it| (it.id.0, it.modified)) }
    }

    /// The moment by the clock of a file's file system.
    pub(super) fn at(&self, stat: &Stat) -> FileTime {
        let there = self.written.filter(|(device, _)| *device == stat.id.0);
        there.map_or(self.machine, |(_, moment)| moment)
    }
}

/// The metadata of a file that a change would alter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stat {
    /// The size in bytes.
    pub size: u64,
    /// The time of the last modification, which any program can set.
    pub modified: FileTime,
    /// The time of the last change, which no program can set.
    pub changed: FileTime,
    /// The device and inode numbers.
    pub id: (u64, u64),
    /// The kind and permissions.
    pub mode: u32,
}

impl Stat {
    /// Extracts it from a file's metadata.
    pub(crate) fn from_metadata(metadata: &Metadata) -> Stat {
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

/// Whether a file still has the content that was read: its metadata was `entry` when it was read,
/// at `clock` or later, and is `stat` now.
pub(super) fn is_unchanged(entry: &Stat, stat: &Stat, clock: &Clock) -> bool {
    // A change after the reading has a later time, unless the clock is too coarse. A time in the
    // future means that the clock was set back.
    let read_at = clock.at(entry).0;
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
    fn a_file_that_looks_as_when_it_was_read_is_is_unchanged() {
        assert!(is_unchanged(&stat(), &stat(), &machine(1_002 * SECOND + 1)));
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
            assert!(!is_unchanged(&stat(), &other, &clock), "{other:?}");
            assert!(!is_unchanged(&other, &stat(), &clock), "{other:?}");
        }
    }

    #[test]
    fn what_was_modified_when_it_was_read_or_later_is_not_is_unchanged() {
        let read_at = |clock: i64| is_unchanged(&stat(), &stat(), &machine(clock));
        for clock in [0, 999 * SECOND, 1_000 * SECOND, 1_001 * SECOND, 1_002 * SECOND] {
            assert!(!read_at(clock), "{clock}");
        }
        // Either time alone is enough, because any program can set one of them.
        let old = FileTime(0);
        let clock = machine(1_001 * SECOND);
        for entry in [Stat { modified: old, ..stat() }, Stat { changed: old, ..stat() }] {
            assert!(!is_unchanged(&entry, &entry, &clock), "{entry:?}");
        }
    }

    #[test]
    fn the_clock_of_the_file_system_counts_where_it_is_known() {
        let (behind, ahead) = (1_001 * SECOND, 1_003 * SECOND);
        for (machine, device, written, is_trusted) in [
            (ahead, 1, behind, false),
            (behind, 1, ahead, true),
            // The clock of another file system does not count.
            (ahead, 7, behind, true),
            (behind, 7, ahead, false),
        ] {
            let written = Some((device, FileTime(written)));
            let clock = Clock { machine: FileTime(machine), written };
            assert_eq!(is_unchanged(&stat(), &stat(), &clock), is_trusted, "{clock:?}");
        }
    }
}

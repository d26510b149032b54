//! The limits of a job: what this machine has, and the error for what was exceeded.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Access, Job, RunError};
use crate::limits::{ByteSize, ExceededLimit, LimitKind, Limits, PROCESSES};
use crate::outcome::RawOutput;

/// The error for a job that exceeded a limit. The memory is what it really had.
pub(super) fn exceeded_error(
    job: &Job<'_>,
    kind: LimitKind,
    memory: Option<ByteSize>,
    output: RawOutput,
) -> RunError {
    let Limits { memory: wanted, disk, output: printed } = job.step.limits;
    let limit = match kind {
        LimitKind::Memory => memory.unwrap_or(wanted).0,
        LimitKind::Disk => disk.0,
        LimitKind::Output => printed.0,
        LimitKind::Processes => PROCESSES,
    };
    RunError::Exceeded { limit: ExceededLimit { kind, limit }, output }
}

/// Watches the size of a job's writable copy, where that is a folder of this machine.
pub(super) struct CopyWatch<'w> {
    folder: &'w Path,
    limit: ByteSize,
    /// The time of the next look; looks take at most a tenth of the time.
    next: Instant,
}

impl<'w> CopyWatch<'w> {
    /// A watch over a job's copy; none if it cannot write to its files.
    pub(super) fn new(job: &Job<'w>) -> Option<Self> {
        let limit = job.step.limits.disk;
        let folder = &job.app.folder;
        (job.access == Access::Write).then(|| CopyWatch { folder, limit, next: Instant::now() })
    }

    /// Whether the copy was larger than its limit when it was last measured.
    pub(super) fn look(&mut self) -> bool {
        let started = Instant::now();
        if started < self.next {
            return false;
        }
        let is_exceeded = self.measure();
        let pause: Duration = started.elapsed() * 10;
        self.next = Instant::now() + pause;
        is_exceeded
    }

    /// Whether the copy is larger than its limit now.
    pub(super) fn measure(&self) -> bool {
        measure_folder(self.folder, self.limit.0) > self.limit.0
    }
}

/// The space that a folder takes on the disk. It stops counting above `enough`. What cannot be read
/// counts as nothing.
fn measure_folder(folder: &Path, enough: u64) -> u64 {
    let (mut total, mut folders) = (0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            total += metadata.blocks() * 512;
            if metadata.is_dir() {
                folders.push(entry.path());
            }
            if total > enough {
                return total;
            }
        }
    }
    total
}

/// The memory of this machine; none if the system does not show it.
pub(super) fn total_memory() -> Option<ByteSize> {
    parse_total(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// The first line of `/proc/meminfo`: `MemTotal:       24684080 kB`.
fn parse_total(meminfo: &str) -> Option<ByteSize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024).map(ByteSize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_takes_the_space_of_its_files_and_not_that_of_holes() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        fs::write(below.join("c"), vec![1; 1 << 20]).unwrap();
        fs::File::create(below.join("hole")).unwrap().set_len(1 << 40).unwrap();
        let size = measure_folder(folder.path(), u64::MAX);
        assert!((1 << 20..2 << 20).contains(&size), "{size}");
        let watch = |limit| {
            let (folder, limit) = (folder.path(), ByteSize(limit));
            CopyWatch { folder, limit, next: Instant::now() }.look()
        };
        assert_eq!((watch(1 << 19), watch(1 << 22)), (true, false));
    }

    #[test]
    fn the_total_is_in_kibibytes() {
        let meminfo = "MemTotal:       24684080 kB\nMemFree:        8000000 kB\n";
        assert_eq!(parse_total(meminfo), Some(ByteSize(24_684_080 * 1024)));
        assert_eq!(parse_total("nothing"), None);
    }
}

//! The limits of a job: what this machine has, and the error for what was exceeded.

use super::{Job, RunError};
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
    fn the_total_is_in_kibibytes() {
        let meminfo = "MemTotal:       24684080 kB\nMemFree:        8000000 kB\n";
        assert_eq!(parse_total(meminfo), Some(ByteSize(24_684_080 * 1024)));
        assert_eq!(parse_total("nothing"), None);
    }
}

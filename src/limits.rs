//! The limits of the resources that a check may use.
//!
//! They are the same on every machine, because a verdict must not depend on the host, and they are
//! no ingredient of a fingerprint: a result under a limit that was not exceeded is valid under any
//! other one. A check that exceeds one ends as an error, and is never cached.

use std::fmt;
use std::ops::RangeInclusive;

/// The maximum number of processes and threads of a check.
pub const PROCESSES: u64 = 1024;

/// One mebibyte.
const MIB: u64 = 1 << 20;

/// The units of a size, from the largest one.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", MIB), ("KiB", 1 << 10), ("B", 1)];

/// The limits of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The memory of all its processes together.
    pub memory: ByteSize,
    /// The size of its writable copy of the project.
    pub disk: ByteSize,
    /// The size of its output, both streams together.
    pub output: ByteSize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: ByteSize(4096 * MIB),
            disk: ByteSize(2048 * MIB),
            output: ByteSize(64 * MIB),
        }
    }
}

/// A number of bytes, written as `4 GiB` or `512 MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// The notation, for messages.
    pub const NOTATION: &str = "a size such as \"4 GiB\" or \"512 MiB\"";

    /// Reads a whole number with a unit: `4 GiB`, `512MiB`, or as docker writes it, `4G`.
    #[must_use]
    pub fn parse(text: &str) -> Option<ByteSize> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let unit = unit.strip_prefix(' ').unwrap_or(unit);
        let is_unit = |name: &str| unit == name || (name != "B" && unit == &name[..1]);
        let (_, bytes) = UNITS.into_iter().find(|(name, _)| is_unit(name))?;
        number.parse::<u64>().ok()?.checked_mul(bytes).map(ByteSize)
    }
}

/// The size in the largest unit in which it is a whole number.
impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, bytes): &(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*bytes);
        let (name, bytes) = UNITS.into_iter().find(fits).unwrap_or(("B", 1));
        write!(formatter, "{} {name}", self.0 / bytes)
    }
}

/// A resource that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LimitKind {
    /// The memory of all processes.
    Memory,
    /// The space in the writable copy of the project.
    Disk,
    /// The output of both streams.
    Output,
    /// The number of processes and threads.
    Processes,
}

impl LimitKind {
    /// The setting with this limit; none if it is fixed.
    #[must_use]
    pub fn setting(self) -> Option<&'static str> {
        match self {
            LimitKind::Memory => Some("memory"),
            LimitKind::Disk => Some("disk"),
            LimitKind::Output => Some("output"),
            LimitKind::Processes => None,
        }
    }

    /// The sizes that the setting may have. A project can raise a limit to the end of its range. Of the
    /// memory, a check never gets more than [`memory_on_machine`].
    #[must_use]
    pub fn range(self) -> RangeInclusive<ByteSize> {
        let (least, most) = match self {
            LimitKind::Memory => (32 * MIB, MIB << 20),
            LimitKind::Output => (MIB, 1024 * MIB),
            LimitKind::Disk | LimitKind::Processes => (MIB, 64 * 1024 * MIB),
        };
        ByteSize(least)..=ByteSize(most)
    }
}

/// A limit that a check has exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExceededLimit {
    /// The resource.
    pub kind: LimitKind,
    /// The limit: bytes, or a number of processes.
    pub limit: u64,
}

impl fmt::Display for ExceededLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = ByteSize(self.limit);
        match self.kind {
            LimitKind::Memory => write!(formatter, "out of memory: its limit is {size}"),
            LimitKind::Disk => write!(
                formatter,
                "out of disk space: the limit of its writable copy of the project is {size}"
            ),
            LimitKind::Output => write!(formatter, "too much output: its limit is {size}"),
            LimitKind::Processes => write!(
                formatter,
                "too many processes: its limit is {} processes and threads",
                self.limit
            ),
        }
    }
}

/// The memory that a check gets on a machine with this much, and a warning if that is less than
/// its limit. A machine keeps a quarter of its memory for everything else.
#[must_use]
pub fn memory_on_machine(wanted: ByteSize, machine: ByteSize) -> (ByteSize, Option<String>) {
    let available = ByteSize((machine.0 / 4 * 3) / MIB * MIB);
    if wanted <= available || available.0 == 0 {
        return (wanted, None);
    }
    let warning = format!(
        "this machine has {} of memory, so a check may use {available} instead of {wanted}; it can fail \
         here and pass elsewhere",
        ByteSize(machine.0 / MIB * MIB)
    );
    (available, Some(warning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_whole_number_with_a_unit() {
        let bytes = |text| ByteSize::parse(text).map(|ByteSize(bytes)| bytes);
        assert_eq!(bytes("4 GiB"), Some(4 << 30));
        assert_eq!(bytes("512MiB"), Some(512 << 20));
        assert_eq!(
            (bytes("2G"), bytes("2M"), bytes("2K")),
            (Some(2 << 30), Some(2 << 20), Some(2048))
        );
        assert_eq!(bytes("7 B"), Some(7));
        for text in
            ["", "4", "GiB", "-4 GiB", "4.5 GiB", "4 gib", "4  GiB", "4 GB", "99999999999 GiB"]
        {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_in_its_largest_whole_unit() {
        for text in ["4 GiB", "1536 MiB", "1 KiB", "1025 B", "0 B"] {
            assert_eq!(ByteSize::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_small_machine_lowers_the_limit_with_a_warning() {
        let size = |text| ByteSize::parse(text).unwrap();
        let (limit, warning) = memory_on_machine(size("4 GiB"), size("2 GiB"));
        assert_eq!(limit, size("1536 MiB"));
        assert_eq!(
            warning.unwrap(),
            "this machine has 2 GiB of memory, so a check may use 1536 MiB instead of 4 GiB; it can \
             fail here and pass elsewhere"
        );
        assert_eq!(memory_on_machine(size("4 GiB"), size("8 GiB")), (size("4 GiB"), None));
    }

    #[test]
    fn a_project_raises_a_limit_up_to_a_ceiling() {
        let most = |kind: LimitKind| kind.range().end().to_string();
        assert_eq!(most(LimitKind::Memory), "1024 GiB");
        assert_eq!(most(LimitKind::Disk), "64 GiB");
        assert_eq!(most(LimitKind::Output), "1 GiB");
    }

    #[test]
    fn every_default_is_within_its_range() {
        let Limits { memory, disk, output } = Limits::default();
        assert!(LimitKind::Memory.range().contains(&memory));
        assert!(LimitKind::Disk.range().contains(&disk));
        assert!(LimitKind::Output.range().contains(&output));
    }
}

//! The versions of Python that the packages of a lock support, as its header records them.

use std::fmt;

/// The start of the line of the header.
const START: &str = "# For Python ";
const AND_NEWER: &str = " and newer";
const AND_OLDER: &str = " and older";
const TO: &str = " to ";

/// The minor versions of Python 3 that packages support; without limits all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PythonRange {
    /// The oldest one, such as 10.
    pub oldest: Option<u32>,
    /// The newest one.
    pub newest: Option<u32>,
}

impl PythonRange {
    /// Reads the range from the header of a lock.
    pub(super) fn read(lock: &str) -> PythonRange {
        let head = lock.lines().take_while(|line| line.starts_with('#'));
        let line = head.into_iter().find_map(|line| line.strip_prefix(START)?.strip_suffix('.'));
        line.and_then(parse).unwrap_or_default()
    }

    /// The line of a header; none without limits.
    #[must_use]
    pub fn header(self) -> Option<String> {
        (self != PythonRange::default()).then(|| format!("{START}{self}.\n"))
    }

    /// Whether a version is supported.
    #[must_use]
    pub fn contains(self, minor: u32) -> bool {
        self.oldest.is_none_or(|oldest| oldest <= minor)
            && self.newest.is_none_or(|newest| minor <= newest)
    }

    /// The version to run on: the wanted one if it is supported, otherwise the newest one that is. For
    /// packages that need a newer one than is wanted, that is `usual` where they support it.
    #[must_use]
    pub fn choose(self, wanted: u32, usual: u32) -> u32 {
        match (self.oldest, self.newest) {
            _ if self.contains(wanted) => wanted,
            (_, Some(newest)) if newest < wanted => newest,
            (oldest, newest) => newest.unwrap_or(usual).min(usual).max(oldest.unwrap_or_default()),
        }
    }
}

impl fmt::Display for PythonRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.oldest, self.newest) {
            (Some(oldest), Some(newest)) if oldest == newest => write!(formatter, "3.{newest}"),
            (Some(oldest), Some(newest)) => write!(formatter, "3.{oldest}{TO}3.{newest}"),
            (Some(oldest), None) => write!(formatter, "3.{oldest}{AND_NEWER}"),
            (None, Some(newest)) => write!(formatter, "3.{newest}{AND_OLDER}"),
            (None, None) => formatter.write_str("3"),
        }
    }
}

fn parse(text: &str) -> Option<PythonRange> {
    let minor = |text: &str| text.strip_prefix("3.")?.parse::<u32>().ok();
    if let Some(oldest) = text.strip_suffix(AND_NEWER) {
        return Some(PythonRange { oldest: Some(minor(oldest)?), newest: None });
    }
    if let Some(newest) = text.strip_suffix(AND_OLDER) {
        return Some(PythonRange { oldest: None, newest: Some(minor(newest)?) });
    }
    let (oldest, newest) = text.split_once(TO).unwrap_or((text, text));
    Some(PythonRange { oldest: Some(minor(oldest)?), newest: Some(minor(newest)?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn range(oldest: Option<u32>, newest: Option<u32>) -> PythonRange {
        PythonRange { oldest, newest }
    }

    #[test]
    fn a_header_that_was_written_is_read_again() {
        for limits in [
            range(Some(10), None),
            range(None, Some(11)),
            range(Some(8), Some(11)),
            range(Some(9), Some(9)),
        ] {
            let header = limits.header().unwrap();
            assert_eq!(
                PythonRange::read(&format!("# Locked.\n{header}a==1\n")),
                limits,
                "{header}"
            );
            assert_eq!(PythonRange::read(&format!("a==1\n{header}")), range(None, None));
        }
        assert_eq!(range(None, None).header(), None);
        assert_eq!(PythonRange::read("# For Python 4 and newer.\n"), range(None, None));
    }

    #[test]
    fn the_wanted_version_is_chosen_or_the_newest_that_is_supported() {
        for (limits, wanted, chosen) in [
            (range(None, None), 8, 8),
            (range(Some(10), None), 13, 13),
            (range(Some(10), None), 8, 13),
            (range(Some(14), None), 8, 14),
            (range(None, Some(11)), 13, 11),
            (range(Some(8), Some(11)), 7, 11),
            (range(None, Some(14)), 15, 14),
        ] {
            assert_eq!(limits.choose(wanted, 13), chosen, "{limits} for 3.{wanted}");
        }
    }
}

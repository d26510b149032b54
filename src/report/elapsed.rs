//! Durations for tables, progress and messages.

use std::fmt;
use std::time::Duration;

/// A duration as `3ms`, `0.8s` or `1m 02s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(pub Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        let text = match milliseconds {
            0..100 => format!("{milliseconds}ms"),
            100..60_000 => format!("{}.{}s", milliseconds / 1000, milliseconds / 100 % 10),
            _ => format!("{}m {:02}s", milliseconds / 60_000, milliseconds / 1000 % 60),
        };
        formatter.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_reads_at_a_glance() {
        let text = |milliseconds| Elapsed(Duration::from_millis(milliseconds)).to_string();
        assert_eq!(
            [3, 812, 9_990, 59_999, 62_000, 3_600_000].map(text),
            ["3ms", "0.8s", "9.9s", "59.9s", "1m 02s", "60m 00s"]
        );
    }
}

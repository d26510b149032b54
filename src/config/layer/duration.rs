//! Durations as they are written in a layer: the time limit of a check and the age of a release.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Unexpected};

use super::value::Scalar;

/// The time that a check may take: `90s`, `5m`, `1h 30m`, or whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(pub Duration);

impl Timeout {
    /// The notation, for messages.
    pub const NOTATION: &str = "a time such as \"90s\", \"5m\", \"1h 30m\" or 90 for seconds";

    /// The shortest and the longest time that a check can be given.
    pub const RANGE: RangeInclusive<Duration> =
        Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60);

    /// Reads a duration as `humantime` does. A number without a unit counts seconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let seconds = text.parse().map(Duration::from_secs);
        seconds.ok().or_else(|| parse_duration(text)).map(Timeout)
    }

    /// Why a check cannot be given this time; none if it can.
    #[must_use]
    pub fn range_error(self) -> Option<String> {
        let got = humantime::format_duration(self.0);
        (!Timeout::RANGE.contains(&self.0))
            .then(|| format!("`timeout` must be between 1 second and 1 day, got {got}"))
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar {
            expecting: Timeout::NOTATION,
            read: |written| match written {
                Unexpected::Str(text) => Timeout::parse(text),
                Unexpected::Signed(number) => {
                    Some(Timeout(Duration::from_secs(u64::try_from(number).ok()?)))
                }
                _ => None,
            },
        })
    }
}

/// The age of a release: `3d`, `12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(pub Duration);

impl Age {
    /// The notation, for messages.
    pub const NOTATION: &str = "an age such as \"3d\" or \"12h\"";

    /// Reads a duration as `humantime` does: a number without a unit is refused.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse_duration(text).map(Age)
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar {
            expecting: Age::NOTATION,
            read: |written| match written {
                Unexpected::Str(text) => Age::parse(text),
                _ => None,
            },
        })
    }
}

/// Parses a duration with `humantime`, which panics on a sum that overflows: numbers of more than nine
/// digits are refused first.
fn parse_duration(text: &str) -> Option<Duration> {
    let is_long = |number: &str| number.len() > 9;
    if text.split(|c: char| !c.is_ascii_digit()).any(is_long) {
        return None;
    }
    humantime::parse_duration(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_that_overflows_is_refused() {
        let text = "18446744073709551615s 500ms 500ms";
        assert_eq!((Timeout::parse(text), Age::parse(text)), (None, None));
    }

    #[test]
    fn a_timeout_has_a_unit_or_is_in_seconds() {
        let seconds = |text| Timeout::parse(text).map(|Timeout(time)| time.as_secs_f64());
        let texts = ["90s", "5m", "5 min", "1h 30m", "2hours", "1.5s", "7", "0"];
        let expected = [90.0, 300.0, 300.0, 5400.0, 7200.0, 1.5, 7.0, 0.0];
        assert_eq!(texts.map(seconds), expected.map(Some));
        for bad in ["", "s", "5 parsecs", "-1s", "5é", "99999999999999999h"] {
            assert_eq!(seconds(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_timeout_is_between_a_second_and_a_day() {
        let error = |text| Timeout::parse(text).unwrap().range_error();
        assert_eq!(["1s", "90", "1day"].map(error), [None, None, None]);
        for (text, got) in [("0", "0s"), ("999ms", "999ms"), ("25h", "1day 1h")] {
            let error = error(text).unwrap();
            assert!(error.ends_with(&format!(", got {got}")), "{error}");
        }
    }

    #[test]
    fn an_age_has_a_unit() {
        let hours = |text| Age::parse(text).map(|Age(age)| age.as_secs() / 3600);
        let texts = ["3d", "3 days", "1w", "12h", "1d 12h"];
        assert_eq!(texts.map(hours), [72, 72, 168, 12, 36].map(Some));
        for bad in ["", "d", "3", "-3d", "99999999999999999d"] {
            assert_eq!(hours(bad), None, "{bad:?}");
        }
    }
}

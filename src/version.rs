//! Ranges of versions of Python packages, in the notation of PEP 440.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Operator, Version, VersionSpecifiers};

/// The versions of a package that a project accepts, such as `==24.4.2` or `>=24,<25`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRange(VersionSpecifiers);

impl VersionRange {
    /// Parses a range, or a version without an operator, which means exactly this version. `None` if
    /// the text is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<VersionRange> {
        let text = text.trim();
        let starts_with_digit = text.starts_with(|c: char| c.is_ascii_digit());
        let specifiers = if starts_with_digit { format!("=={text}") } else { text.to_owned() };
        let parsed = VersionSpecifiers::from_str(&specifiers).ok()?;
        (!parsed.is_empty()).then_some(VersionRange(parsed))
    }

    /// Whether a version is in the range. A text that is not a version is not.
    #[must_use]
    pub fn contains(&self, version: &str) -> bool {
        Version::from_str(version).is_ok_and(|version| self.0.contains(&version))
    }

    /// The only version in the range, if the range names exactly one.
    #[must_use]
    pub fn exact(&self) -> Option<String> {
        let mut specifiers = self.0.iter();
        match (specifiers.next(), specifiers.next()) {
            (Some(only), None) if *only.operator() == Operator::Equal => {
                Some(only.version().to_string())
            }
            _ => None,
        }
    }

    /// The requirement of a package in this range, such as `black==24.4.2`.
    #[must_use]
    pub fn of(&self, package: &str) -> String {
        format!("{package}{self}")
    }
}

impl fmt::Display for VersionRange {
    /// Writes the range as a requirement has it, without spaces.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&parts.join(","))
    }
}

/// Whether a version is a later one than another. False if one of them cannot be parsed.
#[must_use]
pub fn is_at_least(version: &str, other: &str) -> bool {
    match (Version::from_str(version), Version::from_str(other)) {
        (Ok(version), Ok(other)) => version >= other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_alone_means_exactly_this_one() {
        for text in ["24.4.2", "==24.4.2", " == 24.4.2 "] {
            let range = VersionRange::parse(text).unwrap();
            assert_eq!(range.of("black"), "black==24.4.2", "{text}");
            assert_eq!(range.exact().as_deref(), Some("24.4.2"));
            assert!(range.contains("24.4.2") && !range.contains("24.4.1"));
        }
        assert!(VersionRange::parse("1.8").unwrap().contains("1.8.0"));
    }

    #[test]
    fn a_range_has_its_borders() {
        let range = VersionRange::parse(">=24, <25,!=24.1.0").unwrap();
        assert_eq!(range.of("black"), "black>=24,!=24.1.0,<25");
        assert_eq!(range.exact(), None);
        assert!(range.contains("24.10.0"));
        for other in ["23.12.1", "25.0", "24.1.0", "", "main"] {
            assert!(!range.contains(other), "{other}");
        }
        assert!(VersionRange::parse("24.*").unwrap().contains("24.4.2"));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "latest", "^24", "24.4.2; python_version > '3'", "=> 24", "24\n==3", "===x"]
        {
            assert_eq!(VersionRange::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn versions_are_compared_by_their_parts() {
        assert!(is_at_least("1.11.0", "1.11") && is_at_least("24.10", "24.9"));
        assert!(!is_at_least("1.9", "1.11") && !is_at_least("main", "1"));
    }
}

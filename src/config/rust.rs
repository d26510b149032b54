//! The Rust toolchain that checks of Rust code run with.

/// The part of the name of an image that stands for the toolchain.
pub(super) const TOOLCHAIN: &str = "{toolchain}";

/// The Rust toolchain that checks of Rust code run with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rust {
    /// Its release, such as `1.95.0` or `nightly-2026-01-31`; none for that of `rust-toolchain.toml`.
    pub toolchain: Option<String>,
    /// The image with the toolchain, with [`TOOLCHAIN`] for its release.
    pub(super) images: String,
}

impl Rust {
    /// The image with a toolchain.
    #[must_use]
    pub fn image_of(&self, toolchain: &str) -> String {
        self.images.replace(TOOLCHAIN, toolchain)
    }
}

/// Whether the name of a toolchain stands for one release: `1.95.0`, `nightly-2026-01-31`.
#[must_use]
pub fn is_one_release(toolchain: &str) -> bool {
    let are_numbers = |text: &str, separator: char, lengths: &[std::ops::RangeInclusive<usize>]| {
        let parts: Vec<&str> = text.split(separator).collect();
        let fits = |(part, length): (&&str, &std::ops::RangeInclusive<usize>)| {
            length.contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit())
        };
        parts.len() == lengths.len() && parts.iter().zip(lengths).all(fits)
    };
    let day = ["nightly-", "beta-"].iter().find_map(|channel| toolchain.strip_prefix(channel));
    match day {
        Some(day) => are_numbers(day, '-', &[4..=4, 2..=2, 2..=2]),
        None => are_numbers(toolchain, '.', &[1..=2, 1..=4, 1..=4]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_and_a_minor_version_stand_for_several_releases() {
        for name in ["1.95.0", "nightly-2026-01-31", "beta-2025-12-01"] {
            assert!(is_one_release(name), "{name}");
        }
        for name in [
            "",
            "stable",
            "1.95",
            "nightly",
            "nightly-2026-1-31",
            "1.95.0-x86_64",
            "1.95.x",
            "../a",
        ] {
            assert!(!is_one_release(name), "{name}");
        }
    }
}

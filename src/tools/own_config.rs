//! What a tool knows of configuration files by itself.
//!
//! Owns the vocabulary of two tables that every tool of the catalogue has: where it looks for its
//! configuration when it is told of none ([`OwnConfig`]), and which options it refuses although an
//! older release took them ([`Refused`]). Must not know what lies in a project. Both go to
//! [`crate::scaffold::adopt`].

/// A place where a tool looks for its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnConfig {
    /// The name of the file.
    pub file: &'static str,
    /// The section without which the file says nothing to the tool; empty if the file is its own.
    pub section: &'static str,
    /// How the file is written.
    pub notation: Notation,
}

impl OwnConfig {
    /// An INI file: one of the tool's own, or one with this section.
    #[must_use]
    pub const fn ini(file: &'static str, section: &'static str) -> Self {
        OwnConfig { file, section, notation: Notation::Ini }
    }

    /// A TOML file: one of the tool's own, or one with this section.
    #[must_use]
    pub const fn toml(file: &'static str, section: &'static str) -> Self {
        OwnConfig { file, section, notation: Notation::Toml }
    }
}

/// How a configuration file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// As Python's `configparser` reads it.
    Ini,
    /// TOML.
    Toml,
}

/// An option that a tool took once and that its locked release refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name, with `-` for `_`.
    pub option: &'static str,
    /// The values that are refused, without quotes; any if none is named.
    pub values: &'static [&'static str],
    /// What became of it, as half a sentence: "it was removed in 4.0".
    pub fate: &'static str,
    /// Where that is known from.
    pub source: &'static str,
}

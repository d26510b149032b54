//! Facts about the configuration files of tools.
//!
//! Every tool has two tables: the files in which it searches for its configuration ([`OwnConfig`]), and
//! the options of older releases that it refuses ([`Refused`]).

/// A file in which a tool searches for its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnConfig {
    /// The name of the file.
    pub file: &'static str,
    /// The section that the tool reads; empty if the whole file is for the tool.
    pub section: &'static str,
    /// The format of the file.
    pub notation: Notation,
}

impl OwnConfig {
    /// An INI file: one of the tool's own, or one with this section.
    #[must_use]
    pub const fn ini(file: &'static str, section: &'static str) -> Self {
        OwnConfig { file, section, notation: Notation::Ini }
    }

    /// A file of the tool's own in another format, of which nothing is read.
    #[must_use]
    pub const fn other(file: &'static str) -> Self {
        // No such text is a valid INI file with options.
        OwnConfig { file, section: "", notation: Notation::Ini }
    }

    /// A TOML file: one of the tool's own, or one with this section.
    #[must_use]
    pub const fn toml(file: &'static str, section: &'static str) -> Self {
        OwnConfig { file, section, notation: Notation::Toml }
    }
}

/// The format of a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// As Python's `configparser` reads it.
    Ini,
    /// TOML.
    Toml,
}

/// An option of an older release that the locked release of a tool refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name, with `-` for `_`.
    pub option: &'static str,
    /// The refused values, without quotes; empty if every value is refused.
    pub values: &'static [&'static str],
    /// Why it is refused, as a clause: "pylint 4.0 removed it".
    pub fate: &'static str,
    /// The source of this fact.
    pub source: &'static str,
}

//! Allow-lists of a tool: the variables, arguments and configurations with which it runs no code of
//! the project.
//!
//! Without a sandbox, whatever is not on a list needs the grant `host`. An entry of a list was looked
//! up in the source of the tool: the tool uses the value as data, and does not import, execute or
//! open it for writing. A reader here may refuse a text that the tool accepts; it must never overlook
//! an option that the tool finds.

pub(crate) mod arguments;
pub(crate) mod config;
pub(super) mod ini;
pub(crate) mod variables;

/// Decides whether a value is harmless.
pub type ValueRule = fn(&str) -> bool;

/// The inputs of a tool that are known to run no code of the project.
///
/// A list of names is text that is split at white space.
#[derive(Clone, Copy, Debug)]
pub struct AllowList {
    /// Variables in addition to those that are harmless for every program.
    pub variables: &'static [(&'static str, ValueRule)],
    /// Arguments without a value: long names without their dashes, and short ones like `-v`.
    pub flags: &'static [&'static str],
    /// Arguments with a value, spelled like flags.
    pub options: &'static [&'static str],
    /// Options of a configuration, with `-` for `_`. A `*` at the end stands for any rest.
    pub keys: &'static [&'static str],
    /// The rules of options and arguments of which only some values are harmless.
    pub rules: &'static [(&'static str, ValueRule)],
    /// The rule of every value in a configuration.
    pub every_value: ValueRule,
    /// The structure of its configuration.
    pub layout: ConfigLayout,
    /// Where it searches for a configuration.
    pub search: ConfigSearch,
    /// Whether it may load a compiled module that it sees.
    pub loads_compiled: bool,
}

/// The structure of a tool's configuration.
#[derive(Clone, Copy, Debug)]
pub struct ConfigLayout {
    /// The table of the tool in a shared TOML file, such as `tool.pylint`.
    pub table: &'static str,
    /// The place of an option in that table.
    pub nesting: Nesting,
    /// The files that the tool reads as TOML.
    pub toml: TomlFiles,
    /// Whether the tool reads a section of an INI file, by the names of the file and the section.
    pub reads_section: fn(&str, &str) -> bool,
}

/// The place of an option in the table of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// Directly in the table.
    Flat,
    /// In the table, or in a table of any name in it.
    Sections,
    /// In the table, or in one of the tables `overrides`.
    Overrides,
    /// At a path whose parts are joined by dots.
    Dotted,
}

/// The files that a tool reads as TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TomlFiles {
    /// Files whose names end in `.toml`, with the table of the tool.
    ByName,
    /// Every file, with the table of the tool.
    All,
    /// Every file; only a `pyproject.toml` has the table of the tool.
    AllWithoutTable,
}

/// Where a tool searches for a configuration that its command does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSearch {
    /// In the folder in which it runs.
    Root,
    /// In each folder above a source.
    AboveSources,
    /// In every folder.
    Everywhere,
}

impl AllowList {
    /// A list without entries, of a tool that reads no configuration.
    pub(super) const NOTHING: AllowList = AllowList {
        variables: &[],
        flags: &[],
        options: &[],
        keys: &[],
        rules: &[],
        every_value: anything,
        layout: ConfigLayout {
            table: "",
            nesting: Nesting::Flat,
            toml: TomlFiles::ByName,
            reads_section: |_, _| true,
        },
        search: ConfigSearch::Root,
        loads_compiled: false,
    };

    /// Whether a value of this option or argument is harmless.
    fn accepts(&self, name: &str, value: &str) -> bool {
        let mut rules = self.rules.iter().filter(|(option, _)| *option == name);
        rules.all(|(_, accepts)| accepts(value))
    }

    /// Whether the tool may read its configuration from a file of this name where it discovers one.
    #[must_use]
    pub fn searches(&self, path: &str, sources: &[&str]) -> bool {
        let Some((folder, _)) = path.rsplit_once('/') else { return true };
        let is_above = |source: &&str| {
            *source == folder
                || source.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        match self.search {
            ConfigSearch::Root => false,
            ConfigSearch::AboveSources => sources.iter().any(is_above),
            ConfigSearch::Everywhere => true,
        }
    }
}

/// Whether a list of names contains this one.
fn is_listed(lists: &[&str], name: &str) -> bool {
    lists.iter().flat_map(|list| list.split_whitespace()).any(|listed| {
        match listed.strip_suffix('*') {
            Some(start) => name.strip_prefix(start).is_some_and(|rest| !rest.is_empty()),
            None => listed == name,
        }
    })
}

/// The rule of an option whose every value is harmless.
pub(super) fn anything(_: &str) -> bool {
    true
}

/// The rule of a switch that is harmless while it is off.
pub(super) fn off(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "n" | "no" | "off" | "false")
}

/// The rule of a path below the folder in which the tool runs, without variables and patterns.
pub(super) fn path_inside(value: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "._-+/ ".contains(c);
    !value.starts_with('/')
        && value.chars().all(is_plain)
        && value.split('/').all(|part| part != "..")
}

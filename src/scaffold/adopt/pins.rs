//! Finds versions of tools that a project pins outside of the locks: in pre-commit hooks and in the
//! requirements of `pyproject.toml`.

use toml::{Table, Value};

use super::{PRE_COMMIT, pre_commit};
use crate::tools::{TOOLS, Tool};

/// A version of a tool that is pinned outside of the locks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Pin {
    /// The file that pins it.
    pub file: &'static str,
    /// The tool, by the name of its lock.
    pub tool: &'static str,
    /// The version.
    pub version: String,
}

const PYPROJECT: &str = "pyproject.toml";

/// The files that may contain pins.
pub const FILES: &[&str] = &[PRE_COMMIT, PYPROJECT];

/// Finds the pins in one of [`FILES`]. A text that cannot be parsed has none.
#[must_use]
pub fn find_pins(file: &'static str, text: &str) -> Vec<Pin> {
    let mut pins = Vec::new();
    let mut add = |tool: Option<&&dyn Tool>, version: &str| {
        let version = version.trim_start_matches('v').to_owned();
        if let Some(tool) = tool.filter(|_| !version.is_empty()) {
            pins.push(Pin { file, tool: tool.lock(), version });
        }
    };
    if file == PYPROJECT {
        let table = text.parse().unwrap_or_default();
        for (package, version) in pinned_packages(&table) {
            add(TOOLS.iter().find(|tool| tool.lock() == package), &version);
        }
    } else {
        for hook in pre_commit::parse_hooks(text) {
            add(TOOLS.iter().find(|tool| hook.runs(**tool)), &hook.version);
        }
    }
    pins.sort();
    pins.dedup();
    pins
}

/// The requirements with one exact version in all tables that may have requirements.
fn pinned_packages(table: &Table) -> Vec<(String, String)> {
    let at = |path: &[&str]| path.iter().try_fold(table, |table, key| table.get(*key)?.as_table());
    let lists = |table: Option<&Table>| -> Vec<Value> {
        table.into_iter().flat_map(Table::values).cloned().collect()
    };
    let mut found = at(&["project"]).and_then(|project| project.get("dependencies")).cloned();
    let mut all: Vec<Value> = found.take().into_iter().collect();
    all.extend(lists(at(&["project", "optional-dependencies"])));
    all.extend(lists(at(&["dependency-groups"])));
    let requirements = all.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    let mut pinned: Vec<(String, String)> = requirements.filter_map(parse_pin).collect();
    // The tables of Poetry that precede the standard ones.
    let groups = lists(at(&["tool", "poetry", "group"]));
    let groups = groups.iter().filter_map(|group| group.get("dependencies")?.as_table());
    let poetry = ["dependencies", "dev-dependencies"];
    let poetry = poetry.into_iter().filter_map(|key| at(&["tool", "poetry", key]));
    for (name, value) in poetry.chain(groups).flatten() {
        let version = value.as_str().or_else(|| value.get("version")?.as_str());
        let exact = version.map(|version| version.trim_start_matches("==").trim());
        let exact = exact.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()));
        pinned.extend(exact.map(|version| (name.clone(), version.to_owned())));
    }
    pinned
}

/// Parses `black[d]==26.1.0; python_version > "3"` into a name and a version.
fn parse_pin(text: &str) -> Option<(String, String)> {
    let (name, version) = text.split(';').next()?.split_once("==")?;
    let name = name.split('[').next()?.trim();
    let version = version.trim();
    (!version.contains([',', '*'])).then(|| (name.to_lowercase(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_pins(file: &'static str, text: &str) -> Vec<String> {
        find_pins(file, text)
            .into_iter()
            .map(|pin| format!("{} {}", pin.tool, pin.version))
            .collect()
    }

    #[test]
    fn exact_versions_are_pins_in_every_table() {
        let text = r#"
            [project]
            dependencies = ["requests==2", "Black[d] == 26.1.0 ; python_version > '3'"]
            [project.optional-dependencies]
            dev = ["mypy==2.4.*", "pylint>=4"]
            [dependency-groups]
            lint = ["ruff==0.17.6", { include-group = "dev" }]
            [tool.poetry.dev-dependencies]
            pylint = "4.1.4"
            [tool.poetry.group.dev.dependencies]
            mypy = { version = "==2.4.1", extras = ["faster-cache"] }
            black = "^26"
        "#;
        assert_eq!(
            found_pins(PYPROJECT, text),
            ["black 26.1.0", "mypy 2.4.1", "pylint 4.1.4", "ruff 0.17.6"]
        );
        assert_eq!(found_pins(PYPROJECT, "[project"), [""; 0]);
    }

    #[test]
    fn hooks_have_the_version_of_their_repository() {
        let text = "repos:\n- repo: https://example/ruff-pre-commit\n  rev: v0.17.0\n  hooks:\n  \
                    - id: ruff-check\n  - id: ruff-format\n- repo: local\n  hooks:\n  - id: black\n";
        assert_eq!(found_pins(PRE_COMMIT, text), ["ruff 0.17.0"]);
    }
}

//! Finds versions of tools that a project pins outside of the locks: in pre-commit hooks and in the
//! requirements of `pyproject.toml`.

use super::PRE_COMMIT;
use crate::scaffold::evidence;
use crate::tools::TOOLS;

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
    let mut add = |tool, version| pins.push(Pin { file, tool, version });
    if file == PYPROJECT {
        for (package, version) in evidence::packages_in_manifest(text) {
            if let Some(tool) = TOOLS.iter().find(|tool| tool.lock() == package) {
                add(tool.lock(), version);
            }
        }
    } else {
        for (tool, version) in evidence::tools_in_hooks(text) {
            add(tool.lock(), version);
        }
    }
    pins.sort();
    pins.dedup();
    pins
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

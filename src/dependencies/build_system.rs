//! The build system of a project, with which it is installed.
//!
//! Reads `[build-system]` of `pyproject.toml` as PEP 517 describes it, and finds the files that a
//! build reads in addition to the packages. Nothing of the project is executed.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::{Table, Value};

use super::pyproject::FILE;
use super::setuptools::{SETUP_CFG, SETUP_PY};
use super::toml as parse;

/// The packages that call build systems and install wheels.
/// (<https://pyproject-hooks.readthedocs.io>, <https://installer.readthedocs.io>)
const INSTALLERS: [&str; 2] = ["installer", "pyproject-hooks"];

/// The build systems that need more for an editable installation than projects list, which they only
/// say when they are called.
const FOR_EDITABLE: &[(&str, &str)] = &[("hatchling.build", "editables~=0.3")];

/// The names of files that build systems read of their own accord.
const READ_BY_NAME: [&str; 7] =
    [FILE, SETUP_CFG, SETUP_PY, "MANIFEST.in", "hatch.toml", "hatch_build.py", "pdm_build.py"];

/// The tables of build systems below `[tool]`.
const TABLES: [&str; 6] = ["flit", "hatch", "pdm", "poetry", "setuptools", "setuptools_scm"];

/// The build system of a project.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct BuildSystem {
    /// Its requirements, as the project lists them.
    requires: Vec<String>,
    /// Its object in Python, such as `hatchling.build`.
    #[serde(rename = "build-backend", default = "legacy_backend")]
    pub backend: String,
    /// The folders of the project in which Python looks for it.
    #[serde(default)]
    pub backend_path: Vec<String>,
}

/// The build system of a project that names none (PEP 517).
fn legacy_backend() -> String {
    "setuptools.build_meta:__legacy__".to_owned()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Pyproject {
    build_system: Option<BuildSystem>,
    tool: Tools,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tools {
    uv: Uv,
    poetry: Poetry,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Uv {
    package: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Poetry {
    package_mode: Option<bool>,
}

impl BuildSystem {
    /// Reads the build system of a project with these files; none if the project is not installed. A
    /// `pyproject.toml` that cannot be parsed has none: reading the dependencies reports it.
    #[must_use]
    pub fn read(pyproject: Option<&str>, setup_py: Option<&str>) -> Option<BuildSystem> {
        let parsed = pyproject.and_then(|text| parse::<Pyproject>(text).ok()).unwrap_or_default();
        if parsed.tool.uv.package == Some(false) || parsed.tool.poetry.package_mode == Some(false) {
            return None;
        }
        let legacy = || BuildSystem {
            requires: vec!["setuptools>=40.8.0".to_owned()],
            backend: legacy_backend(),
            backend_path: Vec::new(),
        };
        parsed.build_system.or_else(|| setup_py.map(|_| legacy()))
    }

    /// The requirements of an environment that installs the project.
    #[must_use]
    pub fn requirements(&self) -> Vec<String> {
        let editable = FOR_EDITABLE.iter().filter(|(backend, _)| *backend == self.backend);
        let editable = editable.map(|(_, requirement)| *requirement);
        let added = INSTALLERS.into_iter().chain(editable).map(str::to_owned);
        self.requires.iter().cloned().chain(added).collect()
    }
}

/// The paths that may be files or folders that a build reads, in any order. The caller keeps those
/// that exist in the project.
#[must_use]
pub fn find_inputs(
    pyproject: Option<&str>,
    setup_cfg: Option<&str>,
    setup_py: Option<&str>,
) -> BTreeSet<String> {
    let mut texts: Vec<String> = READ_BY_NAME.map(str::to_owned).to_vec();
    let table = pyproject.and_then(|text| text.parse::<Table>().ok()).unwrap_or_default();
    let tools = TABLES.iter().filter_map(|name| table.get("tool")?.get(name));
    for value in table.get("project").into_iter().chain(table.get("build-system")).chain(tools) {
        collect_texts(value, &mut texts);
    }
    let is_mark = |c: char| c.is_whitespace() || matches!(c, ',' | '=' | ':');
    let words = setup_cfg.into_iter().flat_map(|text| text.split(is_mark));
    let quoted = setup_py.into_iter().flat_map(|text| text.split(['"', '\'']));
    texts.extend(words.chain(quoted).map(str::to_owned));
    texts.retain(|text| could_be_path(text));
    texts.into_iter().collect()
}

fn collect_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Table(table) => table.values().for_each(|item| collect_texts(item, texts)),
        _ => {}
    }
}

fn could_be_path(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "-_./+".contains(c);
    !text.is_empty() && text.len() < 256 && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_system_is_what_pip_would_use() {
        let read = |text: &str| BuildSystem::read(Some(text), None);
        let hatch = read(
            "[build-system]\nrequires = ['hatchling', 'hatch-vcs']\nbuild-backend = 'hatchling.build'\n",
        );
        assert_eq!(
            hatch.unwrap().requirements(),
            ["hatchling", "hatch-vcs", "installer", "pyproject-hooks", "editables~=0.3"]
        );
        let own =
            read("[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['b']\n");
        assert_eq!(own.unwrap().backend_path, ["b"]);
        let unnamed = read("[build-system]\nrequires = ['setuptools']\n").unwrap();
        assert_eq!(unnamed.backend, "setuptools.build_meta:__legacy__");
        let legacy = BuildSystem::read(Some("[tool.black]\n"), Some("setup()")).unwrap();
        assert_eq!(legacy.requirements()[0], "setuptools>=40.8.0");
    }

    #[test]
    fn a_project_that_is_no_package_has_none() {
        let system = "[build-system]\nrequires = ['poetry-core']\n";
        for text in [
            "[project]\nname = 'a'\n",
            &format!("{system}[tool.poetry]\npackage-mode = false\n"),
            &format!("{system}[tool.uv]\npackage = false\n"),
            "[build-system\n",
        ] {
            assert_eq!(BuildSystem::read(Some(text), None), None, "{text}");
        }
        assert_eq!(BuildSystem::read(None, None), None);
    }

    #[test]
    fn the_files_that_a_build_reads_are_named_in_its_settings() {
        let found = find_inputs(
            Some(
                "[project]\nreadme = 'README.md'\nlicense = { file = 'LICENSE' }\ndependencies = ['a >1']\n\
                 [tool.hatch.build.targets.wheel]\npackages = ['lib/acme']\n[tool.other]\nx = 'no.txt'\n",
            ),
            Some("[metadata]\nlong_description = file: NOTES.rst, CHANGES\n"),
            Some("setup(long_description=open('ABOUT.md').read())"),
        );
        for path in
            ["README.md", "LICENSE", "lib/acme", "NOTES.rst", "CHANGES", "ABOUT.md", "setup.py"]
        {
            assert!(found.contains(path), "{path}: {found:?}");
        }
        assert!(!found.contains("no.txt") && !found.contains("a >1"), "{found:?}");
    }
}

//! Reads versions of packages from locks and lists of requirements.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::EvidenceOrigin;
use super::tables::{self, line_of};
use crate::requirement::{Requirement, normalize};

/// The packages of a project.
#[derive(Clone, Debug, Default)]
pub(super) struct ProjectPackages {
    /// The pinned versions by name.
    pins: BTreeMap<String, String>,
    /// The packages that the project names for its developers.
    named: BTreeMap<String, EvidenceOrigin>,
}

/// The normalised name of a requirement, and its exact version.
pub(super) fn parse(text: &str) -> Option<(String, Option<String>)> {
    // The options of a line, and the sign that it is continued, belong to pip.
    let text = text.split(" --").next().unwrap_or_default().trim_end_matches([' ', '\\']);
    let requirement = Requirement::parse(text)?;
    let exact = requirement.range().and_then(|range| range.exact());
    Some((normalize(requirement.name), exact))
}

impl ProjectPackages {
    /// Reads the packages of a project. Of two pins, that of a lock counts, then the first.
    pub(super) fn read(files: &BTreeMap<&str, &str>) -> ProjectPackages {
        let mut packages = ProjectPackages::default();
        for file in ["uv.lock", "pdm.lock", "poetry.lock"] {
            packages.read_lock(files.get(file).copied().unwrap_or_default());
        }
        for (file, text) in files {
            if file.ends_with(".txt") {
                packages.read_list(file, text);
            }
        }
        packages.read_manifest(files.get("pyproject.toml").copied().unwrap_or_default());
        packages
    }

    /// The version that the project pins.
    pub(super) fn version(&self, package: &str) -> Option<&str> {
        self.pins.get(package).map(String::as_str)
    }

    /// Adds the versions that other packages pin and these do not.
    pub(super) fn add_pins_of(&mut self, other: &ProjectPackages) {
        for (name, version) in &other.pins {
            self.pin(name, Some(version));
        }
    }

    /// The place where the project names a package for its developers.
    pub(super) fn named(&self, package: &str) -> Option<&EvidenceOrigin> {
        self.named.get(package)
    }

    fn pin(&mut self, name: &str, version: Option<&str>) {
        if let Some(version) = version {
            self.pins.entry(normalize(name)).or_insert_with(|| version.to_owned());
        }
    }

    fn read_lock(&mut self, text: &str) {
        let table: Table = text.parse().unwrap_or_default();
        let packages = table.get("package").and_then(Value::as_array);
        for package in packages.into_iter().flatten() {
            if let Some(name) = package.get("name").and_then(Value::as_str) {
                self.pin(name, package.get("version").and_then(Value::as_str));
            }
        }
    }

    fn read_list(&mut self, file: &str, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            let Some((name, version)) = parse(line) else { continue };
            self.pin(&name, version.as_deref());
            let origin = EvidenceOrigin { file: file.to_owned(), line: index + 1 };
            self.named.entry(name).or_insert(origin);
        }
    }

    fn read_manifest(&mut self, text: &str) {
        for (name, version) in developer_packages(&text.parse().unwrap_or_default()) {
            self.pin(&name, version.as_deref());
            let line = line_of(text, &name).unwrap_or(1);
            let origin = EvidenceOrigin { file: "pyproject.toml".to_owned(), line };
            self.named.entry(name).or_insert(origin);
        }
    }
}

/// The packages that a `pyproject.toml` names for developers, with their exact versions.
fn developer_packages(table: &Table) -> Vec<(String, Option<String>)> {
    let at = |path: &[&str]| tables::at(table, path);
    let groups = [&["project", "optional-dependencies"][..], &["dependency-groups"]];
    let groups = groups.into_iter().filter_map(at);
    let mut lists: Vec<&Value> = groups.flat_map(Table::values).collect();
    lists.extend(at(&["tool", "uv"]).and_then(|uv| uv.get("dev-dependencies")));
    let mut found: Vec<_> = lists.into_iter().flat_map(parse_list).collect();
    let poetry = at(&["tool", "poetry", "group"]).into_iter().flat_map(Table::values);
    let poetry = poetry.filter_map(|group| group.get("dependencies")?.as_table());
    let poetry = poetry.chain(at(&["tool", "poetry", "dev-dependencies"]));
    found.extend(poetry.flat_map(parse_poetry));
    found
}

/// The packages with an exact version in all lists of a `pyproject.toml`, with their versions.
pub(super) fn pinned_packages(text: &str) -> Vec<(String, String)> {
    let table: Table = text.parse().unwrap_or_default();
    let mut found = developer_packages(&table);
    let project = tables::at(&table, &["project"]).and_then(|it| it.get("dependencies"));
    found.extend(project.into_iter().flat_map(parse_list));
    let poetry = tables::at(&table, &["tool", "poetry", "dependencies"]);
    found.extend(poetry.into_iter().flat_map(parse_poetry));
    found.into_iter().filter_map(|(name, version)| Some((name, version?))).collect()
}

fn parse_list(list: &Value) -> impl Iterator<Item = (String, Option<String>)> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).filter_map(parse)
}

/// The packages in a table of Poetry.
fn parse_poetry(table: &Table) -> impl Iterator<Item = (String, Option<String>)> {
    table.iter().map(|(name, value)| {
        let version = value.as_str().or_else(|| value.get("version")?.as_str());
        let version = version.map(|version| version.trim_start_matches("==").trim());
        let exact = version.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()));
        (normalize(name), exact.map(str::to_owned))
    })
}

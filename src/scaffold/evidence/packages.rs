//! Reads versions of packages from locks and lists of requirements.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::EvidenceOrigin;
use super::tables::{self, line_of};
use crate::requirement::Requirement;

/// The packages of a project.
#[derive(Clone, Debug, Default)]
pub(super) struct ProjectPackages {
    /// The pinned versions by name.
    pins: BTreeMap<String, String>,
    /// The packages that the project names for its developers.
    named: BTreeMap<String, EvidenceOrigin>,
}

/// Whether a file at the root has a list of requirements, by its name.
pub(super) fn is_requirements(name: &str) -> bool {
    name.ends_with(".txt") && (name.contains("requirements") || name.contains("constraints"))
}

/// The name of a package in its usual spelling.
pub(super) fn normalise(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

/// The name of a requirement in its usual spelling, and its exact version.
pub(super) fn parse(text: &str) -> Option<(String, Option<String>)> {
    let name = normalise(Requirement::parse(text)?.name);
    let versions = text.split(';').next().unwrap_or_default();
    let exact = versions.split_once("==").map(|(_, version)| version.trim_start_matches('='));
    let exact = exact.map(|version| version.split([' ', '\\']).find(|part| !part.is_empty()));
    let exact = exact.flatten().filter(|version| !version.contains([',', '*']));
    Some((name, exact.map(str::to_owned)))
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

    /// The place where the project names a package for its developers.
    pub(super) fn named(&self, package: &str) -> Option<&EvidenceOrigin> {
        self.named.get(package)
    }

    fn pin(&mut self, name: &str, version: Option<&str>) {
        if let Some(version) = version {
            self.pins.entry(normalise(name)).or_insert_with(|| version.to_owned());
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
        let table: Table = text.parse().unwrap_or_default();
        let at = |path: &[&str]| tables::at(&table, path);
        let groups = [&["project", "optional-dependencies"][..], &["dependency-groups"]];
        let groups = groups.into_iter().filter_map(at);
        let mut lists: Vec<Value> = groups.flat_map(Table::values).cloned().collect();
        let uv = at(&["tool", "uv"]).and_then(|uv| uv.get("dev-dependencies"));
        lists.extend(uv.cloned());
        let texts = lists.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
        let mut found: Vec<(String, Option<String>)> = texts.filter_map(parse).collect();
        let poetry = at(&["tool", "poetry", "group"]).into_iter().flat_map(Table::values);
        let poetry = poetry.filter_map(|group| group.get("dependencies")?.as_table());
        for (name, value) in poetry.chain(at(&["tool", "poetry", "dev-dependencies"])).flatten() {
            let version = value.as_str().or_else(|| value.get("version")?.as_str());
            let version = version.map(|version| version.trim_start_matches("==").trim());
            let exact = version.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()));
            found.push((normalise(name), exact.map(str::to_owned)));
        }
        for (name, version) in found {
            self.pin(&name, version.as_deref());
            let line = line_of(text, &name).unwrap_or(1);
            let origin = EvidenceOrigin { file: "pyproject.toml".to_owned(), line };
            self.named.entry(name).or_insert(origin);
        }
    }
}

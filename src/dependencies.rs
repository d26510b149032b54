//! The dependencies of the checked project.
//!
//! Parses the files that declare them. A lock of the project is converted into our lock, so that
//! a project maintains one set of pins. Versions are resolved in [`crate::update`], and files are read
//! in [`read`].

pub mod build_system;
mod marker;
mod pipfile;
mod poetry;
pub(crate) mod poetry_notation;
mod pylock;
mod pyproject;
pub mod read;
mod requirements;
mod setuptools;
mod uv;
pub mod written;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::lock::{Lock, LockError, Package};
use crate::project::ProjectPath;

/// The group that belongs to a project unless it names others, as with uv.
const DEFAULT_GROUP: &str = "dev";

/// The optional dependencies to install.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection {
    /// The groups; `dev`, if it exists, if none.
    pub groups: Option<Vec<String>>,
    /// The extras.
    pub extras: Vec<String>,
}

/// The dependencies of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependencies {
    /// The files that declare them.
    pub files: Vec<ProjectPath>,
    /// The parsed dependencies.
    pub kind: DependencyKind,
    /// Dependencies that do not come from an index, and are not installed.
    pub left_out: Vec<String>,
}

impl Dependencies {
    /// The names of the files, for messages.
    #[must_use]
    pub fn file_names(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| format!("`{file}`")).collect();
        files.join(" and ")
    }
}

/// The dependencies, locked or declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DependencyKind {
    /// Exact versions.
    Locked(Lock),
    /// Requirements.
    Declared(Vec<String>),
}

/// Why the dependencies of a project cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
#[non_exhaustive]
pub struct DependencyError {
    /// The file.
    pub path: ProjectPath,
    /// The error.
    pub message: String,
    /// A suggestion, if there is one.
    pub hint: Option<String>,
}

/// The content of one file.
#[derive(Debug, Default, PartialEq)]
struct File {
    /// Its packages, if it is a lock.
    locked: Option<Vec<Package>>,
    declared: Vec<String>,
    left_out: Vec<String>,
}

/// An error in a file: the message, and a suggestion.
type Unreadable = (String, Option<String>);

/// The lock files of a project, the most exact one first.
const LOCKS: [&str; 3] = ["uv.lock", "pylock.toml", "poetry.lock"];

/// Parses the dependency files of a project. The first lock among them is used alone; without a lock,
/// the other files are combined. `texts` also contains the files that they include.
///
/// # Errors
///
/// When one of them cannot be parsed.
pub fn dependencies(
    files: &[ProjectPath],
    texts: &BTreeMap<ProjectPath, String>,
    selection: &Selection,
) -> Result<Option<Dependencies>, DependencyError> {
    let named = |name: &str| files.iter().find(|file| file.file_name() == name);
    if let Some(path) = LOCKS.iter().find_map(|name| named(name)) {
        let File { locked, left_out, .. } = file(path, texts, selection)?;
        let lock = checked(path, locked.unwrap_or_default())?;
        return Ok(Some(Dependencies {
            files: vec![path.clone()],
            kind: DependencyKind::Locked(lock),
            left_out,
        }));
    }
    let mut read = Vec::new();
    for path in files {
        read.push((path, file(path, texts, selection)?));
    }
    let says = |file: &File| {
        file.locked.is_some() || !file.declared.is_empty() || !file.left_out.is_empty()
    };
    read.retain(|(_, file)| says(file));
    // Requirements with hashes are generated from the other files, so they replace them.
    let is_pinned = read.iter().any(|(_, file)| file.locked.is_some());
    let is_loose = |(path, file): &(&ProjectPath, File)| {
        file.locked.is_none() && !is_manifest(path.file_name())
    };
    if is_pinned && !read.iter().any(is_loose) {
        read.retain(|(_, file)| file.locked.is_some());
        let mut packages: Vec<Package> = Vec::new();
        for package in read.iter().flat_map(|(_, file)| file.locked.iter().flatten()) {
            if !packages.contains(package) {
                packages.push(package.clone());
            }
        }
        let lock = checked(read[0].0, packages)?;
        return Ok(Some(gathered(read, DependencyKind::Locked(lock))));
    }
    if read.is_empty() {
        return Ok(None);
    }
    let mut declared: Vec<String> = read
        .iter()
        .flat_map(|(_, file)| {
            let pins = file.locked.iter().flatten().map(pin);
            pins.chain(file.declared.iter().cloned())
        })
        .collect();
    declared.sort();
    declared.dedup();
    Ok(Some(gathered(read, DependencyKind::Declared(declared))))
}

/// Whether a file describes a package, and is not a list of requirements.
/// Whether a file of this name can declare dependencies.
#[must_use]
pub fn is_dependency_file(name: &str) -> bool {
    let is_list = name.starts_with("requirements") && name.ends_with(".txt");
    is_manifest(name) || LOCKS.contains(&name) || is_list
}

fn is_manifest(name: &str) -> bool {
    [pyproject::FILE, pipfile::FILE, setuptools::SETUP_CFG, setuptools::SETUP_PY].contains(&name)
}

fn gathered(read: Vec<(&ProjectPath, File)>, kind: DependencyKind) -> Dependencies {
    let files = read.iter().map(|(path, _)| (*path).clone()).collect();
    let mut left_out: Vec<String> = read.into_iter().flat_map(|(_, file)| file.left_out).collect();
    left_out.sort();
    left_out.dedup();
    Dependencies { files, kind, left_out }
}

fn file(
    path: &ProjectPath,
    texts: &BTreeMap<ProjectPath, String>,
    selection: &Selection,
) -> Result<File, DependencyError> {
    let text = texts.get(path).map(String::as_str).unwrap_or_default();
    let kind = match path.file_name() {
        "uv.lock" => uv::read(text, selection),
        "pylock.toml" => pylock::read(text, selection),
        "poetry.lock" => poetry::read(text, selection),
        pyproject::FILE => pyproject::read(text, selection),
        pipfile::FILE => pipfile::read(text, selection),
        setuptools::SETUP_CFG => Ok(setuptools::read_cfg(text, selection)),
        setuptools::SETUP_PY => Ok(setuptools::read_py(text, selection)),
        _ => requirements::read(path, texts),
    };
    kind.map_err(|(message, hint)| DependencyError { path: path.clone(), message, hint })
}

/// Makes a lock of these packages, and validates it.
fn checked(path: &ProjectPath, mut packages: Vec<Package>) -> Result<Lock, DependencyError> {
    packages.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    let lock = Lock { packages, ..Lock::default() };
    Lock::parse(&lock.text()).map_err(|LockError { message, .. }| DependencyError {
        path: path.clone(),
        message,
        hint: None,
    })
}

fn pin(package: &Package) -> String {
    let marker = package.marker.as_ref().map(|marker| format!(" ; {marker}"));
    format!("{}=={}{}", package.name, package.version, marker.unwrap_or_default())
}

/// Parses a TOML text.
fn toml<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    ::toml::from_str(text).map_err(|error| {
        let before = text.get(..error.span().unwrap_or_default().start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let hint = "correct the file".to_owned();
        (format!("{} in line {line}", error.message()), Some(hint))
    })
}

/// Normalizes a name as package indexes do.
fn normal(name: &str) -> String {
    let mut normal = String::new();
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !normal.is_empty() {
            normal.push('-');
        }
        normal.push_str(&part.to_ascii_lowercase());
    }
    normal
}

/// Selects the named groups or extras, or reports one that does not exist.
fn chosen(
    kind: &str,
    wanted: Option<&[String]>,
    there: &[String],
) -> Result<Vec<String>, Unreadable> {
    let is = |one: &str, other: &str| normal(one) == normal(other);
    let Some(wanted) = wanted else {
        return Ok(there.iter().filter(|name| is(name, DEFAULT_GROUP)).cloned().collect());
    };
    wanted
        .iter()
        .map(|name| {
            there.iter().find(|it| is(it, name)).cloned().ok_or_else(|| {
                let known: Vec<String> = there.iter().map(|name| format!("`{name}`")).collect();
                let hint = match known.as_slice() {
                    [] => format!("the file has no {kind}s; change `{kind}s` in pipe.toml"),
                    known => {
                        format!("the file has {}; change `{kind}s` in pipe.toml", known.join(", "))
                    }
                };
                (format!("unknown {kind} `{name}`"), Some(hint))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;

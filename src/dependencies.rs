//! What a project itself depends on.
//!
//! Owns reading that from the files in which projects say it, and making our lock from a lock that
//! the project has, so that there is never a second pin to maintain. Pure: texts come in from
//! [`read`], and nothing here resolves a version; that is [`crate::update`]'s.

mod marker;
mod poetry;
mod pylock;
mod pyproject;
pub mod read;
mod requirements;
mod uv;
pub mod written;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::lock::{Lock, LockError, Package};
use crate::project::ProjectPath;

/// The group that belongs to a project unless it names others, as with uv.
const DEFAULT_GROUP: &str = "dev";

/// Which of a project's optional dependencies count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection {
    /// The groups; `dev`, where there is one, if nobody says.
    pub groups: Option<Vec<String>>,
    /// The extras.
    pub extras: Vec<String>,
}

/// What a project depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependencies {
    /// The files that say it.
    pub files: Vec<ProjectPath>,
    /// What they say.
    pub said: Said,
    /// What cannot be installed from an index, and so is left out.
    pub left_out: Vec<String>,
}

impl Dependencies {
    /// The files, for people.
    #[must_use]
    pub fn told(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| format!("`{file}`")).collect();
        files.join(" and ")
    }
}

/// What a project says of its dependencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The exact version of each.
    Locked(Lock),
    /// Which versions would do, as requirements.
    Declared(Vec<String>),
}

/// Why it cannot be told what a project depends on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
#[non_exhaustive]
pub struct DependencyError {
    /// The file.
    pub path: ProjectPath,
    /// What is wrong with it.
    pub message: String,
    /// What to do next, where that is known.
    pub hint: Option<String>,
}

/// What one file says.
#[derive(Debug, Default, PartialEq)]
struct File {
    /// Its packages, if it is a lock.
    locked: Option<Vec<Package>>,
    declared: Vec<String>,
    left_out: Vec<String>,
}

/// Why a file says nothing: the message, and what to do next.
type Unreadable = (String, Option<String>);

/// The files that lock all of a project, the most exact one first.
const LOCKS: [&str; 3] = ["uv.lock", "pylock.toml", "poetry.lock"];

/// What the files of a project say. The first lock among them says all there is to say; only where
/// there is none, the others say it together. `texts` also has what they include.
///
/// # Errors
///
/// When one of them cannot be understood.
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
            said: Said::Locked(lock),
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
    // Pins with hashes are made from what is said elsewhere, so they replace it.
    let is_pinned = read.iter().any(|(_, file)| file.locked.is_some());
    let is_loose = |(path, file): &(&ProjectPath, File)| {
        file.locked.is_none() && path.file_name() != pyproject::FILE
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
        return Ok(Some(gathered(read, Said::Locked(lock))));
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
    Ok(Some(gathered(read, Said::Declared(declared))))
}

fn gathered(read: Vec<(&ProjectPath, File)>, said: Said) -> Dependencies {
    let files = read.iter().map(|(path, _)| (*path).clone()).collect();
    let mut left_out: Vec<String> = read.into_iter().flat_map(|(_, file)| file.left_out).collect();
    left_out.sort();
    left_out.dedup();
    Dependencies { files, said, left_out }
}

fn file(
    path: &ProjectPath,
    texts: &BTreeMap<ProjectPath, String>,
    selection: &Selection,
) -> Result<File, DependencyError> {
    let text = texts.get(path).map(String::as_str).unwrap_or_default();
    let said = match path.file_name() {
        "uv.lock" => uv::read(text, selection),
        "pylock.toml" => pylock::read(text, selection),
        "poetry.lock" => poetry::read(text, selection),
        pyproject::FILE => pyproject::read(text, selection),
        _ => requirements::read(path, texts),
    };
    said.map_err(|(message, hint)| DependencyError { path: path.clone(), message, hint })
}

/// A lock of these packages, as long as it says nothing that a lock may not say.
fn checked(path: &ProjectPath, mut packages: Vec<Package>) -> Result<Lock, DependencyError> {
    packages.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    let lock = Lock { packages };
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

/// A TOML text of this shape.
fn toml<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    ::toml::from_str(text).map_err(|error| (error.message().to_owned(), None))
}

/// A name as indexes compare it.
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

/// The selected names among those that there are.
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
                    [] => format!("it has none; `{kind}s` in pipe.toml names it"),
                    known => {
                        format!("it has {}; `{kind}s` in pipe.toml names it", known.join(", "))
                    }
                };
                (format!("there is no {kind} `{name}`"), Some(hint))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;

//! The format of `pylock.toml`, the lock file of [PEP 751](https://peps.python.org/pep-0751/).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::marker::Marker;
use super::{File, Selection, Unreadable, chosen, normal, toml};
use crate::lock::Package;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Pylock {
    lock_version: String,
    #[serde(default)]
    extras: Vec<String>,
    #[serde(default)]
    dependency_groups: Vec<String>,
    #[serde(default)]
    default_groups: Option<Vec<String>>,
    #[serde(default)]
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    marker: Option<String>,
    #[serde(default)]
    sdist: Option<Hashed>,
    #[serde(default)]
    wheels: Vec<Hashed>,
    #[serde(default)]
    directory: Option<IgnoredAny>,
    #[serde(default)]
    vcs: Option<IgnoredAny>,
    #[serde(default)]
    archive: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Hashed {
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

pub(super) fn read(text: &str, selection: &Selection) -> Result<File, Unreadable> {
    let lock: Pylock = toml(text)?;
    if !lock.lock_version.starts_with("1.") {
        return Err((format!("unsupported lock version {}", lock.lock_version), None));
    }
    let groups = match (&selection.groups, lock.default_groups) {
        (None, Some(groups)) => groups,
        (wanted, _) => chosen("group", wanted.as_deref(), &lock.dependency_groups)?,
    };
    let extras = chosen("extra", Some(&selection.extras), &lock.extras)?;
    let decide = |atom: &str| {
        let (name, set) = atom.split_once(" in ")?;
        let (name, is_in) = match name.strip_suffix(" not") {
            Some(name) => (name, false),
            None => (name, true),
        };
        let wanted = match set {
            "extras" => &extras,
            "dependency_groups" => &groups,
            _ => return None,
        };
        let name = normal(name.trim_matches(['"', '\'']));
        Some(wanted.iter().any(|it| normal(it) == name) == is_in)
    };
    let mut file = File { locked: Some(Vec::new()), ..File::default() };
    for entry in lock.packages {
        let condition = match &entry.marker {
            None => Marker::Decided(true),
            Some(text) => Marker::parse(text)
                .ok_or_else(|| (format!("invalid marker: `{text}`"), None))?
                .decided(&decide),
        };
        if condition == Marker::Decided(false) {
            continue;
        }
        let is_elsewhere =
            entry.directory.is_some() || entry.vcs.is_some() || entry.archive.is_some();
        let (Some(version), false) = (entry.version, is_elsewhere) else {
            file.left_out.push(entry.name);
            continue;
        };
        let marker = (condition != Marker::Decided(true)).then(|| condition.to_string());
        let files = entry.wheels.iter().chain(&entry.sdist);
        let mut hashes: Vec<String> = files
            .filter_map(|file| file.hashes.get("sha256"))
            .map(|hash| format!("sha256:{hash}"))
            .collect();
        hashes.sort();
        hashes.dedup();
        file.locked.get_or_insert_default().push(Package {
            name: entry.name,
            version,
            marker,
            hashes,
        });
    }
    Ok(file)
}

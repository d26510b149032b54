//! The format of `poetry.lock`, as Poetry 2 writes it.
//!
//! Each package lists the groups that it belongs to, and its markers.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::marker::Marker;
use super::{File, Selection, Unreadable, chosen, normal, toml};
use crate::lock::Package;

/// Poetry's name for the dependencies outside of any group.
const MAIN: &str = "main";

#[derive(Deserialize)]
struct PoetryLock {
    #[serde(default)]
    package: Vec<Entry>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    lock_version: String,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    markers: Option<Markers>,
    #[serde(default)]
    files: Vec<Hashed>,
    #[serde(default)]
    source: Option<Origin>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Markers {
    OfAll(String),
    OfGroups(BTreeMap<String, String>),
}

#[derive(Deserialize)]
struct Hashed {
    hash: String,
}

#[derive(Deserialize)]
struct Origin {
    #[serde(rename = "type")]
    kind: String,
}

pub(super) fn read(text: &str, selection: &Selection) -> Result<File, Unreadable> {
    let lock: PoetryLock = toml(text)?;
    let version = &lock.metadata.lock_version;
    if !version.starts_with("2.") || version == "2.0" {
        let message = format!("unsupported lock version {version}: it has no groups and markers");
        return Err((message, Some("run `poetry lock` with Poetry 2".to_owned())));
    }
    let there: BTreeSet<String> =
        lock.package.iter().flat_map(|entry| entry.groups.iter().cloned()).collect();
    let there: Vec<String> = there.into_iter().collect();
    let mut groups = chosen("group", selection.groups.as_deref(), &there)?;
    groups.push(MAIN.to_owned());
    let extras: Vec<String> = lock.extras.into_keys().collect();
    let extras = chosen("extra", Some(&selection.extras), &extras)?;
    let decide = |atom: &str| {
        let extra = atom.strip_prefix("extra == ")?.trim_matches(['"', '\'']);
        Some(extras.iter().any(|it| normal(it) == normal(extra)))
    };
    let mut file = File { locked: Some(Vec::new()), ..File::default() };
    for entry in lock.package {
        let conditions = entry.groups.iter().filter(|group| groups.contains(group)).map(|group| {
            match &entry.markers {
                None => Ok(Marker::Decided(true)),
                Some(Markers::OfAll(text)) => marker(text),
                Some(Markers::OfGroups(of)) => {
                    of.get(group).map_or(Ok(Marker::Decided(true)), |text| marker(text))
                }
            }
        });
        let condition = Marker::any(conditions.collect::<Result<Vec<_>, _>>()?).decided(&decide);
        if condition == Marker::Decided(false) {
            continue;
        }
        // A package without a source comes from the default index, `legacy` from another one.
        let is_of_index = entry.source.as_ref().is_none_or(|source| source.kind == "legacy");
        if !is_of_index {
            file.left_out.push(entry.name);
            continue;
        }
        let marker = (condition != Marker::Decided(true)).then(|| condition.to_string());
        let mut hashes: Vec<String> = entry.files.into_iter().map(|file| file.hash).collect();
        hashes.sort();
        hashes.dedup();
        let package = Package { name: entry.name, version: entry.version, marker, hashes };
        file.locked.get_or_insert_default().push(package);
    }
    Ok(file)
}

fn marker(text: &str) -> Result<Marker, Unreadable> {
    Marker::parse(text).ok_or_else(|| (format!("invalid marker: `{text}`"), None))
}

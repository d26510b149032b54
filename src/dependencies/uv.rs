//! The format of `uv.lock`.
//!
//! The lock is a graph whose edges may have markers. Walking it from the project yields the needed
//! packages and the conditions on each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Deserialize;

use super::marker::Marker;
use super::{File, Selection, Unreadable, chosen, toml};
use crate::lock::Package;

#[derive(Deserialize)]
struct UvLock {
    version: u32,
    #[serde(default)]
    manifest: Manifest,
    #[serde(default)]
    package: Vec<Entry>,
}

#[derive(Default, Deserialize)]
struct Manifest {
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    name: String,
    #[serde(default)]
    version: Option<String>,
    source: BTreeMap<String, ::toml::Value>,
    #[serde(default)]
    dependencies: Vec<Edge>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Edge>>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<Edge>>,
    #[serde(default)]
    sdist: Option<Hashed>,
    #[serde(default)]
    wheels: Vec<Hashed>,
}

#[derive(Deserialize)]
struct Edge {
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    extra: Vec<String>,
    #[serde(default)]
    marker: Option<String>,
}

#[derive(Deserialize)]
struct Hashed {
    #[serde(default)]
    hash: Option<String>,
}

/// A package, or one of its extras.
type Node = (usize, Option<String>);

/// A disjunction of conjunctions of markers.
type Condition = BTreeSet<BTreeSet<String>>;

pub(super) fn read(text: &str, selection: &Selection) -> Result<File, Unreadable> {
    let lock: UvLock = toml(text)?;
    if lock.version != 1 {
        return Err((format!("unsupported lock version {}", lock.version), None));
    }
    let roots = lock.roots();
    let (groups, extras) = lock.chosen(&roots, selection)?;
    let reached = lock.walk(&roots, &groups, &extras);
    let decide = |atom: &str| {
        let word = atom.strip_prefix("extra == ")?.trim_matches(['"', '\'']);
        // Where extras or groups conflict, uv encodes kind, project and name into one word.
        let is_chosen = |kind: &str, chosen: &[String]| {
            roots.iter().any(|root| {
                let name = &lock.package[*root].name;
                let word_of = |it: &String| format!("{kind}-{}-{name}-{it}", name.len());
                chosen.iter().any(|it| word_of(it) == word)
            })
        };
        Some(is_chosen("extra", &extras) || is_chosen("group", &groups))
    };
    let mut file = File { locked: Some(Vec::new()), ..File::default() };
    for (at, entry) in lock.package.iter().enumerate() {
        let Some(condition) = reached.get(&(at, None)) else { continue };
        let condition = marker(condition)?.decided(&decide);
        if condition == Marker::Decided(false) || roots.contains(&at) {
            continue;
        }
        let (Some(version), true) = (&entry.version, entry.source.contains_key("registry")) else {
            file.left_out.push(entry.name.clone());
            continue;
        };
        let hashes: BTreeSet<String> =
            entry.wheels.iter().chain(&entry.sdist).filter_map(|file| file.hash.clone()).collect();
        file.locked.get_or_insert_default().push(Package {
            name: entry.name.clone(),
            version: version.clone(),
            marker: (condition != Marker::Decided(true)).then(|| condition.to_string()),
            hashes: hashes.into_iter().collect(),
        });
    }
    Ok(file)
}

impl UvLock {
    /// The project, and all members of its workspace.
    fn roots(&self) -> Vec<usize> {
        let is_here = |entry: &Entry| {
            entry.source.iter().any(|(kind, place)| {
                matches!(kind.as_str(), "virtual" | "editable") && place.as_str() == Some(".")
            })
        };
        let is_root = |entry: &Entry| is_here(entry) || self.manifest.members.contains(&entry.name);
        let entries = self.package.iter().enumerate();
        entries.filter(|(_, entry)| is_root(entry)).map(|(at, _)| at).collect()
    }

    /// The selected groups and extras of the project.
    fn chosen(
        &self,
        roots: &[usize],
        selection: &Selection,
    ) -> Result<(Vec<String>, Vec<String>), Unreadable> {
        let names = |of: fn(&Entry) -> &BTreeMap<String, Vec<Edge>>| {
            let names: BTreeSet<String> =
                roots.iter().flat_map(|root| of(&self.package[*root]).keys().cloned()).collect();
            names.into_iter().collect::<Vec<_>>()
        };
        let groups = names(|entry| &entry.dev_dependencies);
        let extras = names(|entry| &entry.optional_dependencies);
        Ok((
            chosen("group", selection.groups.as_deref(), &groups)?,
            chosen("extra", Some(&selection.extras), &extras)?,
        ))
    }

    /// Collects every package that the roots need, with its condition.
    fn walk(
        &self,
        roots: &[usize],
        groups: &[String],
        extras: &[String],
    ) -> BTreeMap<Node, Condition> {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, entry) in self.package.iter().enumerate() {
            by_name.entry(&entry.name).or_default().push(at);
        }
        let always = Condition::from([BTreeSet::new()]);
        let mut reached: BTreeMap<Node, Condition> = BTreeMap::new();
        let mut open: VecDeque<Node> = VecDeque::new();
        for root in roots {
            let parts = std::iter::once(None).chain(extras.iter().cloned().map(Some));
            open.extend(parts.map(|part| (*root, part)));
        }
        for node in &open {
            reached.insert(node.clone(), always.clone());
        }
        while let Some(node) = open.pop_front() {
            let condition = reached[&node].clone();
            let entry = &self.package[node.0];
            let of_groups = match (&node.1, roots.contains(&node.0)) {
                (None, true) => {
                    groups.iter().filter_map(|it| entry.dev_dependencies.get(it)).collect()
                }
                _ => Vec::new(),
            };
            let own = match &node.1 {
                None => Some(&entry.dependencies),
                Some(extra) => entry.optional_dependencies.get(extra),
            };
            for edge in own.into_iter().chain(of_groups).flatten() {
                let with = along(&condition, edge.marker.as_deref());
                let fits = |at: &&usize| {
                    edge.version.is_none() || edge.version == self.package[**at].version
                };
                let targets = by_name.get(edge.name.as_str()).into_iter().flatten().filter(fits);
                for target in targets {
                    let extras = edge.extra.iter().cloned().map(Some);
                    for part in std::iter::once(None).chain(extras) {
                        let node = (*target, part);
                        if add(reached.entry(node.clone()).or_default(), &with) {
                            open.push_back(node);
                        }
                    }
                }
            }
        }
        reached
    }
}

/// The condition of an edge.
fn along(condition: &Condition, marker: Option<&str>) -> Condition {
    let with = |texts: &BTreeSet<String>| {
        let mut texts = texts.clone();
        texts.extend(marker.map(str::to_owned));
        texts
    };
    condition.iter().map(with).collect()
}

/// Adds alternatives to a condition, and returns whether it changed. An alternative that implies an
/// existing one adds nothing.
fn add(condition: &mut Condition, more: &Condition) -> bool {
    let mut changed = false;
    for texts in more {
        if condition.iter().any(|known| known.is_subset(texts)) {
            continue;
        }
        condition.retain(|known| !texts.is_subset(known));
        condition.insert(texts.clone());
        changed = true;
    }
    changed
}

fn marker(condition: &Condition) -> Result<Marker, Unreadable> {
    let read = |text: &String| {
        Marker::parse(text).ok_or_else(|| (format!("invalid marker: `{text}`"), None))
    };
    let all = |texts: &BTreeSet<String>| {
        Ok(Marker::all(texts.iter().map(read).collect::<Result<Vec<_>, Unreadable>>()?))
    };
    Ok(Marker::any(condition.iter().map(all).collect::<Result<Vec<_>, Unreadable>>()?))
}

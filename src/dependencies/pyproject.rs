//! The dependencies in a `pyproject.toml`.
//!
//! Reads the standard tables, and uv's table of sources outside of an index. Requirements are kept as
//! written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{File, Selection, Unreadable, chosen, normal, toml};
use crate::requirement::Requirement;

/// The name of the file.
pub(super) const FILE: &str = "pyproject.toml";

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Pyproject {
    project: Project,
    dependency_groups: BTreeMap<String, Vec<Member>>,
    tool: Tools,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Project {
    name: String,
    dependencies: Vec<String>,
    optional_dependencies: BTreeMap<String, Vec<String>>,
    dynamic: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Member {
    Requirement(String),
    Group {
        #[serde(rename = "include-group")]
        group: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tools {
    uv: Uv,
    poetry: Poetry,
    setuptools: Setuptools,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Uv {
    sources: BTreeMap<String, ::toml::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Setuptools {
    dynamic: BTreeMap<String, ::toml::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Poetry {
    dependencies: BTreeMap<String, ::toml::Value>,
}

/// The lists of requirements that setuptools takes the dependencies from.
pub(super) fn dynamic_files(text: &str) -> Vec<String> {
    let Ok(Pyproject { project, tool, .. }) = toml::<Pyproject>(text) else { return Vec::new() };
    if !project.dynamic.iter().any(|name| name == "dependencies") {
        return Vec::new();
    }
    let value = tool.setuptools.dynamic.get("dependencies").and_then(|value| value.get("file"));
    let items = value.and_then(::toml::Value::as_array).into_iter().flatten();
    let one = value.and_then(::toml::Value::as_str);
    items.filter_map(::toml::Value::as_str).chain(one).map(str::to_owned).collect()
}

pub(super) fn read(text: &str, selection: &Selection) -> Result<File, Unreadable> {
    let Pyproject { project, dependency_groups, tool } = toml(text)?;
    // Only Poetry can interpret the versions of this table.
    if tool.poetry.dependencies.keys().any(|name| name != "python")
        && project.dependencies.is_empty()
    {
        let message = "`[tool.poetry.dependencies]` needs a `poetry.lock`, which is missing";
        return Err((message.to_owned(), Some("run `poetry lock`".to_owned())));
    }
    let groups: Vec<String> = dependency_groups.keys().cloned().collect();
    let extras: Vec<String> = project.optional_dependencies.keys().cloned().collect();
    let groups = chosen("group", selection.groups.as_deref(), &groups)?;
    let extras = chosen("extra", Some(&selection.extras), &extras)?;

    let mut all = project.dependencies.clone();
    for group in &groups {
        of_group(&dependency_groups, group, &mut BTreeSet::new(), &mut all)?;
    }
    let mut wanted = extras;
    let mut seen = BTreeSet::new();
    let mut file = File::default();
    loop {
        // An extra can include others: `all = ["shop[xml,yaml]"]`.
        for requirement in std::mem::take(&mut all) {
            match Requirement::parse(&requirement) {
                Some(it) if normal(it.name) == normal(&project.name) => wanted.extend(it.extras),
                Some(it) if is_elsewhere(&tool.uv.sources, it.name) => {
                    file.left_out.push(it.name.to_owned());
                }
                Some(_) => file.declared.push(requirement),
                None => {
                    let name = requirement.split(['@', ' ']).next().unwrap_or_default();
                    file.left_out.push(name.to_owned());
                }
            }
        }
        match wanted.pop() {
            Some(extra) if seen.insert(normal(&extra)) => {
                let of = project.optional_dependencies.iter();
                all = of
                    .filter(|(name, _)| normal(name) == normal(&extra))
                    .flat_map(|(_, requirements)| requirements.clone())
                    .collect();
            }
            Some(_) => {}
            None => return Ok(file),
        }
    }
}

fn of_group(
    groups: &BTreeMap<String, Vec<Member>>,
    group: &str,
    seen: &mut BTreeSet<String>,
    all: &mut Vec<String>,
) -> Result<(), Unreadable> {
    if !seen.insert(normal(group)) {
        return Ok(());
    }
    let Some((_, members)) = groups.iter().find(|(name, _)| normal(name) == normal(group)) else {
        return Err((format!("a group includes the unknown group `{group}`"), None));
    };
    for member in members {
        match member {
            Member::Requirement(requirement) => all.push(requirement.clone()),
            Member::Group { group } => of_group(groups, group, seen, all)?,
        }
    }
    Ok(())
}

/// Whether uv installs a package from a source other than an index.
fn is_elsewhere(sources: &BTreeMap<String, ::toml::Value>, name: &str) -> bool {
    let source = sources.iter().find(|(known, _)| normal(known) == normal(name));
    source.is_some_and(|(_, source)| {
        let table = match source {
            ::toml::Value::Array(sources) => sources.first(),
            source => Some(source),
        };
        table.and_then(::toml::Value::as_table).is_some_and(|table| !table.contains_key("index"))
    })
}

//! The dependencies in a `pyproject.toml`.
//!
//! Reads the standard tables, those of Poetry, and uv's table of sources outside of an index.
//! Requirements in the standard tables are kept as written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::poetry_notation::to_requirements;
use super::{DEFAULT_GROUP, File, Selection, Unreadable, chosen, normal, toml};
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

/// The tables of Poetry.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Poetry {
    dependencies: PoetryTable,
    dev_dependencies: PoetryTable,
    group: BTreeMap<String, PoetryGroup>,
    extras: BTreeMap<String, Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PoetryGroup {
    dependencies: PoetryTable,
}

type PoetryTable = BTreeMap<String, ::toml::Value>;

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
    let groups: BTreeSet<String> =
        dependency_groups.keys().cloned().chain(tool.poetry.group_names()).collect();
    let groups: Vec<String> = groups.into_iter().collect();
    let extras = project.optional_dependencies.keys().chain(tool.poetry.extras.keys());
    let extras: Vec<String> = extras.cloned().collect();
    let groups = chosen("group", selection.groups.as_deref(), &groups)?;
    let extras = chosen("extra", Some(&selection.extras), &extras)?;

    let mut file = File::default();
    let mut all = project.dependencies.clone();
    // Next to the standard list, Poetry's only adds the sources of packages.
    if all.is_empty() {
        tool.poetry.read_project(&extras, &mut file)?;
    }
    for group in &groups {
        tool.poetry.read_group(group, &mut file)?;
        if dependency_groups.contains_key(group) {
            of_group(&dependency_groups, group, &mut BTreeSet::new(), &mut all)?;
        }
    }
    let mut wanted = extras;
    let mut seen = BTreeSet::new();
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

impl Poetry {
    fn group_names(&self) -> impl Iterator<Item = String> {
        let old = (!self.dev_dependencies.is_empty()).then(|| DEFAULT_GROUP.to_owned());
        self.group.keys().cloned().chain(old)
    }

    /// Reads the dependencies outside of any group: those that are not optional, and those of extras.
    fn read_project(&self, extras: &[String], file: &mut File) -> Result<(), Unreadable> {
        let chosen = self.extras.iter().filter(|(extra, _)| extras.contains(extra));
        let chosen: BTreeSet<String> =
            chosen.flat_map(|(_, names)| names).map(|name| normal(name)).collect();
        for (name, value) in &self.dependencies {
            let is_optional = value.get("optional").and_then(::toml::Value::as_bool) == Some(true);
            if name != "python" && (!is_optional || chosen.contains(&normal(name))) {
                read_dependency(name, value, file)?;
            }
        }
        Ok(())
    }

    fn read_group(&self, group: &str, file: &mut File) -> Result<(), Unreadable> {
        let tables = self.group.iter().filter(|(name, _)| normal(name) == normal(group));
        let tables = tables.map(|(_, group)| &group.dependencies);
        let old = (normal(group) == DEFAULT_GROUP).then_some(&self.dev_dependencies);
        for (name, value) in tables.chain(old).flatten() {
            read_dependency(name, value, file)?;
        }
        Ok(())
    }
}

fn read_dependency(name: &str, value: &::toml::Value, file: &mut File) -> Result<(), Unreadable> {
    match to_requirements(name, value)? {
        Some(requirements) => file.declared.extend(requirements),
        None => file.left_out.push(name.to_owned()),
    }
    Ok(())
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

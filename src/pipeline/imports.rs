//! The folders from which a package of the project can import the packages that it depends on.
//!
//! By hand these are installed as editable, and Python finds them through the environment. Here their
//! folders are among those that Python searches.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use crate::config::{Config, ProjectPackage};
use crate::project::{Project, ProjectPath};
use crate::read::{self, SizeLimit};
use crate::requirement::{Requirement, normalize};

/// The import roots of the packages that each package depends on, directly or not, and those of all
/// packages for the project itself.
pub(super) fn find_import_roots(
    project: &Project,
    config: &Config,
) -> BTreeMap<Option<String>, Vec<ProjectPath>> {
    let graph = find_dependencies(project, config);
    let roots: BTreeMap<&str, ProjectPath> = config
        .packages
        .iter()
        .map(|package| (package.name.as_str(), import_root(project, &package.folder)))
        .collect();
    let roots_of = |name: &String| {
        let reached = reach(&graph, name);
        let found: BTreeSet<ProjectPath> =
            reached.iter().filter_map(|name| roots.get(name.as_str()).cloned()).collect();
        found.into_iter().collect()
    };
    let of_packages = graph.keys().map(|name| (Some(name.clone()), roots_of(name)));
    let all: BTreeSet<ProjectPath> = roots.values().cloned().collect();
    of_packages.chain([(None, all.into_iter().collect())]).collect()
}

/// The packages that each package depends on directly.
fn find_dependencies(project: &Project, config: &Config) -> BTreeMap<String, BTreeSet<String>> {
    let manifests: BTreeMap<&str, Option<Value>> = config
        .packages
        .iter()
        .map(|package| (package.name.as_str(), read_manifest(project, &package.folder)))
        .collect();
    // A dependency names the distribution, which the configuration may call otherwise.
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for ProjectPackage { name, .. } in &config.packages {
        let manifest = manifests.get(name.as_str()).and_then(Option::as_ref);
        let distribution = manifest.and_then(distribution).unwrap_or(name);
        known.insert(normalize(distribution), name);
    }
    let mut graph = BTreeMap::new();
    for ProjectPackage { name, depends_on, .. } in &config.packages {
        let manifest = manifests.get(name.as_str()).and_then(Option::as_ref);
        let depends_on: BTreeSet<String> = match (depends_on, manifest) {
            (Some(named), _) => named.iter().cloned().collect(),
            (None, Some(manifest)) => declared(manifest)
                .into_iter()
                .filter_map(|name| known.get(&normalize(&name)).map(|it| (*it).to_owned()))
                .filter(|other| other != name)
                .collect(),
            (None, None) => BTreeSet::new(),
        };
        graph.insert(name.clone(), depends_on);
    }
    graph
}

/// Everything that a package depends on, itself excluded.
fn reach(graph: &BTreeMap<String, BTreeSet<String>>, name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut todo: Vec<&String> = graph.get(name).into_iter().flatten().collect();
    while let Some(next) = todo.pop() {
        if next != name && found.insert(next.clone()) {
            todo.extend(graph.get(next).into_iter().flatten());
        }
    }
    found
}

/// The folder that contains the modules of a package: `src`, unless that is a module itself.
fn import_root(project: &Project, folder: &ProjectPath) -> ProjectPath {
    let source = folder.child("src").filter(|source| {
        let place = source.on_disk(&project.root);
        place.is_dir() && !place.join("__init__.py").exists()
    });
    source.unwrap_or_else(|| folder.clone())
}

fn read_manifest(project: &Project, folder: &ProjectPath) -> Option<Value> {
    let path = folder.child("pyproject.toml")?;
    let text = read::read_project_text(&project.root, &path, SizeLimit::Config).ok()?;
    text.parse().ok().map(Value::Table)
}

/// The name under which a package is installed.
fn distribution(manifest: &Value) -> Option<&str> {
    let of_poetry = || manifest.get("tool")?.get("poetry")?.get("name");
    manifest.get("project").and_then(|it| it.get("name")).or_else(of_poetry)?.as_str()
}

/// The names of everything that a package declares as a dependency, its extras and groups included.
fn declared(manifest: &Value) -> BTreeSet<String> {
    let mut lists = Vec::new();
    if let Some(project) = manifest.get("project") {
        lists.extend(project.get("dependencies"));
        let extras = project.get("optional-dependencies").and_then(Value::as_table);
        lists.extend(extras.into_iter().flat_map(toml::Table::values));
    }
    let groups = manifest.get("dependency-groups").and_then(Value::as_table);
    lists.extend(groups.into_iter().flat_map(toml::Table::values));
    let texts = lists.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    let names = texts.filter_map(|text| Some(Requirement::parse(text)?.name.to_owned()));
    let mut found: BTreeSet<String> = names.collect();
    let poetry = manifest.get("tool").and_then(|tool| tool.get("poetry"));
    let groups = poetry.and_then(|it| it.get("group")).and_then(Value::as_table);
    let tables = poetry.into_iter().chain(groups.into_iter().flat_map(toml::Table::values));
    let named = tables.filter_map(|table| table.get("dependencies")?.as_table());
    found.extend(named.flat_map(toml::Table::keys).cloned());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Value {
        Value::Table(text.parse().unwrap())
    }

    #[test]
    fn dependencies_are_found_wherever_they_are_declared() {
        let manifest = manifest(
            "[project]\nname = 'api'\ndependencies = ['Core[x]>=1; python_version > \"3\"']\n\
             [project.optional-dependencies]\nx = ['extra-one']\n\
             [dependency-groups]\ndev = ['group-one', { include-group = 'x' }]\n\
             [tool.poetry.dependencies]\npoetry-one = { path = '../poetry-one' }\n\
             [tool.poetry.group.dev.dependencies]\npoetry-two = '*'\n",
        );
        assert_eq!(distribution(&manifest), Some("api"));
        let names: Vec<String> = declared(&manifest).into_iter().collect();
        assert_eq!(names, ["Core", "extra-one", "group-one", "poetry-one", "poetry-two"]);
    }

    #[test]
    fn a_package_reaches_what_its_dependencies_reach() {
        let graph = BTreeMap::from(
            [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["a"]), ("d", vec![])]
                .map(|(name, on)| (name.to_owned(), on.into_iter().map(str::to_owned).collect())),
        );
        assert_eq!(reach(&graph, "a").into_iter().collect::<Vec<_>>(), ["b", "c"]);
        assert!(reach(&graph, "d").is_empty());
    }
}

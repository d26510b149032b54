//! Validation of the packages: their names, their folders, and what they depend on.

use std::collections::BTreeMap;

use super::super::layer::{PackageLayer, Text};
use super::super::{ConfigError, DependencySettings, PROJECT_JOB, ProjectPackage, nearest};
use super::python;
use super::terms::Terms;
use crate::check::StepId;
use crate::project::ProjectPath;

/// Validates the packages, in the order of the file.
pub(super) fn validate(
    terms: &mut Terms<'_>,
    layers: &BTreeMap<Text, PackageLayer>,
) -> Result<Vec<(ProjectPackage, PackageLayer)>, ConfigError> {
    let mut packages: Vec<(ProjectPackage, PackageLayer)> = Vec::new();
    for (name, layer) in in_file_order(layers) {
        if !StepId::is_package(&name.value) {
            let message = format!(
                "invalid package name `{}`: it must consist of letters, digits, `.`, `_` and `-`, and \
                 begin with a letter or digit",
                name.value.escape_debug()
            );
            return Err(terms.error(name, message));
        }
        if name.value == PROJECT_JOB {
            let message = format!("the package name `{}` is reserved", name.value);
            return Err(terms
                .error(name, message)
                .with_hint("choose another name, such as that of its folder, and set `path`"));
        }
        let path = layer.path.as_ref().unwrap_or(name);
        let folder = terms.project_path(path)?;
        if let Some((other, _)) = packages.iter().find(|(other, _)| other.folder == folder) {
            let message =
                format!("the packages `{}` and `{}` have the same folder", other.name, name.value);
            return Err(terms
                .error(path, message)
                .with_hint("give each package a `path` of its own"));
        }
        if let Some(value) = layer.checks.values().find_map(|check| check.per_package.as_ref()) {
            return Err(terms
                .error(value, "`per-package` can only be used in `[checks]`")
                .with_hint("remove it: a check of a package runs in that package alone"));
        }
        let depends_on = layer.depends_on.as_ref();
        let depends_on = depends_on.map(|_| known(terms, name, layer, layers)).transpose()?;
        let dependencies = own_dependencies(terms, layer, &folder)?;
        let package = ProjectPackage { name: name.value.clone(), folder, depends_on, dependencies };
        packages.push((package, layer.clone()));
    }
    Ok(packages)
}

/// The dependencies of a package that does not share those of the project.
fn own_dependencies(
    terms: &mut Terms<'_>,
    layer: &PackageLayer,
    folder: &ProjectPath,
) -> Result<Option<DependencySettings>, ConfigError> {
    let PackageLayer { requirements, groups, extras, .. } = layer;
    if requirements.is_none() && groups.is_none() && extras.is_none() {
        return Ok(None);
    }
    let outside = terms.enter(folder.clone());
    let own = python::dependencies(terms, requirements.as_ref(), groups.as_ref(), extras.as_ref());
    terms.enter(outside);
    own.map(Some)
}

fn in_file_order(layers: &BTreeMap<Text, PackageLayer>) -> Vec<(&Text, &PackageLayer)> {
    let mut layers: Vec<_> = layers.iter().collect();
    layers.sort_by_key(|(name, _)| name.start());
    layers
}

/// The packages that a package names as its dependencies.
fn known(
    terms: &Terms<'_>,
    name: &Text,
    layer: &PackageLayer,
    layers: &BTreeMap<Text, PackageLayer>,
) -> Result<Vec<String>, ConfigError> {
    let names: Vec<&str> = layers.keys().map(|other| other.value.as_str()).collect();
    let mut found = Vec::new();
    for text in terms.items(layer.depends_on.as_ref()) {
        if text.value == name.value {
            return Err(terms
                .error(&text, "a package cannot depend on itself")
                .with_hint("remove it from `depends-on`"));
        }
        if !names.contains(&text.value.as_str()) {
            return Err(terms
                .error(&text, format!("unknown package `{}`", text.value.escape_debug()))
                .with_hint(nearest::advise(&text.value, &names)));
        }
        found.push(text.value);
    }
    Ok(found)
}

//! Validation of the checks: which there are in the project and in each package, in which order, and
//! with which locks.
//!
//! A single check is validated in [`super::check`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::layer::{CheckLayer, OneOrMany, PackageLayer, Text, Value};
use super::super::merge::check_over;
use super::super::{
    Check, CommandPlace, ConfigError, ProjectPackage, Python, Work, below, name_locks,
};
use super::check::{check, suggest_check, taken_lock};
use super::python;
use super::terms::Terms;
use crate::limits::Limits;
use crate::project::ProjectPath;

/// The project's settings for all checks.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) source: Option<&'a OneOrMany>,
    pub(super) exclude: Vec<String>,
    pub(super) include: Vec<String>,
    pub(super) timeout: Duration,
    pub(super) limits: Limits,
    /// The Python of the project, which knows the base image of each version.
    pub(super) images: &'a Python,
    /// The version that checks run on which do not depend on it.
    pub(super) python: String,
    /// The versions of all others.
    pub(super) pythons: Vec<String>,
}

/// The owner of checks: the project, or a package of it.
pub(super) struct CheckOwner<'a> {
    pub(super) package: Option<&'a ProjectPackage>,
    pub(super) scope: Scope<'a>,
    /// The checks whose `config` is that of the package.
    pub(super) own_config: BTreeSet<String>,
}

/// Validates the enabled checks: the built-in ones, then those of the project in the order of the
/// file. In a project with packages, those that run once precede those of each package.
pub(super) fn validate(
    terms: &mut Terms<'_>,
    layers: BTreeMap<Text, CheckLayer>,
    packages: &[(ProjectPackage, PackageLayer)],
    scope: &Scope<'_>,
) -> Result<Vec<Check>, ConfigError> {
    let mut enabled = Enabled::default();
    let root = CheckOwner { package: None, scope: scope.clone(), own_config: BTreeSet::new() };
    let (shared, once) = match packages {
        [] => (BTreeMap::new(), layers),
        _ => layers.into_iter().partition(|(_, layer)| is_per_package(layer)),
    };
    enabled.add(terms, &root, in_file_order(&once))?;
    let folders: Vec<&ProjectPath> = packages.iter().map(|(package, _)| &package.folder).collect();
    for (package, layer) in packages {
        let outside = terms.enter(package.folder.clone());
        let added = add_package(&mut enabled, terms, package, layer, &shared, &folders, scope);
        terms.enter(outside);
        added?;
    }
    let Enabled { mut checks, off } = enabled;
    name_locks(&mut checks);
    refuse_other_requirements(terms, packages, &checks)?;
    let of_project = once.iter().chain(&shared);
    refuse_shared_name(terms, of_project, packages, &checks)?;
    match off {
        Some(enabled) if checks.is_empty() => Err(terms
            .error(&enabled, "all checks are disabled")
            .with_hint("remove `enabled = false` from at least one check")),
        _ => Ok(checks),
    }
}

/// Adds the checks of a package: those of the project with the package's changes, and its own.
fn add_package(
    enabled: &mut Enabled,
    terms: &mut Terms<'_>,
    package: &ProjectPackage,
    layer: &PackageLayer,
    shared: &BTreeMap<Text, CheckLayer>,
    folders: &[&ProjectPath],
    scope: &Scope<'_>,
) -> Result<(), ConfigError> {
    // The files of a package in this one are its own.
    let nested = folders.iter().filter(|other| **other != &package.folder);
    let nested = nested.filter(|other| other.starts_with(&package.folder));
    let nested = nested.map(|other| below(other));
    let mut exclude = scope.exclude.clone();
    exclude.extend(nested);
    exclude.extend(terms.globs(layer.exclude.as_ref())?);
    let include = [scope.include.clone(), terms.globs(layer.include.as_ref())?].concat();
    let source = layer.source.as_ref().or(scope.source);
    let has_config = |(_, check): &(&Text, &CheckLayer)| check.config.is_some();
    let mut scope = Scope { source, exclude, include, ..scope.clone() };
    if let Some(texts) = layer.python.as_ref().map(|own| &own.0) {
        scope.pythons = python::with_images(terms, scope.images, texts)?;
        if let Some(newest) = scope.pythons.last() {
            scope.python.clone_from(newest);
        }
    }
    let own_config = layer.checks.iter().filter(has_config).map(|(name, _)| name.value.clone());
    let owner = CheckOwner { package: Some(package), own_config: own_config.collect(), scope };
    let mut changes = layer.checks.clone();
    let mut merged = Vec::new();
    for (name, below) in in_file_order(shared) {
        let change = changes.remove(name).unwrap_or_default();
        merged.push((name.clone(), check_over(change, below.clone())));
    }
    let own = in_file_order(&changes);
    merged.extend(own.into_iter().map(|(name, check)| (name.clone(), check.clone())));
    enabled.add(terms, &owner, merged.iter().map(|(name, check)| (name, check)).collect())
}

/// The checks that are not disabled.
#[derive(Default)]
struct Enabled {
    checks: Vec<Check>,
    /// The setting that disables one.
    off: Option<Value<bool>>,
}

impl Enabled {
    /// Adds the checks of an owner.
    fn add(
        &mut self,
        terms: &mut Terms<'_>,
        owner: &CheckOwner<'_>,
        layers: Vec<(&Text, &CheckLayer)>,
    ) -> Result<(), ConfigError> {
        let names: Vec<String> = layers.iter().map(|(name, _)| name.value.clone()).collect();
        for (name, layer) in layers {
            let on_each = check(terms, name, layer, owner)
                .and_then(|check| python::on_each(terms, name, layer, &owner.scope, &check))
                .map_err(|error| suggest_check(error, name, layer, &names))?;
            match &layer.enabled {
                Some(enabled) if !enabled.value => self.off = Some(enabled.clone()),
                _ => self.checks.extend(on_each),
            }
        }
        Ok(())
    }
}

fn is_per_package(layer: &CheckLayer) -> bool {
    layer.per_package.as_ref().is_none_or(|wanted| wanted.value)
}

/// The checks in the order of the file, the built-in ones first.
fn in_file_order(layers: &BTreeMap<Text, CheckLayer>) -> Vec<(&Text, &CheckLayer)> {
    let mut layers: Vec<(&Text, &CheckLayer)> = layers.iter().collect();
    layers.sort_by_key(|(name, _)| (std::cmp::Reverse(name.covered), name.start()));
    layers
}

/// Refuses a command whose requirements differ between packages: they have one lock.
fn refuse_other_requirements(
    terms: &Terms<'_>,
    packages: &[(ProjectPackage, PackageLayer)],
    checks: &[Check],
) -> Result<(), ConfigError> {
    let mut first: BTreeMap<&str, &[String]> = BTreeMap::new();
    for Check { name, work, .. } in checks {
        let Work::Command { place: CommandPlace::Requirements(own), .. } = work else { continue };
        if *first.entry(name.as_str()).or_insert(own) == own.as_slice() {
            continue;
        }
        let of_packages = packages.iter().flat_map(|(_, layer)| &layer.checks);
        let named = of_packages.filter(|(other, _)| other.value == name.as_str());
        if let Some(written) =
            named.filter_map(|(_, layer)| layer.requirements.as_ref()).next_back()
        {
            return Err(terms
                .error(written, format!("`{name}` has other requirements in another package"))
                .with_hint("give the check of this package another name"));
        }
    }
    Ok(())
}

/// Refuses a command whose lock has the same name as that of a tool.
fn refuse_shared_name<'l>(
    terms: &Terms<'_>,
    of_project: impl Iterator<Item = (&'l Text, &'l CheckLayer)>,
    packages: &'l [(ProjectPackage, PackageLayer)],
    checks: &[Check],
) -> Result<(), ConfigError> {
    let of_tools: BTreeSet<&str> = checks
        .iter()
        .filter(|check| matches!(check.work, Work::Tool { .. }))
        .filter_map(Check::lock)
        .collect();
    let has_lock = |layer: &CheckLayer| layer.run.is_some() && layer.requirements.is_some();
    let of_packages = packages.iter().flat_map(|(_, layer)| &layer.checks);
    let mut shared = of_project
        .chain(of_packages)
        .filter(|(name, layer)| has_lock(layer) && of_tools.contains(name.value.as_str()));
    shared.next().map_or(Ok(()), |(name, _)| Err(taken_lock(terms, name)))
}

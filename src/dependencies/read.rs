//! Reading of dependency files, and their comparison with our locks.
//!
//! Decides which files are used when the configuration names none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::build_system::BuildSystem;
use super::pyproject::{FILE, dynamic_files};
use super::setuptools::SETUP_PY;
use super::written::{self, From};
use super::{
    Dependencies, DependencyError, DependencyKind, LOCKS, Selection, dependencies,
    is_dependency_file, is_manifest, requirements,
};
use crate::config::{
    CommandPlace, Config, DependencySet, DependencySettings, ProjectPackage, Work,
};
use crate::environment::recipe::{self, BUILD};
use crate::hash::Hash;
use crate::lock::Lock;
use crate::plan::{EnvironmentSpec, Plan, Step};
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};
use crate::requirement::{Requirement, normalize};
use crate::tools;
use crate::version::is_at_least;

/// Warnings about the locks of a plan's steps.
#[must_use]
pub fn warnings(root: &Path, config: &Config, plan: &Plan) -> Vec<String> {
    let wants_project = |step: &&Step| {
        let check = config.find_check(&step.id);
        let is_apart = check.is_some_and(|check| !check.sees_project);
        let can_see = match step.environment {
            EnvironmentSpec::Base { .. } => true,
            _ => tools::find(&step.tool).is_some_and(|tool| tool.sees_project()),
        };
        can_see && !is_apart
    };
    let wanted: BTreeSet<String> = plan
        .every_step()
        .filter(wants_project)
        .map(|step| config.dependency_set(step.id.package()).lock())
        .collect();
    let sets = config.dependency_sets().into_iter();
    let sets = sets.filter(|set| wanted.contains(&set.lock()));
    let mut warnings: Vec<String> = sets.flat_map(|set| of_set(root, config, set)).collect();
    warnings.extend(untried_releases(root, config, plan));
    warnings.extend(build_system_warning(root, config, plan));
    for check in &config.checks {
        let is_planned = plan.every_step().any(|step| step.id == check.id);
        let Work::Command { place: CommandPlace::Requirements(of), .. } = &check.work else {
            continue;
        };
        let text = own(root, config, check.name.as_str());
        if is_planned && text.is_some_and(|text| !written::answers(&text, &asked(config, of))) {
            warnings.push(format!(
                "the requirements of `{0}` changed since they were locked; run `cargo pipe update {0}`",
                check.name
            ));
        }
    }
    warnings
}

/// The warning about a project that checks would need installed, and whose build system is not locked, or
/// has changed since.
fn build_system_warning(root: &Path, config: &Config, plan: &Plan) -> Option<String> {
    let installs =
        |step: &&Step| config.find_check(&step.id).is_some_and(|check| check.installs_project);
    let step = plan.every_step().find(installs)?;
    let found = build_requirements(root, config)?;
    match own(root, config, BUILD) {
        None => Some(format!(
            "`{}` runs without the project itself, because its build system is not locked; run `cargo \
             pipe update build`, or set `install = false` in `[checks.{}]`",
            step.id,
            step.id.check()
        )),
        Some(text) if !written::answers(&text, &asked(config, &found)) => Some(
            "the build system of the project changed since it was locked; run `cargo pipe update build`"
                .to_owned(),
        ),
        Some(_) => None,
    }
}

/// Warnings about releases of tools that cargo pipe was not tried with.
fn untried_releases(root: &Path, config: &Config, plan: &Plan) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, version) in recipe::chosen_versions(root, config) {
        let is_planned = plan.every_step().any(
            |step| matches!(&step.environment, EnvironmentSpec::Tool { lock, .. } if *lock == name),
        );
        let Some((tool, ..)) = config.find_tool_of_lock(&name).filter(|_| is_planned) else {
            continue;
        };
        let (oldest, after) = tool.tried();
        if !is_at_least(&version, oldest) || is_at_least(&version, after) {
            warnings.push(format!(
                "{0} {version} is locked, but cargo pipe was tested with {0} {oldest} to below {after}; \
                 its output may not be understood",
                tool.lock()
            ));
        }
    }
    warnings
}

fn of_set(root: &Path, config: &Config, set: DependencySet<'_>) -> Vec<String> {
    let owner = match set.package {
        Some(package) => format!("dependencies of `{}`", package.name),
        None => "project's dependencies".to_owned(),
    };
    let dependencies = match read(root, set) {
        Ok(None) => return Vec::new(),
        Ok(Some(dependencies)) => dependencies,
        Err(error) => {
            let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            return vec![format!("cannot read the {owner}: {error}{hint}")];
        }
    };
    let name = set.lock();
    let update = format!("update {name}");
    let Dependencies { kind, left_out, .. } = &dependencies;
    let left_out: Vec<&String> =
        left_out.iter().filter(|name| !is_package(set.packages, name)).collect();
    let files = dependencies.file_names();
    let (command, is_fresh) = match (kind, own(root, config, &name)) {
        (DependencyKind::Locked(lock), None) if lock.packages.is_empty() => return Vec::new(),
        (DependencyKind::Declared(of), None) if of.is_empty() => return Vec::new(),
        (DependencyKind::Locked(_), None) => ("sync", None),
        (DependencyKind::Declared(_), None) => (update.as_str(), None),
        (DependencyKind::Locked(lock), Some(text)) => {
            ("sync", Some(Lock::parse(&text).is_ok_and(|own| own.hash() == lock.hash())))
        }
        (DependencyKind::Declared(of), Some(text)) => {
            (update.as_str(), Some(written::answers(&text, &asked(config, of))))
        }
    };
    let mut warnings = Vec::new();
    match is_fresh {
        Some(true) => {}
        Some(false) => warnings.push(format!(
            "{files} changed since the {owner} were locked, so checks see the old ones; run `cargo pipe \
             {command}`"
        )),
        None => warnings.push(format!(
            "the dependencies in {files} are not locked yet, so checks do not see them; run \
             `cargo pipe {command}`"
        )),
    }
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.iter().map(|name| format!("`{name}`")).collect();
        warnings.push(format!(
            "checks do not see {}: {files} installs it from a path or URL, not from an index",
            names.join(", ")
        ));
    }
    warnings
}

/// The expected content of our lock, for a project with its own lock.
#[must_use]
pub fn derived(
    config: &Config,
    set: DependencySet<'_>,
    found: &Dependencies,
) -> Option<(ProjectPath, String)> {
    let DependencyKind::Locked(lock) = &found.kind else { return None };
    let path = recipe::lock_path(config, &set.lock()).ok()?;
    Some((path, written::text(lock, &From::Lock(found.file_names()))))
}

/// Reads the build system of a folder of the project; none if the folder cannot be installed.
#[must_use]
pub fn build_system(root: &Path, folder: &ProjectPath) -> Option<BuildSystem> {
    let read = |name: &str| text(root, &folder.child(name)?).ok();
    BuildSystem::read(read(FILE).as_deref(), read(SETUP_PY).as_deref())
}

/// The packages with which everything is built that checks need installed; none if they need nothing.
#[must_use]
pub fn build_requirements(root: &Path, config: &Config) -> Option<Vec<String>> {
    let folders: BTreeSet<&ProjectPath> = config
        .checks
        .iter()
        .filter(|check| check.installs_project)
        .map(|check| &check.folder)
        .collect();
    let systems = folders.into_iter().filter_map(|folder| build_system(root, folder));
    let mut requirements: Vec<String> = Vec::new();
    for requirement in systems.flat_map(|found| found.requirements()) {
        if !requirements.contains(&requirement) {
            requirements.push(requirement);
        }
    }
    (!requirements.is_empty()).then_some(requirements)
}

/// The hash of everything that the resolution of these requirements depends on.
#[must_use]
pub fn asked(config: &Config, requirements: &[String]) -> Hash {
    written::asked(requirements, config.oldest_python(), &config.python.from_source)
}

/// Reads one of our locks; none if it is missing or cannot be read.
fn own(root: &Path, config: &Config, name: &str) -> Option<String> {
    text(root, &recipe::lock_path(config, name).ok()?).ok()
}

/// Reads the dependencies of a project or package; none if it has none.
///
/// # Errors
///
/// When a file cannot be read or parsed.
pub fn read(root: &Path, set: DependencySet<'_>) -> Result<Option<Dependencies>, DependencyError> {
    let files = match &set.settings.requirements {
        Some(files) => files.clone(),
        None => found(root, &set.folder()),
    };
    let mut files = files;
    let mut texts = BTreeMap::new();
    let mut open: Vec<ProjectPath> = files.clone();
    while let Some(path) = open.pop() {
        if texts.contains_key(&path) {
            continue;
        }
        let text = text(root, &path)?;
        let is_list = !is_manifest(path.file_name()) && !LOCKS.contains(&path.file_name());
        if is_list {
            let included = requirements::included(&text);
            open.extend(included.iter().filter_map(|name| requirements::place(&path, name)));
        }
        if path.file_name() == FILE && files.contains(&path) {
            for name in dynamic_files(&text) {
                let place = requirements::place(&path, &name);
                let place = place.filter(|place| !files.contains(place));
                open.extend(place.clone());
                files.extend(place);
            }
        }
        texts.insert(path, text);
    }
    let DependencySettings { groups, extras, .. } = set.settings;
    let selection = Selection { groups: groups.clone(), extras: extras.clone() };
    let mut found = dependencies(&files, &texts, &selection)?;
    if let Some(Dependencies { kind: DependencyKind::Declared(requirements), .. }) = &mut found {
        requirements.retain(|text| {
            let name = Requirement::parse(text).map(|requirement| requirement.name);
            name.is_none_or(|name| !is_package(set.packages, name))
        });
    }
    Ok(found)
}

/// Whether a name is that of a package of the project, which is imported where it is.
fn is_package(packages: &[ProjectPackage], name: &str) -> bool {
    packages.iter().any(|package| normalize(&package.name) == normalize(name))
}

/// Finds the dependency files in a folder of a project.
fn found(root: &Path, folder: &ProjectPath) -> Vec<ProjectPath> {
    let place = folder.on_disk(root);
    let entries = fs::read_dir(&place).into_iter().flatten().flatten();
    let mut found: Vec<ProjectPath> = entries
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_dependency_file(name))
        .filter_map(|name| folder.child(&name))
        .collect();
    let is_list = |path: &ProjectPath| path.file_name().starts_with("requirements");
    if !found.iter().any(is_list) {
        found.extend(find_lists(&place, folder));
    }
    found.sort();
    found
}

/// Finds the lists in the folder `requirements`.
fn find_lists(place: &Path, folder: &ProjectPath) -> Vec<ProjectPath> {
    let entries = fs::read_dir(place.join("requirements")).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let lists = names.filter(|name| name.ends_with(".txt"));
    lists.filter_map(|name| folder.join(&format!("requirements/{name}")).ok()).collect()
}

fn text(root: &Path, path: &ProjectPath) -> Result<String, DependencyError> {
    read::read_project_text(root, path, SizeLimit::Lock).map_err(|error| DependencyError {
        path: path.clone(),
        message: error.to_string(),
        hint: None,
    })
}

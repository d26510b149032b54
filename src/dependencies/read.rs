//! Reads what a project depends on, and how that compares with our locks.
//!
//! Owns which files count where nobody names any, and the look at our own locks. It must not judge
//! what they say, which is [`super`]'s; what it finds goes to the run, to `sync` and to `update`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::pyproject::FILE;
use super::written::{self, From};
use super::{Dependencies, DependencyError, LOCKS, Said, Selection, dependencies, requirements};
use crate::config::{CommandPlace, Config, Work};
use crate::environment::recipe::{self, PROJECT};
use crate::hash::Hash;
use crate::lock::Lock;
use crate::plan::{EnvironmentSpec, Plan};
use crate::project::{ProjectPath, discover};
use crate::tools;

/// What the steps of a plan should be told of their locks.
#[must_use]
pub fn warnings(root: &Path, config: &Config, plan: &Plan) -> Vec<String> {
    let wants_project = plan.every_step().any(|step| match step.environment {
        EnvironmentSpec::Base { .. } => true,
        _ => tools::find(&step.tool).is_some_and(|tool| tool.sees_project()),
    });
    let mut warnings = match wants_project {
        true => of_project(root, config),
        false => Vec::new(),
    };
    for check in &config.checks {
        let is_planned = plan.every_step().any(|step| step.check == check.name);
        let Work::Command { place: CommandPlace::Requirements(of), .. } = &check.work else {
            continue;
        };
        let text = own(root, config, check.name.as_str());
        if is_planned && text.is_some_and(|text| !written::answers(&text, &asked(config, of))) {
            warnings.push(format!(
                "the requirements of `{0}` changed since they were locked; `cargo pipe update {0}` \
                 locks what they are now",
                check.name
            ));
        }
    }
    warnings
}

fn of_project(root: &Path, config: &Config) -> Vec<String> {
    let dependencies = match read(root, config) {
        Ok(None) => return Vec::new(),
        Ok(Some(dependencies)) => dependencies,
        Err(error) => {
            let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            return vec![format!("the project's dependencies are not known: {error}{hint}")];
        }
    };
    let Dependencies { said, left_out, .. } = &dependencies;
    let files = dependencies.told();
    let (command, is_fresh) = match (said, own(root, config, PROJECT)) {
        (Said::Locked(lock), None) if lock.packages.is_empty() => return Vec::new(),
        (Said::Declared(of), None) if of.is_empty() => return Vec::new(),
        (Said::Locked(_), None) => ("sync", None),
        (Said::Declared(_), None) => ("update project", None),
        (Said::Locked(lock), Some(text)) => {
            ("sync", Some(Lock::parse(&text).is_ok_and(|own| own.hash() == lock.hash())))
        }
        (Said::Declared(of), Some(text)) => {
            ("update project", Some(written::answers(&text, &asked(config, of))))
        }
    };
    let mut warnings = Vec::new();
    match is_fresh {
        Some(true) => {}
        Some(false) => warnings.push(format!(
            "{files} changed since cargo pipe locked the project's dependencies, so checks see \
             the old ones; `cargo pipe {command}` locks the new ones"
        )),
        None => warnings.push(format!(
            "the project depends on what {files} names, and checks do not see it yet; \
             `cargo pipe {command}` locks it for them"
        )),
    }
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.iter().map(|name| format!("`{name}`")).collect();
        warnings.push(format!(
            "checks do not see {}, which comes from no index: {files} names a path or an address",
            names.join(", ")
        ));
    }
    warnings
}

/// Our lock of a project that has a lock of its own, as it should be.
#[must_use]
pub fn derived(config: &Config, found: &Dependencies) -> Option<(ProjectPath, String)> {
    let Said::Locked(lock) = &found.said else { return None };
    let path = recipe::lock_path(config, PROJECT).ok()?;
    Some((path, written::text(lock, &From::Lock(found.told()))))
}

/// All that the resolution of some requirements depends on.
#[must_use]
pub fn asked(config: &Config, requirements: &[String]) -> Hash {
    written::asked(requirements, &config.python.version, &config.python.from_source)
}

/// The text of a lock of ours; none if it is not there or cannot be read.
fn own(root: &Path, config: &Config, name: &str) -> Option<String> {
    text(root, &recipe::lock_path(config, name).ok()?).ok()
}

/// What a project depends on; none if it depends on nothing.
///
/// # Errors
///
/// When a file cannot be read or understood.
pub fn read(root: &Path, config: &Config) -> Result<Option<Dependencies>, DependencyError> {
    let files = match &config.python.requirements {
        Some(files) => files.clone(),
        None => found(root),
    };
    let mut texts = BTreeMap::new();
    let mut open: Vec<ProjectPath> = files.clone();
    while let Some(path) = open.pop() {
        if texts.contains_key(&path) {
            continue;
        }
        let text = text(root, &path)?;
        let is_list = path.file_name() != FILE && !LOCKS.contains(&path.file_name());
        if is_list {
            let included = requirements::included(&text);
            open.extend(included.iter().filter_map(|name| requirements::place(&path, name)));
        }
        texts.insert(path, text);
    }
    let selection =
        Selection { groups: config.python.groups.clone(), extras: config.python.extras.clone() };
    dependencies(&files, &texts, &selection)
}

/// The files at the root of a project that say what it depends on.
fn found(root: &Path) -> Vec<ProjectPath> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let is_one = |name: &str| {
        name == FILE
            || LOCKS.contains(&name)
            || (name.starts_with("requirements") && name.ends_with(".txt"))
    };
    let mut found: Vec<ProjectPath> = entries
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_one(name))
        .filter_map(|name| ProjectPath::new(&name).ok())
        .collect();
    found.sort();
    found
}

fn text(root: &Path, path: &ProjectPath) -> Result<String, DependencyError> {
    let wrong = |message: String| DependencyError { path: path.clone(), message, hint: None };
    let place = discover::inside(root, path).map_err(|error| wrong(error.to_string()))?;
    let content = discover::read(&place).map_err(|error| wrong(error.to_string()))?;
    String::from_utf8(content).map_err(|_| wrong("it is not UTF-8".to_owned()))
}

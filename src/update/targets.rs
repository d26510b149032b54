//! The locks of a project, with the requirements that they are resolved from.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::UpdateError;
use super::base::{self, BaseRequest};
use crate::config::nearest::nearest;
use crate::config::{Check, CommandPlace, Config, EngineChoice, ToolPackages, Work};
use crate::dependencies::DependencyKind;
use crate::dependencies::read as dependencies;
use crate::environment::recipe::{self, BUILD};
use crate::hash::Hash;
use crate::lock::Lock;
use crate::plan;
use crate::project::{PathError, Project, ProjectPath};
use crate::tools::{self, Tool};
use crate::version::VersionRange;

/// A lock, and its requirements.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) path: ProjectPath,
    pub(super) source: LockSource,
    /// The tool that the lock is for, and the range of its releases that the configuration sets.
    pub(super) tool: Option<(&'static dyn Tool, Option<VersionRange>)>,
    /// The packages that the tool's incremental worker relies on, with the versions that it was
    /// tested with, if the configuration accepts them.
    pub(super) tested: Vec<(&'static str, String)>,
    /// The day after which no release is used.
    pub(super) day: Option<String>,
}

pub(super) enum LockSource {
    /// Requirements, and the files or settings that contain them.
    Requirements { requirements: Vec<String>, files: String, asked: Hash },
    /// Other locks, of these names.
    Lock { lock: Lock, files: String },
}

impl Target {
    fn new(
        config: &Config,
        name: &str,
        requirements: Vec<String>,
        files: String,
        day: Option<String>,
    ) -> Result<Target, PathError> {
        let mut wanted = requirements.clone();
        wanted.extend(day.iter().map(|day| format!("until {day}")));
        let asked = dependencies::asked(config, &wanted);
        let source = LockSource::Requirements { requirements, files, asked };
        let path = recipe::lock_path(config, name)?;
        let (name, tested) = (name.to_owned(), Vec::new());
        Ok(Target { name, path, source, tool: None, tested, day })
    }

    /// The end of the day after which no release is used. Releases of the day itself are used.
    pub(super) fn end_of_day(&self) -> Option<SystemTime> {
        let day = format!("{}T00:00:00Z", self.day.as_ref()?);
        let start = humantime::parse_rfc3339(&day).ok()?;
        start.checked_add(Duration::from_secs(24 * 60 * 60))
    }

    fn of_tool(
        config: &Config,
        tool: &'static dyn Tool,
        packages: &ToolPackages,
    ) -> Result<Target, PathError> {
        let requirements = packages.to_requirements(tool);
        let mut listed: Vec<String> = requirements.iter().map(|it| format!("`{it}`")).collect();
        let day = packages.exclude_newer.clone();
        listed.extend(day.iter().map(|day| format!("releases until {day}")));
        let target = Target::new(config, &packages.lock, requirements, listed.join(", "), day)?;
        let mut tested = tools::tested_versions(tool);
        if let Some(range) = &packages.version
            && tested.iter().any(|(name, version)| *name == tool.lock() && !range.contains(version))
        {
            tested.clear();
        }
        Ok(Target { tool: Some((tool, packages.version.clone())), tested, ..target })
    }
}

/// Every lock of a project: those of tools, of the project's commands, and of its dependencies.
pub(super) fn targets(project: &Project, config: &Config) -> Result<Vec<Target>, UpdateError> {
    let mut targets: Vec<Target> = Vec::new();
    for check in &config.checks {
        let target = match &check.work {
            Work::Tool { tool, packages, .. } => match tools::find(tool) {
                Some(tool) => Target::of_tool(config, tool, packages)?,
                None => continue,
            },
            Work::Command { place: CommandPlace::Requirements(requirements), .. } => {
                let name = check.name.as_str();
                Target::new(config, name, requirements.clone(), format!("`[checks.{name}]`"), None)?
            }
            Work::Rust { .. } | Work::Command { .. } => continue,
        };
        if targets.iter().all(|other| other.name != target.name) {
            targets.push(target);
        }
    }
    if let Some(requirements) = dependencies::build_requirements(&project.root, config) {
        let files = "the project's build system".to_owned();
        targets.push(Target::new(config, BUILD, requirements, files, None)?);
    }
    for set in config.dependency_sets() {
        let Some(found) = dependencies::read(&project.root, set)? else { continue };
        let (name, files) = (set.lock(), found.file_names());
        match found.kind {
            DependencyKind::Locked(lock) => targets.push(Target {
                path: recipe::lock_path(config, &name)?,
                name,
                source: LockSource::Lock { lock, files },
                tool: None,
                tested: Vec::new(),
                day: None,
            }),
            DependencyKind::Declared(requirements) => {
                targets.push(Target::new(config, &name, requirements, files, None)?);
            }
        }
    }
    Ok(targets)
}

/// The selected locks.
pub(super) struct Chosen {
    pub(super) targets: Vec<Target>,
    /// The reason for which the base is selected, if it is.
    pub(super) base: Option<BaseRequest>,
}

/// Selects locks by the names of locks, checks and tools. The name of a tool selects each of its locks.
pub(super) fn choose(
    config: &Config,
    mut targets: Vec<Target>,
    names: &[String],
) -> Result<Chosen, UpdateError> {
    if names.is_empty() {
        // The venv engine does not use images.
        let is_wanted = config.engine != EngineChoice::Venv;
        return Ok(Chosen { targets, base: is_wanted.then_some(BaseRequest::Everything) });
    }
    let mut wanted = BTreeSet::new();
    for name in names {
        let of_check = config.checks.iter().find(|check| plan::names(name, check));
        let of_check = of_check.and_then(Check::lock);
        let is_named = |target: &&Target| {
            let package = target.tool.as_ref().map(|(tool, _)| tool.lock());
            [Some(target.name.as_str()), package].contains(&Some(name))
                || of_check == Some(&target.name)
        };
        let locks: Vec<String> =
            targets.iter().filter(is_named).map(|target| target.name.clone()).collect();
        if locks.is_empty() && name != base::NAME {
            return Err(unknown_lock(&targets, name));
        }
        wanted.extend(locks);
    }
    targets.retain(|target| wanted.contains(&target.name));
    let base = names.iter().any(|name| name == base::NAME).then_some(BaseRequest::Named);
    Ok(Chosen { targets, base })
}

fn unknown_lock(targets: &[Target], name: &str) -> UpdateError {
    let locks = targets.iter().map(|target| target.name.as_str());
    let known: Vec<&str> = locks.chain([base::NAME]).collect();
    let hint = match nearest(name, &known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("expected one of: {}", known.join(", ")),
    };
    UpdateError::Unknown { name: name.to_owned(), hint }
}

//! Diagnosis of the project's files: settings, locks, generated files, and other pins of the tools.

use std::collections::BTreeSet;

use super::{Examined, Health, conflicts};
use crate::config::{ConfigError, Work};
use crate::environment::BaseLock;
use crate::environment::recipe::{self, BUILD};
use crate::lock::Lock;
use crate::project::{Project, ProjectPath};
use crate::read::{self, SizeLimit};
use crate::report::count::Count;
use crate::run::Context;
use crate::scaffold::adopt::pins;
use crate::scaffold::{self, Drift};
use crate::tools::{self, Tool};

pub(super) fn project(project: &Project, warnings: &[String]) -> Vec<Examined> {
    let mut examined = vec![Examined::good("project", format!("`{}`", project.root.display()))];
    examined.extend(warnings.iter().map(|warning| Examined {
        subject: "project",
        state: Health::Warning,
        found: warning.clone(),
        next: None,
    }));
    examined
}

pub(super) fn no_project(error: &ConfigError) -> Examined {
    Examined {
        subject: "project",
        state: Health::Project,
        found: error.to_string(),
        next: error.hint.clone(),
    }
}

pub(super) fn examine(context: Context<'_>) -> Vec<Examined> {
    let (locks, mut examined) = locks(context);
    examined.push(drift(context));
    examined.extend(missing_include(context));
    examined.extend(base_lock(context));
    examined.extend(second_pins(context, &locks));
    examined.extend(conflicts(context));
    examined
}

/// Inspects the locks of all tools.
fn locks(context: Context<'_>) -> (Vec<(&'static dyn Tool, Lock)>, Vec<Examined>) {
    let root = &context.project.root;
    let mut locks = Vec::new();
    let mut examined = Vec::new();
    let mut inspected = BTreeSet::new();
    let mut read = |name: &str| match recipe::named_lock(root, context.config, name) {
        Ok(lock) => Some(lock),
        Err(error) => {
            let (found, next) = (error.to_string(), error.hint());
            examined.push(Examined { subject: "locks", state: Health::Project, found, next });
            None
        }
    };
    for (tool, name) in tools(context) {
        if inspected.insert(name) {
            locks.extend(read(name).map(|lock| (tool, lock)));
        }
    }
    for name in recipe::project_locks(root, context.config) {
        read(&name);
    }
    if recipe::has_build_lock(root, context.config) {
        read(BUILD);
    }
    if examined.is_empty() {
        let version = |(tool, lock): &(&'static dyn Tool, Lock)| {
            format!("{} {}", tool.lock(), lock.version(tool.lock()).unwrap_or("is missing"))
        };
        let versions: Vec<String> = locks.iter().map(version).collect();
        examined.push(Examined::good("locks", versions.join(", ")));
    }
    (locks, examined)
}

/// The tools of the checks with the names of their locks, without commands of the project.
fn tools(context: Context<'_>) -> impl Iterator<Item = (&'static dyn Tool, &str)> {
    context.config.checks.iter().filter_map(|check| match &check.work {
        Work::Tool { tool, packages, .. } => Some((tools::find(tool)?, packages.lock.as_str())),
        Work::Rust { .. } | Work::Command { .. } => None,
    })
}

fn drift(context: Context<'_>) -> Examined {
    const NEXT: &str = "`cargo pipe sync --check` shows the difference";
    match scaffold::drift(context.project) {
        Ok(drifts) if drifts.is_empty() => {
            Examined::good("files", "the generated files are up to date")
        }
        Ok(drifts) => {
            let name = |drift: &Drift| format!("`{}`", drift.location);
            let names: Vec<String> = drifts.iter().map(name).collect();
            let files = Count(drifts.len(), "generated file");
            let found = format!("not up to date: {files}, {}", names.join(", "));
            Examined::is(Health::Drift, "files", found, NEXT)
        }
        Err(error) => Examined {
            subject: "files",
            state: Health::Project,
            found: error.to_string(),
            next: error.hint().map(str::to_owned),
        },
    }
}

/// Inspects whether the repository's pipeline includes the jobs of the project.
fn missing_include(context: Context<'_>) -> Option<Examined> {
    // A pipeline that cannot be read is among the files that `drift` reports.
    let file = scaffold::missing_include(context.project).ok()??;
    let found =
        format!("`.gitlab-ci.yml` does not include `{}`: GitLab runs no checks", file.path());
    let next = format!("add `- local: {}` below `include:`", file.path());
    Some(Examined::is(Health::Warning, "pipelines", found, next))
}

/// Inspects whether the project records its base, where that can be read.
fn base_lock(context: Context<'_>) -> Option<Examined> {
    let root = &context.project.root;
    let path = recipe::base_lock_path(context.config);
    if let Err(error) = BaseLock::read(root, &path) {
        let next =
            format!("delete `{path}`, and run `cargo pipe update base` where docker is installed");
        return Some(Examined::is(Health::Project, "locks", error.to_string(), next));
    }
    let is_missing = !BaseLock::exists(root, &path);
    is_missing.then(|| {
        let found = format!(
            "`{path}` is missing, so the same commit can have another fingerprint on another machine"
        );
        let next = "run `cargo pipe update base` where docker is installed, and commit the file";
        Examined::is(Health::Warning, "locks", found, next)
    })
}

/// Finds checks with conflicting configurations.
fn conflicts(context: Context<'_>) -> impl Iterator<Item = Examined> {
    let conflicts = conflicts::find(context.project, context.config).into_iter();
    conflicts.map(|it| Examined::is(Health::Warning, "conflict", it.message, it.hint))
}

/// Finds other pins of the locked tools with different versions.
fn second_pins(context: Context<'_>, locks: &[(&'static dyn Tool, Lock)]) -> Vec<Examined> {
    let text = |name: &str| {
        let path = ProjectPath::new(name).ok()?;
        read::read_project_text(&context.project.root, &path, SizeLimit::Config).ok()
    };
    let pins = pins::FILES.iter().filter_map(|name| Some((*name, text(name)?)));
    let pins = pins.flat_map(|(name, text)| pins::find_pins(name, &text));
    let differs = |pin: pins::Pin| {
        let (tool, lock) = locks.iter().find(|(tool, _)| tool.lock() == pin.tool)?;
        let ours = lock.version(tool.lock()).filter(|ours| *ours != pin.version)?;
        let found = format!(
            "`{}` pins {} {}, but the lock has {ours}: the results can differ",
            pin.file, pin.tool, pin.version
        );
        let next = format!("pin {ours} there too, or leave {} to cargo pipe", pin.tool);
        Some(Examined::is(Health::Warning, "pins", found, next))
    };
    pins.filter_map(differs).collect()
}

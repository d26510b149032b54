//! Updates of the locks to newer versions.
//!
//! uv resolves the requirements (`resolver`), and docker identifies the current base image (`base`).
//! The changes are returned as data; they are written together or not at all.

mod base;
mod error;
mod pin;
mod release;
mod resolver;
mod targets;

use std::path::Path;
use std::time::Instant;

use crate::config::Config;
use crate::dependencies::written::{self, From};
use crate::event::Event;
use crate::lock::Lock;
use crate::process::for_each_at_once;
use crate::project::{Project, ProjectPath};
use crate::run::Context;
use crate::scaffold::{self, FileReplacement};
use crate::version::VersionRange;
use pin::Pinned;
use resolver::{Resolver, Wish};
use targets::{Chosen, LockSource, Target};

pub use base::{BaseRecord, BaseUpdate, record_first_base};
pub use error::UpdateError;

/// The planned changes of a project's locks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Updates {
    /// The locks of packages.
    pub packages: Vec<Update>,
    /// The lock of the base; none if it was not requested, or no docker engine is available.
    pub base: Option<BaseUpdate>,
    /// The file that configures the project, with the requested releases.
    manifest: Option<FileReplacement>,
}

/// The planned change of one lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Update {
    /// The lock's name, such as `pylint`.
    pub name: String,
    /// The package that the lock is for, such as `pylint`; the name of the lock if it is for no tool.
    pub package: String,
    /// The accepted versions of the package, if the configuration sets them.
    pub range: Option<VersionRange>,
    /// Its current packages; none if the lock is missing or cannot be read.
    pub before: Option<Lock>,
    /// Its new packages.
    pub after: Lock,
    /// The packages that may end incremental work, because of their versions then.
    pub untested: Vec<UntestedVersion>,
    /// The reason for which packages stay at their versions, if they do.
    pub kept: Option<KeepReason>,
    /// The file, and what it holds now and then.
    replacement: FileReplacement,
}

/// Why packages stay at their versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeepReason {
    /// The tool's incremental worker was tested with them.
    Incremental,
    /// Without the releases that are younger than `minimum-age`, the requirements cannot be met.
    MinimumAge,
}

/// What to update.
///
/// Exhaustive: every caller decides each of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateRequest {
    /// The locks, by their own name, a check's or a tool's; all if none is named. A release of a tool,
    /// as in `black==24.4.2`, is written into the configuration.
    pub names: Vec<String>,
    /// Whether packages stay at the versions that incremental workers were tested with.
    pub keep_incremental: bool,
    /// The time at which resolving stops; none for a limit for each lock.
    pub deadline: Option<Instant>,
}

/// A package in a version that the tool's incremental worker was not tested with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UntestedVersion {
    /// The package.
    pub package: &'static str,
    /// The version in the lock.
    pub version: String,
    /// The version that the worker was tested with.
    pub tested: String,
}

/// What became of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Move {
    /// The package.
    pub name: String,
    /// Its current versions, including those for other platforms or Pythons; empty if it is new.
    pub before: Vec<String>,
    /// Its new versions; empty if it is removed.
    pub after: Vec<String>,
}

impl Update {
    /// Whether the lock is up to date.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.replacement.before.as_deref() == Some(&*self.replacement.after)
    }

    /// The changes of its packages, by name.
    #[must_use]
    pub fn moves(&self) -> Vec<Move> {
        let packages = |lock: &Lock, name: &str| {
            let of = lock.packages.iter().filter(|package| package.name == name);
            let mut versions: Vec<String> = of.map(|package| package.version.clone()).collect();
            versions.dedup();
            versions
        };
        let before = self.before.clone().unwrap_or_default();
        let mut names: Vec<&String> =
            before.packages.iter().chain(&self.after.packages).map(|it| &it.name).collect();
        names.sort();
        names.dedup();
        let moves = names.into_iter().map(|name| Move {
            name: name.clone(),
            before: packages(&before, name),
            after: packages(&self.after, name),
        });
        moves.filter(|it| it.before != it.after).collect()
    }
}

impl Updates {
    /// The file that configures the project, if a requested release changes it.
    #[must_use]
    pub fn changed_manifest(&self) -> Option<&ProjectPath> {
        self.manifest.as_ref().map(|manifest| &manifest.path)
    }

    /// The number of locks that are not up to date.
    #[must_use]
    pub fn stale(&self) -> usize {
        self.replacements().count()
    }

    fn replacements(&self) -> impl Iterator<Item = &FileReplacement> {
        let packages = self.packages.iter().filter(|update| !update.is_current());
        let base = self.base.iter().filter(|update| !update.is_current());
        packages.map(|it| &it.replacement).chain(base.map(|it| &it.replacement))
    }
}

/// What newer versions would make of the locks.
///
/// # Errors
///
/// When no lock has a given name, versions cannot be resolved, or the base was named and cannot be
/// inspected.
pub fn look(context: Context<'_>, request: &UpdateRequest) -> Result<Updates, UpdateError> {
    let (pinned, chosen) = choose(context.project, context.config, request)?;
    let context = Context { config: &pinned.config, ..context };
    let packages = packages(context, &chosen.targets, request)?;
    for update in packages.iter().filter(|update| !update.untested.is_empty()) {
        context.emitter.emit(&Event::Warning { message: &untested_warning(&update.untested) });
    }
    let base = match chosen.base {
        Some(wish) => base::look(context, wish)?,
        None => None,
    };
    Ok(Updates { packages, base, manifest: pinned.manifest })
}

/// Checks that each name has a lock, for which no program is started.
///
/// # Errors
///
/// When one has none, or a file that decides it cannot be read.
pub fn check_names(
    project: &Project,
    config: &Config,
    request: &UpdateRequest,
) -> Result<(), UpdateError> {
    choose(project, config, request).map(drop)
}

fn choose(
    project: &Project,
    config: &Config,
    request: &UpdateRequest,
) -> Result<(Pinned, Chosen), UpdateError> {
    let pinned = pin::apply(project, config, &request.names)?;
    let all = targets::targets(project, &pinned.config)?;
    let chosen = targets::choose(&pinned.config, all, &pinned.names)?;
    Ok((pinned, chosen))
}

/// Makes uv available, which installs it if it is not on PATH.
///
/// # Errors
///
/// When it cannot be installed, or resolving is not allowed.
pub fn find_resolver(context: Context<'_>, deadline: Instant) -> Result<(), UpdateError> {
    Resolver::find(context, Some(deadline)).map(drop)
}

fn packages(
    context: Context<'_>,
    targets: &[Target],
    request: &UpdateRequest,
) -> Result<Vec<Update>, UpdateError> {
    let Context { project, .. } = context;
    let needs_index = |target: &Target| matches!(target.source, LockSource::Requirements { .. });
    let resolver = match targets.iter().any(needs_index) {
        true => Some(Resolver::find(context, request.deadline)?),
        false => None,
    };
    let resolve = |target: &Target| {
        let keeps_tested = request.keep_incremental && !target.tested.is_empty();
        let mut kept = keeps_tested.then_some(KeepReason::Incremental);
        let (after, from) = match &target.source {
            LockSource::Lock { lock, files } => (lock.clone(), From::Lock(files.clone())),
            LockSource::Requirements { requirements, files, asked } => {
                let Some(resolver) = &resolver else {
                    unreachable!("it is found where requirements are")
                };
                let mut requirements = requirements.clone();
                if keeps_tested {
                    let pins = target.tested.iter().map(|(name, it)| format!("{name}=={it}"));
                    requirements.extend(pins);
                }
                let (lock, until) = match resolve(resolver, context, target, &requirements) {
                    Err(error) if error.is_without_solution() && resolver.leaves_out_young() => {
                        kept = Some(KeepReason::MinimumAge);
                        (current(project, target)?.ok_or(error)?, None)
                    }
                    resolved => resolved?,
                };
                let until = until.map(|day| format!(", releases until {day}"));
                let files = format!("{files}{}", until.unwrap_or_default());
                let name = target.name.clone();
                (lock, From::Requirements { name, files, asked: *asked })
            }
        };
        let path = target.path.clone();
        let replacement = scaffold::replacement(&project.root, path, written::text(&after, &from))?;
        let before = replacement.before.as_deref().and_then(|text| Lock::parse(text).ok());
        // Otherwise only the header would differ.
        let is_same = before.as_ref().is_some_and(|before| {
            before.hash() == after.hash() && before.pythons.newest == after.pythons.newest
        });
        let is_known =
            replacement.before.as_deref().is_some_and(|text| answers(text, &target.source));
        let replacement = match (is_same && is_known, replacement.before.clone()) {
            (true, Some(before)) => FileReplacement { after: before, ..replacement },
            _ => replacement,
        };
        let untested = untested_versions(&after, &target.tested);
        let name = target.name.clone();
        let package = target.tool.as_ref().map_or(&*name, |(tool, _)| tool.lock()).to_owned();
        let range = target.tool.as_ref().and_then(|(_, range)| range.clone());
        Ok(Update { name, package, range, before, after, untested, kept, replacement })
    };
    for_each_at_once(targets, resolve).into_iter().collect()
}

/// Resolves the requirements of a lock; also returns the day after which releases are ignored because the
/// release of its tool is that old.
fn resolve(
    resolver: &Resolver,
    context: Context<'_>,
    target: &Target,
    requirements: &[String],
) -> Result<(Lock, Option<String>), UpdateError> {
    let python = context.config.oldest_python();
    let until = target.end_of_day();
    let wish = Wish { name: &target.name, requirements, until, python };
    match &target.tool {
        Some((tool, range)) => {
            let resolved = release::resolve_tool(resolver, context, *tool, range.as_ref(), &wish)?;
            Ok((resolved.lock, resolved.until))
        }
        None => Ok((resolver.resolve(context, &wish)?, None)),
    }
}

/// The lock as it is, if it meets the requirements of today.
fn current(project: &Project, target: &Target) -> Result<Option<Lock>, UpdateError> {
    let Some(text) = scaffold::read_text(&project.root, &target.path)? else { return Ok(None) };
    let lock = Lock::parse(&text).ok().filter(|_| answers(&text, &target.source));
    Ok(lock.filter(|lock| match &target.tool {
        Some((tool, Some(range))) => {
            lock.version(tool.lock()).is_some_and(|version| range.contains(version))
        }
        _ => true,
    }))
}

fn untested_versions(lock: &Lock, tested: &[(&'static str, String)]) -> Vec<UntestedVersion> {
    let mut untested = Vec::new();
    for (package, tested) in tested {
        // A lock for several Pythons may hold several versions of a package.
        let locked = lock.packages.iter().filter(|locked| locked.name == *package);
        for other in locked.filter(|locked| locked.version != *tested) {
            let (version, tested) = (other.version.clone(), tested.clone());
            untested.push(UntestedVersion { package, version, tested });
        }
    }
    untested
}

fn untested_warning(untested: &[UntestedVersion]) -> String {
    let listed = |version: fn(&UntestedVersion) -> &str| {
        let versions = untested.iter().map(|it| format!("{} {}", it.package, version(it)));
        versions.collect::<Vec<_>>().join(" and ")
    };
    format!(
        "incremental checking was tested with {}, not with {}; if the code that it relies on has \
         changed, each run checks every file",
        listed(|it| &it.tested),
        listed(|it| &it.version)
    )
}

/// Writes all locks, or none of them.
///
/// # Errors
///
/// When one changed meanwhile, or cannot be written.
pub fn write(root: &Path, updates: &Updates) -> Result<(), UpdateError> {
    let changed: Vec<&FileReplacement> =
        updates.manifest.iter().chain(updates.replacements()).collect();
    Ok(scaffold::replace_together(root, &changed)?)
}

/// Whether a lock was resolved from these requirements. A bundled lock has no record of them, and is
/// only rewritten when its packages change.
fn answers(text: &str, source: &LockSource) -> bool {
    match source {
        LockSource::Lock { .. } => true,
        LockSource::Requirements { asked, .. } => {
            written::answers(text, asked) || !text.contains("# For every platform: ")
        }
    }
}

//! Updates of the locks to newer versions.
//!
//! uv resolves the requirements (`resolver`), and docker identifies the current base image (`base`).
//! The changes are returned as data; they are written together or not at all.

mod base;
mod resolver;

use std::path::Path;
use std::thread;

use crate::config::nearest::nearest;
use crate::config::{CommandPlace, Config, EngineChoice, Work};
use crate::dependencies::read as dependencies;
use crate::dependencies::written::{self, From};
use crate::dependencies::{DependencyError, DependencyKind};
use crate::engine::EngineError;
use crate::environment::recipe::{self, PROJECT};
use crate::event::Event;
use crate::hash::Hash;
use crate::lock::Lock;
use crate::outcome::Verdict;
use crate::process::ProcessError;
use crate::project::{PathError, ProjectPath};
use crate::run::Context;
use crate::scaffold::{self, FileReplacement, ScaffoldError};
use crate::tools;
use base::BaseRequest;
use resolver::Resolver;

pub use base::BaseUpdate;

/// The planned changes of a project's locks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Updates {
    /// The locks of packages.
    pub packages: Vec<Update>,
    /// The lock of the base; none if it was not requested, or no docker engine is available.
    pub base: Option<BaseUpdate>,
}

/// The planned change of one lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Update {
    /// The lock's name, such as `pylint`.
    pub name: String,
    /// Its current packages; none if the lock is missing or cannot be read.
    pub before: Option<Lock>,
    /// Its new packages.
    pub after: Lock,
    /// The packages that may end incremental work, because of their versions then.
    pub untested: Vec<UntestedVersion>,
    /// Whether packages stay at the versions that the tool's incremental worker was tested with.
    pub is_kept: bool,
    /// The file, and what it holds now and then.
    replacement: FileReplacement,
}

/// What to update.
///
/// Exhaustive: every caller decides each of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateRequest {
    /// The locks, by their own name or a check's; all if none is named.
    pub names: Vec<String>,
    /// Whether packages stay at the versions that incremental workers were tested with.
    pub keep_incremental: bool,
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

/// Why locks could not be updated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The network must not be used.
    #[error("`update` needs the network, but cargo pipe is offline")]
    Offline,
    /// No lock has this name.
    #[error("unknown lock `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// A suggestion.
        hint: String,
    },
    /// The project's dependencies cannot be read.
    #[error(transparent)]
    Dependencies(#[from] DependencyError),
    /// Packages would be built on this machine, and `host` is not granted.
    #[error(
        "resolving the packages in `from-source` runs their build code on this machine, which needs \
         the grant `host`"
    )]
    FromSource,
    /// uv is missing.
    #[error("uv is not on PATH, and cannot be installed: {0}")]
    NoResolver(String),
    /// The requirements conflict, or uv failed.
    #[error("the requirements of `{name}` cannot be resolved:\n{message}")]
    Unresolved {
        /// The lock's name.
        name: String,
        /// The message of uv.
        message: String,
    },
    /// The base image cannot be inspected.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A lock would be outside of the project.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] ScaffoldError),
    /// A program could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl UpdateError {
    /// The verdict of a command that fails with this error.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            UpdateError::Process(ProcessError::Stopped) => Verdict::Interrupted,
            UpdateError::Engine(error) => error.verdict(),
            UpdateError::NoResolver(_) | UpdateError::Process(_) | UpdateError::File(_) => {
                Verdict::Error
            }
            UpdateError::Unresolved { message, .. } if !message.contains("No solution found") => {
                Verdict::Error
            }
            _ => Verdict::Config,
        }
    }

    /// A suggestion, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            UpdateError::Offline => Some("remove `--offline`, or `offline` in pipe.toml".into()),
            UpdateError::Unknown { hint, .. } => Some(hint.clone()),
            UpdateError::Dependencies(error) => error.hint.clone(),
            UpdateError::FromSource => {
                Some("if you trust these packages, add `--allow host`".into())
            }
            UpdateError::NoResolver(_) => {
                Some("install uv: https://docs.astral.sh/uv/getting-started/installation".into())
            }
            UpdateError::File(error) => error.hint().map(str::to_owned),
            UpdateError::Engine(error) => error.hint(),
            _ => None,
        }
    }
}

/// A lock, and its requirements.
struct Target {
    name: String,
    path: ProjectPath,
    source: Source,
    /// The packages that the tool's incremental worker relies on, with the versions that it was
    /// tested with.
    tested: Vec<(&'static str, String)>,
}

enum Source {
    /// Requirements, and the files or settings that contain them.
    Requirements { requirements: Vec<String>, files: String, asked: Hash },
    /// Other locks, of these names.
    Lock { lock: Lock, files: String },
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
        let before = self.before.clone().unwrap_or(Lock { packages: Vec::new() });
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
    let chosen = chosen(context.config, targets(context)?, &request.names)?;
    let packages = packages(context, &chosen.targets, request.keep_incremental)?;
    for update in packages.iter().filter(|update| !update.untested.is_empty()) {
        context.emitter.emit(&Event::Warning { message: &untested_warning(&update.untested) });
    }
    let base = match chosen.base {
        Some(wish) => base::look(context, wish)?,
        None => None,
    };
    Ok(Updates { packages, base })
}

fn packages(
    context: Context<'_>,
    targets: &[Target],
    keep_incremental: bool,
) -> Result<Vec<Update>, UpdateError> {
    let Context { project, .. } = context;
    let needs_index = |target: &Target| matches!(target.source, Source::Requirements { .. });
    let resolver = match targets.iter().any(needs_index) {
        true => Some(Resolver::find(context)?),
        false => None,
    };
    let resolve = |target: &Target| {
        let is_kept = keep_incremental && !target.tested.is_empty();
        let (after, from) = match &target.source {
            Source::Lock { lock, files } => (lock.clone(), From::Lock(files.clone())),
            Source::Requirements { requirements, files, asked } => {
                let Some(resolver) = &resolver else {
                    unreachable!("it is found where requirements are")
                };
                let mut requirements = requirements.clone();
                if is_kept {
                    let pins = target.tested.iter().map(|(name, it)| format!("{name}=={it}"));
                    requirements.extend(pins);
                }
                let lock = resolver.resolve(context, &target.name, &requirements)?;
                let (name, files) = (target.name.clone(), files.clone());
                (lock, From::Requirements { name, files, asked: *asked })
            }
        };
        let path = target.path.clone();
        let replacement = scaffold::replacement(&project.root, path, written::text(&after, &from))?;
        let before = replacement.before.as_deref().and_then(|text| Lock::parse(text).ok());
        // Only the date in the header would differ.
        let is_same = before.as_ref().is_some_and(|before| before.hash() == after.hash());
        let is_known =
            replacement.before.as_deref().is_some_and(|text| answers(text, &target.source));
        let replacement = match (is_same && is_known, replacement.before.clone()) {
            (true, Some(before)) => FileReplacement { after: before, ..replacement },
            _ => replacement,
        };
        let untested = untested_versions(&after, &target.tested);
        let name = target.name.clone();
        Ok(Update { name, before, after, untested, is_kept, replacement })
    };
    thread::scope(|scope| {
        let threads: Vec<_> =
            targets.iter().map(|target| scope.spawn(|| resolve(target))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
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
        "incremental linting was tested with {}, not with {}; if the code that it relies on has \
         changed, each run lints every file",
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
    let changed: Vec<&FileReplacement> = updates.replacements().collect();
    Ok(scaffold::replace_together(root, &changed)?)
}

/// Whether a lock was resolved from these requirements. A bundled lock has no record of them, and is
/// only rewritten when its packages change.
fn answers(text: &str, source: &Source) -> bool {
    match source {
        Source::Lock { .. } => true,
        Source::Requirements { asked, .. } => {
            written::answers(text, asked) || !text.contains("# For every platform: ")
        }
    }
}

/// Every lock of a project: those of tools, of the project's commands, and of its dependencies.
fn targets(context: Context<'_>) -> Result<Vec<Target>, UpdateError> {
    let Context { config, project, .. } = context;
    let mut targets: Vec<Target> = Vec::new();
    let target = |name: &str, requirements: Vec<String>, files: String| {
        let asked = dependencies::asked(config, &requirements);
        let source = Source::Requirements { requirements, files, asked };
        let path = recipe::lock_path(config, name)?;
        Ok::<_, PathError>(Target { name: name.to_owned(), path, source, tested: Vec::new() })
    };
    for check in &config.checks {
        let found = match &check.work {
            Work::Tool { tool, .. } => tools::find(tool).map(|tool| {
                let requirement = tools::requirement(tool);
                let files = format!("`{requirement}`");
                let target = target(tool.lock(), vec![requirement], files)?;
                Ok(Target { tested: tools::tested_versions(tool), ..target })
            }),
            Work::Command { place: CommandPlace::Requirements(requirements), .. } => {
                let name = check.name.as_str();
                Some(target(name, requirements.clone(), format!("`[checks.{name}]`")))
            }
            Work::Command { .. } => None,
        };
        let found = found.transpose()?;
        targets.extend(found.filter(|found| targets.iter().all(|it| it.name != found.name)));
    }
    if let Some(found) = dependencies::read(&project.root, config)? {
        let files = found.file_names();
        match found.kind {
            DependencyKind::Locked(lock) => targets.push(Target {
                name: PROJECT.to_owned(),
                path: recipe::lock_path(config, PROJECT)?,
                source: Source::Lock { lock, files },
                tested: Vec::new(),
            }),
            DependencyKind::Declared(requirements) => {
                targets.push(target(PROJECT, requirements, files)?)
            }
        }
    }
    Ok(targets)
}

/// The selected locks.
struct Chosen {
    targets: Vec<Target>,
    /// Why the base is selected, if it is.
    base: Option<BaseRequest>,
}

/// Selects the locks of these names. The name of a check selects the lock of its tool.
fn chosen(
    config: &Config,
    mut targets: Vec<Target>,
    names: &[String],
) -> Result<Chosen, UpdateError> {
    if names.is_empty() {
        // The venv engine does not use images.
        let is_wanted = config.engine != EngineChoice::Venv;
        return Ok(Chosen { targets, base: is_wanted.then_some(BaseRequest::Everything) });
    }
    let lock_of = |name: &String| {
        let check = config.checks.iter().find(|check| check.name.as_str() == name);
        match check.map(|check| &check.work) {
            Some(Work::Tool { tool, .. }) => {
                tools::find(tool).map_or(name.clone(), |tool| tool.lock().to_owned())
            }
            _ => name.clone(),
        }
    };
    let wanted: Vec<String> = names.iter().map(lock_of).collect();
    let locks = targets.iter().map(|target| target.name.as_str());
    let known: Vec<&str> = locks.chain([base::NAME]).collect();
    if let Some(name) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        let hint = match nearest(name, &known) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("expected one of: {}", known.join(", ")),
        };
        return Err(UpdateError::Unknown { name: name.clone(), hint });
    }
    targets.retain(|target| wanted.contains(&target.name));
    let base = wanted.iter().any(|name| name == base::NAME).then_some(BaseRequest::Named);
    Ok(Chosen { targets, base })
}

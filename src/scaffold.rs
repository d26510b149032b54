//! Sets up a project: `init`, `sync` and `remove`.
//!
//! `init` looks at a folder, lets [`adopt`] decide what the project gets, and writes the files that are
//! missing. `sync` keeps them up to date with `pipe.toml`. Files of users are never overwritten. The
//! results are returned as data, and the texts come from [`crate::template`].

pub mod adopt;
pub mod evidence;
mod fix;
pub(crate) mod manifest;
mod pipelines;
mod remove;
mod required_files;
mod survey;
mod sync;
#[cfg(feature = "cli")]
mod task_runner;
mod transaction;
mod write;

pub use fix::{FixMode, RefusedOption};
pub use pipelines::missing_include;
pub use remove::{FileRemoval, Taken, remove};
pub use sync::{Drift, DriftKind, Edited, drift, sync};
#[cfg(feature = "cli")]
pub use task_runner::{TaskRunner, TaskRunnerChanges, plan_task_runner};
pub(crate) use transaction::{FileReplacement, read_text, replace_together, replacement};

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::layer::{self, Layer};
use crate::config::{Config, ConfigError, Work};
use crate::configure;
use crate::dependencies::read as dependencies;
use crate::dependencies::{DependencyError, DependencyKind};
use crate::discover::{self, OutsideError};
use crate::engine::job_image;
use crate::env_vars::EnvVars;
use crate::environment::recipe::{self, BUILD};
use crate::project::{FileLocation, Manifest, Project, ProjectPath};
use crate::read::{self, SizeLimit};
use crate::snapshot::SnapshotError;
use crate::template::{JobGrants, NewCheck, NewConfig, NewPackageCheck};
use crate::tools;
use crate::trust::collect;
use adopt::{Adoption, AdoptionRequest, Note};
use required_files::{RequiredFile, Scene};

/// The options of `init`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitRequest {
    /// Whether files are written.
    pub mode: WriteMode,
    /// What to do with options that tools refuse.
    pub fix: FixMode,
    /// What the user asks for in addition to what the folder suggests.
    pub adoption: AdoptionRequest,
}

/// Whether files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// Files are written.
    Write,
    /// Nothing is written; the changes are those that would be made.
    DryRun,
}

/// The result of `init`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scaffolding {
    /// What was found in a folder without a project, and its effects.
    pub notes: Vec<Note>,
    /// The changes of files.
    pub changes: Vec<Change>,
    /// Options of the tools' configurations that the locked tools refuse.
    pub refused: Vec<RefusedOption>,
    /// The file that the repository's own pipeline must include.
    pub include: Option<FileLocation>,
    /// The locks that `update` must write before the checks can run.
    pub to_lock: Vec<String>,
}

/// The change of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The file.
    pub location: FileLocation,
    /// The change.
    pub action: FileAction,
}

/// The kind of change of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileAction {
    /// The file was missing and is written.
    Written,
    /// The file exists as cargo pipe wrote it.
    Unchanged,
    /// The file exists with another content and stays.
    Kept,
    /// Options in the file that a tool refuses are commented out.
    Fixed,
    /// The file exists, and missing parts are added.
    Extended,
}

/// The error of `init`, `sync` and `remove`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// The folder already is a project, and its configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file would be written outside the project.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// The dependencies of the project cannot be read.
    #[error(transparent)]
    Dependencies(#[from] DependencyError),
    /// The files of the folder cannot be listed.
    #[error(transparent)]
    Unreadable(#[from] SnapshotError),
    /// The folder is not a Cargo workspace, which `--xtask` needs.
    #[error("`Cargo.toml` not found in `{}`; `--xtask` needs a Cargo workspace", .0.display())]
    NoWorkspace(PathBuf),
    /// The folder belongs to the workspace of a parent folder.
    #[error("the folder belongs to the workspace in `{}`", .0.display())]
    Member(PathBuf),
    /// The folder has a name that means something else in a pipeline.
    #[error("pipelines cannot name the folder `{0}` of this repository")]
    Folder(ProjectPath),
    /// Cargo cannot read the workspace.
    #[error("cargo cannot read the workspace: {0}")]
    Cargo(String),
    /// A file cannot be read or written.
    #[error("cannot {doing} `{}`: {error}", .path.display())]
    Disk {
        /// The attempted action.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

impl ScaffoldError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            ScaffoldError::Config(error) => error.hint.as_deref(),
            ScaffoldError::Dependencies(error) => error.hint.as_deref(),
            ScaffoldError::Outside(_) => Some("replace the link with the folder itself"),
            ScaffoldError::NoWorkspace(_) => Some("run `cargo init` first, or leave out `--xtask`"),
            ScaffoldError::Member(_) => Some("run `cargo pipe init DIR --xtask` with that folder"),
            ScaffoldError::Folder(_) => Some(
                "use letters, digits, `.`, `_` and `-` in its name, or leave the pipelines out with \
                 `gitlab = false` and `github = false` under `[ci]`",
            ),
            ScaffoldError::Cargo(_) | ScaffoldError::Unreadable(_) | ScaffoldError::Disk { .. } => {
                None
            }
        }
    }

    fn disk(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ScaffoldError + use<> {
        let path = path.to_owned();
        move |error| ScaffoldError::Disk { doing, path, error }
    }
}

/// Sets up a project in `folder`, which is created if it does not exist. A project only gets the files
/// that it lacks. A file that exists is never changed, except for options that a tool refuses, on
/// request.
///
/// If the process is killed, each file is either complete or absent, and the next call writes the rest.
///
/// # Errors
///
/// When the configuration is invalid, a file would be written outside the project, or a file cannot be
/// read or written. Foreseeable errors are detected before anything is written.
pub fn init(folder: &Path, request: &InitRequest) -> Result<Scaffolding, ScaffoldError> {
    let root = discover::absolute(folder);
    let manifest = discover::manifest(&root)?;
    let survey = survey::survey(&root)?;
    let placement = discover::placement(&root);
    let is_new = manifest.is_none();
    if is_new {
        check_pyproject(&root)?;
    }
    let pipeline = pipelines::settings(&placement)?;
    let (mut settings, mut notes) = match &manifest {
        None => {
            let Adoption { settings, notes } = adopt::adopt(&survey, request.adoption);
            let NewConfig { gitlab_file, gitlab_stage, .. } = pipeline;
            (NewConfig { gitlab_file, gitlab_stage, ..settings }, notes)
        }
        Some(_) => (pipeline, Vec::new()),
    };
    let project = Project::in_folder(root.clone(), manifest.clone());
    // The files belong to the project, so the variables of the user have no effect on them.
    let environment = EnvVars::default();
    let extended = match &manifest {
        Some(manifest) => switch_on_pipelines(&root, manifest, request)?,
        None => None,
    };
    let (config, _) = match (&manifest, &extended) {
        (Some(_), Some(extended)) => {
            configure::load_config_text(&project, &extended.after, &environment, Layer::default())?
        }
        (Some(_), None) => configure::load_config(&project, &environment, Layer::default())?,
        (None, _) => {
            let load = |settings: &NewConfig| {
                let text = required_files::pipe_toml(settings);
                configure::load_config_text(&project, &text, &environment, Layer::default())
            };
            load(&settings).or_else(|error| {
                // A command of a job can be stranger than a setting may be.
                settings.checks.iter_mut().for_each(NewCheck::forget_arguments);
                let own = settings.packages.iter_mut().flat_map(|package| &mut package.checks);
                own.for_each(NewPackageCheck::forget_arguments);
                notes.push(Note {
                    found: format!("arguments that are not valid settings ({error})"),
                    effect: "they are left out of `pipe.toml`".to_owned(),
                });
                load(&settings)
            })?
        }
    };
    let text = match &manifest {
        Some(manifest) => discover::read_manifest(&root, manifest)?,
        None => required_files::pipe_toml(&settings),
    };
    let scene = Scene {
        placement: &placement,
        names_schema: required_files::names_schema(&text, &config.config),
        manifest,
        config: &config,
        settings: &settings,
        has_python: survey.has_python(),
        granted: job_grants(&project, &config),
        jobs_in: job_image::choose_jobs_image(&root, &config),
    };
    if !is_new {
        notes.extend(Note::about_pipelines(&request.adoption, &config.ci, &config.manifest));
    }
    let mut wanted = required_files::list(&scene)?;
    let mut declared = BTreeSet::new();
    for set in config.dependency_sets() {
        // Each run and `sync` report dependencies that cannot be read.
        let Ok(Some(found)) = dependencies::read(&root, set) else { continue };
        match &found.kind {
            DependencyKind::Declared(requirements) if !requirements.is_empty() => {
                declared.insert(set.lock());
            }
            _ => {}
        }
        if is_new {
            notes.push(Note::about_dependencies(&found, &set.lock()));
        }
        let derived = dependencies::derived(&config, set, &found);
        let derived = derived.map(|(path, text)| (placement.in_project(path), text));
        wanted.extend(derived.map(|(location, text)| RequiredFile::derived(location, text)));
    }
    let mut changes = write_all(&root, &wanted, request.mode)?;
    if let Some(extended) = extended {
        if request.mode == WriteMode::Write {
            replace_together(&root, &[&extended])?;
        }
        let location = placement.in_project(extended.path);
        changes.retain(|change| change.location != location);
        changes.insert(0, Change { location, action: FileAction::Extended });
    }
    let refused = fix::find_refused(&root, &config, &survey, request)?;
    changes.extend(fix::changes(&placement, &refused));
    let include = pipelines::find_missing_include(&placement, &config)?;
    let to_lock = locks_to_write(&root, &config, &declared);
    Ok(Scaffolding { notes, changes, refused, include, to_lock })
}

/// Checks that the `pyproject.toml` of a new project, if it has one, can be read: otherwise its tools and
/// dependencies would be taken for none.
fn check_pyproject(root: &Path) -> Result<(), ScaffoldError> {
    const FILE: &str = "pyproject.toml";
    let text = ProjectPath::new(FILE)
        .ok()
        .and_then(|path| read::read_project_text(root, &path, SizeLimit::Config).ok());
    let Some(text) = text else { return Ok(()) };
    layer::check_syntax(FILE, &text).map_err(|error| {
        ScaffoldError::Config(
            error.with_hint("correct it: `init` takes the tools and dependencies from it"),
        )
    })
}

/// The locks that do not exist: those of checks with another release of their tool or with plugins, that
/// of the project's build system, if a check needs the project installed, and those of declared
/// dependencies that a check sees.
fn locks_to_write(root: &Path, config: &Config, declared: &BTreeSet<String>) -> Vec<String> {
    let is_missing =
        |name: &str| !recipe::lock_path(config, name).is_ok_and(|path| path.on_disk(root).exists());
    let mut missing = Vec::new();
    let mut seen = BTreeSet::new();
    if is_missing(BUILD) && dependencies::build_requirements(root, config).is_some() {
        missing.push(BUILD.to_owned());
    }
    for check in &config.checks {
        let can_see = match &check.work {
            Work::Tool { tool, .. } => tools::find(tool).is_some_and(|tool| tool.sees_project()),
            Work::Rust { .. } => false,
            Work::Command { .. } => true,
        };
        if check.sees_project && can_see {
            seen.insert(config.dependency_set(check.id.package()).lock());
        }
        let Work::Tool { packages, .. } = &check.work else { continue };
        if !packages.is_bundled() && is_missing(&packages.lock) && !missing.contains(&packages.lock)
        {
            missing.push(packages.lock.clone());
        }
    }
    missing.extend(declared.intersection(&seen).filter(|name| is_missing(name)).cloned());
    missing
}

/// The manifest of an existing project with the pipelines that the user asks for, if it lacks them.
fn switch_on_pipelines(
    root: &Path,
    manifest: &Manifest,
    request: &InitRequest,
) -> Result<Option<FileReplacement>, ScaffoldError> {
    let text = discover::read_manifest(root, manifest)?;
    let Some(new) = pipelines::switch_on(&text, manifest, &request.adoption) else {
        return Ok(None);
    };
    let path = ProjectPath::root().beside(manifest.file_name());
    Ok(Some(FileReplacement { path, before: Some(text), after: new }))
}

fn write_all(
    root: &Path,
    wanted: &[RequiredFile],
    mode: WriteMode,
) -> Result<Vec<Change>, ScaffoldError> {
    let mut changes = Vec::new();
    for file in wanted {
        let location = file.location.clone();
        changes.push(Change { location, action: write::compare(file)? });
    }
    if mode == WriteMode::DryRun {
        return Ok(changes);
    }
    fs::create_dir_all(root).map_err(ScaffoldError::disk("create", root))?;
    for (change, file) in changes.iter_mut().zip(wanted) {
        if change.action == FileAction::Written {
            change.action = write::write(file)?;
        }
    }
    Ok(changes)
}

/// The grants of a project's jobs in addition to those that their checks request.
fn job_grants(project: &Project, config: &Config) -> JobGrants {
    JobGrants {
        always: recipe::required_grants(&project.root, config),
        for_host: collect::checks_for_host(project, config),
    }
}

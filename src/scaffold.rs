//! Writes the files that make a folder a project, and takes them away again.
//!
//! Owns what `init` does: look at what is there, let [`crate::scaffold::adopt`] decide, write what is
//! missing; `sync` keeps it as `pipe.toml` says. Must not print, or overwrite what somebody else
//! wrote, and knows no template's text; those come from [`crate::template`]. What was done is
//! returned as data.

pub mod adopt;
mod fix;
mod manifest;
mod remove;
mod survey;
mod sync;
#[cfg(feature = "cli")]
mod task;
mod transaction;
mod write;

pub use fix::{FixMode, RefusedOption};
pub use remove::{FileRemoval, Taken, remove};
pub use sync::{Drift, DriftKind, Edited, drift, sync};
#[cfg(feature = "cli")]
pub use task::{Task, Tasked, task};
pub(crate) use transaction::{FileReplacement, replace_together, replacement};

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::layer::Layer;
use crate::config::load::{self, EnvVars};
use crate::config::{Config, ConfigError};
use crate::dependencies::DependencyError;
use crate::dependencies::read as dependencies;
use crate::engine::job_image;
use crate::environment::recipe;
use crate::project::discover::{self, OutsideError};
use crate::project::{Project, ProjectPath};
use crate::snapshot::SnapshotError;
use crate::template::{GITLAB_CI, GITLAB_INCLUDED, JobGrants};
use crate::trust::collect;
use adopt::{AdoptionRequest, Note};
use manifest::{Scene, WantedFile};

/// What `init` is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitRequest {
    /// Whether files are written.
    pub mode: WriteMode,
    /// What becomes of options that tools refuse.
    pub fix: FixMode,
    /// What there is to be besides what the folder itself calls for.
    pub wish: AdoptionRequest,
}

/// Whether files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// They are.
    Write,
    /// Nothing is; the changes say what would be.
    DryRun,
}

/// What `init` did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scaffolding {
    /// What was found in a folder that was no project, and what follows from it.
    pub notes: Vec<Note>,
    /// What became of each file.
    pub changes: Vec<Change>,
    /// Options of the tools' configurations that the locked tools refuse.
    pub refused: Vec<RefusedOption>,
    /// The file that the project's own pipeline has to include.
    pub include: Option<ProjectPath>,
}

/// What became of one file, or would become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The file.
    pub path: ProjectPath,
    /// What became of it.
    pub action: FileAction,
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileAction {
    /// It was not there and is written.
    Written,
    /// It is there and as cargo pipe wrote it.
    Unchanged,
    /// It is there, it is another one, and it stays.
    Kept,
    /// Options in it that a tool refuses are commented out.
    Fixed,
    /// It is there, and what it lacked is added.
    Extended,
}

/// Why a folder could not be made a project.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// The folder is a project already, and its configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file would end up outside the project.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// It cannot be told what the project depends on.
    #[error(transparent)]
    Dependencies(#[from] DependencyError),
    /// The folder cannot be looked through.
    #[error(transparent)]
    Unreadable(#[from] SnapshotError),
    /// There is no Cargo workspace that could have a task.
    #[error("there is no `Cargo.toml` in `{}`, so there is no workspace for a task", .0.display())]
    NoWorkspace(PathBuf),
    /// The folder belongs to a workspace further up.
    #[error("the workspace is not this folder but `{}`", .0.display())]
    Member(PathBuf),
    /// Cargo does not say what is in the workspace.
    #[error("cargo cannot read the workspace: {0}")]
    Cargo(String),
    /// The disk refused something.
    #[error("cannot {doing} `{}`: {error}", .path.display())]
    Disk {
        /// What was to be done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it could not be.
        error: io::Error,
    },
}

impl ScaffoldError {
    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            ScaffoldError::Config(error) => error.hint.as_deref(),
            ScaffoldError::Dependencies(error) => error.hint.as_deref(),
            ScaffoldError::Outside(_) => Some("put the folder itself there instead of a link"),
            ScaffoldError::NoWorkspace(_) => {
                Some("`cargo init` makes one; without `--xtask` none is needed")
            }
            ScaffoldError::Member(_) => Some("name that folder: `cargo pipe init DIR --xtask`"),
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

/// Makes `folder` a project, and the folder itself if there is none. A project only gets the files
/// that it lacks; a file that exists is never touched, but for options that a tool refuses, where
/// that is asked for.
///
/// Killed at any moment, each file is whole or absent, and the next call writes the rest.
///
/// # Errors
///
/// When its configuration is wrong, a file would end up outside, or the disk refuses something.
/// Nothing is written where that can be foreseen.
pub fn init(folder: &Path, asked: &InitRequest) -> Result<Scaffolding, ScaffoldError> {
    let root = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let manifest = discover::manifest(&root)?;
    let survey = survey::survey(&root)?;
    let is_new = manifest.is_none();
    let (settings, mut notes) = match &manifest {
        None => {
            let adoption = adopt::adopt(&survey, asked.wish);
            (adoption.settings, adoption.notes)
        }
        Some(_) => (adopt::beside(survey.foreign(GITLAB_CI)), Vec::new()),
    };
    let project = Project { root: root.clone(), manifest: manifest.clone() };
    // What is written is the project's, so whoever writes it has no say in it.
    let environment = EnvVars::default();
    let (config, _) = match manifest {
        Some(_) => load::configure(&project, &environment, Layer::default())?,
        None => {
            let text = manifest::pipe_toml(&settings);
            load::configure_by(&project, &text, &environment, Layer::default())?
        }
    };
    let scene = Scene {
        manifest,
        config: &config,
        settings: &settings,
        has_python: survey.has_python(),
        granted: granted(&project, &config),
        jobs_in: job_image::choose_jobs_image(&root, &config),
    };
    if !is_new {
        notes.extend(Note::of_wish(&asked.wish, &config.ci, &config.manifest));
    }
    let mut wanted = manifest::wanted(&scene);
    // What cannot be understood is told by each run, and by `sync`.
    if let Ok(Some(found)) = dependencies::read(&root, &config) {
        if is_new {
            notes.push(Note::of_dependencies(&found));
        }
        let derived = dependencies::derived(&config, &found);
        wanted.extend(derived.map(|(path, text)| WantedFile::derived(path, text)));
    }
    let mut changes = write_all(&root, &wanted, asked.mode)?;
    let refused = fix::refused(&root, &config, &survey, asked)?;
    changes.extend(fix::changes(&refused));
    let include = changes
        .iter()
        .map(|change| &change.path)
        .find(|path| path.as_str() == GITLAB_INCLUDED && !survey.is_included())
        .cloned();
    Ok(Scaffolding { notes, changes, refused, include })
}

fn write_all(
    root: &Path,
    wanted: &[WantedFile],
    mode: WriteMode,
) -> Result<Vec<Change>, ScaffoldError> {
    let mut changes = Vec::new();
    for file in wanted {
        changes.push(Change { path: file.path.clone(), action: write::compare(root, file)? });
    }
    if mode == WriteMode::DryRun {
        return Ok(changes);
    }
    fs::create_dir_all(root).map_err(ScaffoldError::disk("create", root))?;
    for (change, file) in changes.iter_mut().zip(wanted) {
        if change.action == FileAction::Written {
            change.action = write::write(root, file)?;
        }
    }
    Ok(changes)
}

/// What the jobs of a project have to be granted besides what their checks ask for.
fn granted(project: &Project, config: &Config) -> JobGrants {
    JobGrants {
        always: recipe::required_grants(&project.root, config),
        own_code: collect::with_own_code(project, config),
    }
}

//! What is in a folder, and what it therefore lacks.
//!
//! Owns the facts that decide which files a project gets ([`Survey`]), and the decision
//! ([`wanted`], which is pure). Must not write. The files go to [`super::write`].

use std::fs;
use std::path::Path;

use ignore::WalkBuilder;

use super::ScaffoldError;
use crate::catalogue;
use crate::config::layer::Layer;
use crate::config::load::{self, Environment};
use crate::config::{Config, Work};
use crate::project::{Manifest, Project, ProjectPath, discover};
use crate::template::{DOCKERFILE, GENERATED, Generated, Need, Values};

/// What is in a folder that is to be a project.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Survey {
    /// What configures it already.
    pub manifest: Option<Manifest>,
    /// What it wants; the defaults if nothing configures it.
    pub config: Config,
    /// Whether there is any Python in it.
    pub has_python: bool,
}

/// A file that a project should have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// Where.
    pub path: ProjectPath,
    /// Its whole text.
    pub text: String,
    /// The mode it is created with, before the user's mask.
    pub mode: u32,
}

/// Looks at a folder. One that does not exist is an empty one.
///
/// # Errors
///
/// When the folder is a project already and its configuration is wrong.
pub fn survey(folder: &Path) -> Result<Survey, ScaffoldError> {
    let root = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let manifest = discover::manifest(&root)?;
    let project = Project { root: root.clone(), manifest: manifest.clone() };
    // What is written is the project's, so whoever writes it has no say in it.
    let (config, _) = load::configure(&project, &Environment::default(), Layer::default())?;
    Ok(Survey { manifest, config, has_python: has_python(&root) })
}

/// The files that a project with these facts should have.
#[must_use]
pub fn wanted(survey: &Survey) -> Vec<Wanted> {
    let values = Values::of(&survey.config);
    let file = |file: &Generated| {
        Some(Wanted {
            path: file.path_in(&survey.config.config)?,
            text: file.render(&values),
            mode: file.mode,
        })
    };
    GENERATED.iter().filter(|file| is_needed(file.need, survey)).filter_map(file).collect()
}

fn is_needed(need: Need, survey: &Survey) -> bool {
    let config = &survey.config;
    match need {
        Need::Settings => survey.manifest != Some(Manifest::CargoToml),
        Need::Dockerfile => config.image.dockerfile.as_str() == DOCKERFILE,
        Need::Lock(name) => tools(config)
            .any(|(tool, _)| catalogue::find(tool).is_none_or(|tool| tool.lock() == name)),
        Need::ToolConfig(name) => tools(config).any(|(tool, own)| {
            !own && catalogue::find(tool).is_none_or(|tool| tool.config_file() == name)
        }),
        Need::Example => !survey.has_python,
    }
}

/// The tools of all checks, each with whether it has a configuration file of its own.
fn tools(config: &Config) -> impl Iterator<Item = (&str, bool)> {
    config.checks.iter().filter_map(|check| match &check.work {
        Work::Tool { tool, config, .. } => Some((tool.as_str(), config.is_some())),
        Work::Command { .. } => None,
    })
}

/// Whether there is Python that somebody wrote here: not in hidden folders, not installed.
fn has_python(root: &Path) -> bool {
    WalkBuilder::new(root)
        .parents(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .filter_entry(|entry| !entry.path().join("pyvenv.cfg").exists())
        .build()
        .flatten()
        .any(|entry| {
            let extension = entry.path().extension();
            entry.file_type().is_some_and(|kind| kind.is_file())
                && extension.is_some_and(|extension| extension == "py" || extension == "pyi")
        })
}

//! Takes a project from what is staged, or from a commit, to a pipeline.
//!
//! Manifest, configurations, locks and sources all come from the index of git. Grants, containers and
//! results are those of the folder that the user works in.

use std::path::Path;

use super::Pipeline;
use crate::cache;
use crate::checkout::{Checkout, CheckoutError};
use crate::config::layer::Layer;
use crate::configure;
use crate::discover;
use crate::engine::EngineError;
use crate::env_vars::EnvVars;
use crate::error::Error;
use crate::event::Observer;
use crate::git::{GitContext, HookIndex};
use crate::plan::FileSet;
use crate::process::{Cancel, Emitter};
use crate::project::{Manifest, Project, ProjectPath};
use crate::run::Directory;
use crate::snapshot::Inventory;

/// The files that are checked. Exhaustive: a caller has to say which of them it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutSource<'a> {
    /// Those in the index of the running hook.
    Index,
    /// Those of a commit.
    Commit(&'a str),
}

/// A project as it is staged or committed.
#[derive(Debug)]
#[non_exhaustive]
pub struct StagedPipeline {
    /// The project, configured with the files of the checkout.
    pub pipeline: Pipeline,
    /// The files, locked for as long as this lives.
    pub checkout: Checkout,
}

impl StagedPipeline {
    /// Finds the project that `folder` belongs to, checks out the files, and configures the project with
    /// them.
    ///
    /// # Errors
    ///
    /// When the project or its repository is missing, git fails, the configuration is wrong, or the run is
    /// stopped.
    pub fn discover(
        folder: &Path,
        source: CheckoutSource<'_>,
        environment: EnvVars,
        flags: Layer,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<StagedPipeline, Error> {
        let found = discover::find(folder);
        let work = match &found {
            Ok(project) => project.clone(),
            // The manifest may be missing in the work tree alone.
            Err(_) => Project::in_folder(discover::absolute(folder), None),
        };
        cache::refuse_planted(&work.root, &environment)?;
        let index = HookIndex::find(&work.root, &environment).map_err(CheckoutError::from)?;
        let home = cache::home(&environment);
        let emitter = Emitter::new(observer);
        let context =
            GitContext { root: &work.root, variables: &environment, cancel, emitter: &emitter };
        let checkout = match source {
            CheckoutSource::Index => Checkout::update(&home, &work, context, &index)?,
            CheckoutSource::Commit(commit) => {
                // The next run removes the files of a killed hook.
                let scratch = Directory::create(&home).map_err(EngineError::from)?;
                let file = scratch.path().join("index");
                let index = index
                    .of_commit(context, commit, file)
                    .map_err(|error| CheckoutError::Staged(error.into()))?;
                Checkout::update(&home, &work, context, &index)?
            }
        };
        match configure(&work, &checkout, environment, flags) {
            Ok(pipeline) => Ok(StagedPipeline { pipeline, checkout }),
            Err(Error::Checkout(CheckoutError::NoManifest(_))) if found.is_err() => {
                Err(found.map(drop).map_or_else(Error::from, |()| CheckoutError::Stopped.into()))
            }
            Err(error) => Err(error),
        }
    }
}

impl StagedPipeline {
    /// The configurations and locks in the user's folder that are not staged, so that the checks miss
    /// them.
    #[must_use]
    pub fn list_unstaged_settings(&self) -> Vec<ProjectPath> {
        let Pipeline { project, config, .. } = &self.pipeline;
        let mut paths = vec![config.image.dockerfile.beside("requirements")];
        if !config.config.is_root() {
            paths.push(config.config.clone());
        }
        let file_set = FileSet { paths, ..FileSet::default() };
        let mut files = Inventory::list(&project.identity, &file_set).unwrap_or_default();
        files.retain(|path| path.on_disk(&project.root).symlink_metadata().is_err());
        files
    }
}

/// Configures a project with the files of its checkout.
fn configure(
    work: &Project,
    checkout: &Checkout,
    environment: EnvVars,
    flags: Layer,
) -> Result<Pipeline, Error> {
    let root = checkout.root.clone();
    let manifest = discover::manifest(&root)?;
    let name = manifest.as_ref().or(work.manifest.as_ref()).unwrap_or(&Manifest::PipeToml);
    let name = name.file_name();
    let own = ProjectPath::new(name).ok();
    if let Some(why) = own.and_then(|own| checkout.withheld.get(&own)) {
        return Err(CheckoutError::Withheld(why.clone()).into());
    }
    if manifest.is_none() {
        return Err(CheckoutError::NoManifest(name.to_owned()).into());
    }
    let project = Project { root, manifest, ..work.clone() };
    let (config, warnings) = configure::load_config(&project, &environment, flags)?;
    let locks = config.image.dockerfile.beside("requirements");
    let decides = |path: &ProjectPath| {
        *path == config.image.dockerfile
            || path.starts_with(&locks)
            || !config.config.is_root() && path.starts_with(&config.config)
    };
    if let Some((_, why)) = checkout.withheld.iter().find(|(path, _)| decides(path)) {
        return Err(CheckoutError::Withheld(why.clone()).into());
    }
    let cache = cache::home(&environment);
    let (scratch, withheld) = (cache.clone(), checkout.withheld.clone());
    Ok(Pipeline { project, config, environment, cache, scratch, warnings, withheld })
}

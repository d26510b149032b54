//! From a folder to a report: discover, configure, plan, run.
//!
//! The command line, an xtask and a build script all come in here.

use std::path::Path;

use crate::config::Config;
use crate::config::layer::Layer;
use crate::config::load::Environment;
use crate::error::Error;
use crate::event::Observer;
use crate::plan::{Plan, Request};
use crate::project::Project;
use crate::report::Report;
use crate::run::Cancel;

/// A configured project.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pipeline {
    /// Where it is.
    pub project: Project,
    /// What it wants.
    pub config: Config,
    /// The variables that it was configured in.
    pub environment: Environment,
}

/// What [`Pipeline::build`] made available.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Built {
    /// The environment's name, such as `pylint`.
    pub environment: String,
    /// The image it is.
    pub image: String,
    /// Whether it was there already.
    pub existed: bool,
}

/// What [`Pipeline::remove`] took away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// Containers by name.
    pub containers: Vec<String>,
    /// Volumes by name.
    pub volumes: Vec<String>,
    /// Images by reference.
    pub images: Vec<String>,
    /// Folders of ours in the user's cache.
    pub folders: Vec<String>,
}

impl Pipeline {
    /// Finds and configures the project that `folder` belongs to. `flags` win over everything.
    ///
    /// # Errors
    ///
    /// When there is no project, or its configuration is wrong.
    pub fn discover(folder: &Path, environment: Environment, flags: Layer) -> Result<Self, Error> {
        let _ = (folder, environment, flags);
        unreachable!("written with the configuration")
    }

    /// Plans the checks of a request.
    ///
    /// # Errors
    ///
    /// When a name is no check, or a grant is missing.
    pub fn plan(&self, request: &Request) -> Result<Plan, Error> {
        let _ = request;
        unreachable!("written with the plan")
    }

    /// Runs a plan to its end. What goes wrong with a check is in the report.
    pub fn run(&self, plan: &Plan, cancel: &Cancel, observer: &mut dyn Observer) -> Report {
        let _ = (plan, cancel, observer);
        unreachable!("written with the engine")
    }

    /// Makes the environments of a plan available.
    ///
    /// # Errors
    ///
    /// When the engine is not there, or an image cannot be built.
    pub fn build(
        &self,
        plan: &Plan,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Built>, Error> {
        let _ = (plan, cancel, observer);
        unreachable!("written with the engine")
    }

    /// Takes away this project's containers, volumes and images, and what nobody else refers to.
    ///
    /// # Errors
    ///
    /// When the engine is not there.
    pub fn remove(&self, observer: &mut dyn Observer) -> Result<Removed, Error> {
        let _ = observer;
        unreachable!("written with the engine")
    }
}

//! Looks whether everything is there that checks need.
//!
//! Owns what is looked at, and in which order: project, files, engine, machine; what is wrong with
//! one keeps none of the others from being looked at. Must not print or repair anything. What was
//! found is data, each with what to do next.

pub mod conflicts;
mod engine;
mod files;
mod machine;
pub mod runner;

use std::path::Path;

use serde::Serialize;

use crate::cache;
use crate::config::layer::Layer;
use crate::configure;
use crate::discover;
use crate::env_vars::EnvVars;
use crate::event::Observer;
use crate::outcome::Verdict;
use crate::process::{Cancel, Emitter};
use crate::project::Project;
use crate::run::Context;
use crate::template::VERSION;

/// The form of [`Diagnosis`] in JSON.
const SCHEMA: &str = "cargo-pipe/doctor/1";

/// All that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The name of this form.
    pub schema: &'static str,
    /// The version of cargo pipe.
    pub version: &'static str,
    /// What was found, in the order it was looked at.
    pub examined: Vec<Examined>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Examined {
    /// What was looked at, such as `engine`.
    pub subject: &'static str,
    /// How it is.
    pub state: Health,
    /// What was found.
    pub found: String,
    /// What to do next.
    pub next: Option<String>,
}

/// How something is that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Health {
    /// As it should be.
    Good,
    /// Not as it should be, and checks run all the same.
    Warning,
    /// A generated file is not as `pipe.toml` says.
    Drift,
    /// The project's files keep checks from running.
    Project,
    /// The machine keeps checks from running.
    Machine,
}

impl Health {
    /// How a command ends that found this.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Health::Good | Health::Warning => Verdict::Passed,
            Health::Drift => Verdict::Findings,
            Health::Project => Verdict::Config,
            Health::Machine => Verdict::Error,
        }
    }
}

impl Diagnosis {
    /// How a command ends that found this: the worst that was found.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.examined.iter().map(|examined| examined.state.verdict());
        Verdict::worst(verdicts).unwrap_or(Verdict::Passed)
    }
}

impl Examined {
    fn good(subject: &'static str, found: impl Into<String>) -> Self {
        Examined { subject, state: Health::Good, found: found.into(), next: None }
    }

    fn is(
        state: Health,
        subject: &'static str,
        found: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Examined { subject, state, found: found.into(), next: Some(next.into()) }
    }
}

/// Looks at the project that a folder belongs to, and at the machine. Without a project the machine
/// is looked at all the same, as for a new one.
pub fn examine(
    folder: &Path,
    variables: &EnvVars,
    flags: &Layer,
    cancel: &Cancel,
    observer: &mut dyn Observer,
) -> Diagnosis {
    let mut examined = vec![machine::program(variables)];
    let nothing = Project { root: folder.to_owned(), manifest: None };
    let found = discover::find(folder).and_then(|project| {
        let (config, warnings) = configure::load_config(&project, variables, flags.clone())?;
        Ok((project, config, warnings))
    });
    let (project, config) = match found {
        Ok((project, config, warnings)) => {
            examined.extend(files::project(&project, &warnings));
            (Some(project), Some(config))
        }
        Err(error) => {
            examined.push(files::no_project(&error));
            // The defaults are embedded, and every test configures them.
            let plain = configure::load_config(&nothing, &EnvVars::default(), Layer::default());
            (None, plain.ok().map(|(config, _)| config))
        }
    };
    if let Some(config) = &config {
        let is_project = project.is_some();
        let project = project.as_ref().unwrap_or(&nothing);
        let emitter = &Emitter::new(observer);
        let home = &cache::home(variables);
        let context =
            Context { project, config, variables, cache: home, scratch: home, cancel, emitter };
        if is_project {
            examined.extend(files::examine(context));
        }
        examined.extend(engine::examine(context));
        examined.extend(machine::examine(context));
    }
    Diagnosis { schema: SCHEMA, version: VERSION, examined }
}

//! Diagnosis of a project and a machine: the settings, files, engine and disk that checks need.
//!
//! A problem in one part does not stop the inspection of the others. Nothing is repaired; each result
//! has a suggestion.

pub mod conflicts;
mod engine;
mod files;
mod machine;
pub mod runner;
pub mod runner_user;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

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

/// The name of the JSON format of [`Diagnosis`].
const SCHEMA: &str = "cargo-pipe/doctor/1";

/// The results of all parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The name of this format.
    pub schema: &'static str,
    /// The version of cargo pipe.
    pub version: &'static str,
    /// The results, in order.
    pub examined: Vec<Examined>,
}

/// The result of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Examined {
    /// The part, such as `engine`.
    pub subject: &'static str,
    /// Its state.
    pub state: Health,
    /// The observation.
    pub found: String,
    /// A suggestion.
    pub next: Option<String>,
}

/// The state of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Health {
    /// It works.
    Good,
    /// A problem that does not stop checks.
    Warning,
    /// A generated file is not up to date.
    Drift,
    /// The project's files stop checks.
    Project,
    /// The machine stops checks.
    Machine,
}

impl Health {
    /// The verdict of this state.
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
    /// The worst verdict of all parts.
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

/// Inspects the project that a folder belongs to, and the machine. Without a project, the machine is
/// inspected as for a new one. `show` gets the results of each part as soon as it is inspected.
pub fn examine(
    folder: &Path,
    variables: &EnvVars,
    flags: &Layer,
    cancel: &Cancel,
    observer: &mut dyn Observer,
    show: &mut dyn FnMut(&[Examined]),
) -> Diagnosis {
    let mut examined = Vec::new();
    let mut add = |part: Vec<Examined>| {
        show(&part);
        examined.extend(part);
    };
    add(vec![machine::program(variables)]);
    let nothing = Project::in_folder(folder.to_owned(), None);
    let found = discover::find(folder).and_then(|project| {
        let (config, warnings) = configure::load_config(&project, variables, flags.clone())?;
        Ok((project, config, warnings))
    });
    let (project, config) = match found {
        Ok((project, config, warnings)) => {
            add(files::project(&project, &warnings));
            (Some(project), Some(config))
        }
        Err(error) => {
            add(vec![files::no_project(&error)]);
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
        let context = Context {
            project,
            config,
            withheld: &BTreeMap::new(),
            variables,
            cache: home,
            scratch: home,
            cancel,
            emitter,
            begun: Instant::now(),
        };
        if is_project {
            add(files::examine(context));
        }
        add(engine::examine(context));
        add(machine::examine(context));
    }
    Diagnosis { schema: SCHEMA, version: VERSION, examined }
}

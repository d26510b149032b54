//! A look into a check's container, as plain data.
//!
//! Owns what a visitor gets: the container of the check itself, and nothing else but what they typed.
//! It must not know how a terminal gets into a container. The [`Shell`] goes to [`crate::run`].

use std::time::Duration;

use serde::Serialize;

use super::{Known, Plan, PlanError, Request, Step, plan};
use crate::check::Grant;
use crate::config::{CacheMode, Config};
use crate::gate;

/// What is run where no command was named: bash, or sh where there is none.
const SHELL: [&str; 3] = ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"];

/// How long a visit may last before an engine elsewhere may take it for left behind.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What somebody wants to look at.
///
/// Exhaustive: whoever asks fills it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellRequest {
    /// The check; the first one if none is named.
    pub check: Option<String>,
    /// The program and its arguments; a shell if empty.
    pub command: Vec<String>,
    /// Whether the visitor gets the docker socket. To ask for it is to grant it.
    pub docker_socket: bool,
    /// What the visitor has for streams.
    pub streams: Streams,
}

/// What a visitor has for streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Streams {
    /// A terminal.
    Terminal,
    /// Files and pipes.
    Plain,
}

/// A look into a check's container.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Shell {
    /// The check as it would run, with what its visitor gets besides.
    pub step: Step,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What the visitor has for streams.
    pub streams: Streams,
    /// How many threads may copy files.
    pub jobs: usize,
}

impl Shell {
    /// The plan of all that has to be there before.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan {
            gate: gate::GateSpec::default(),
            fixes: None,
            notes: Vec::new(),
            steps: vec![self.step.clone()],
            fail_fast: false,
            jobs: self.jobs,
            cache: CacheMode::Off,
        }
    }
}

/// Plans a look into a check's container.
///
/// # Errors
///
/// When there is no such check, or it asks for what is not granted.
pub fn plan_shell(
    config: &Config,
    known: &Known,
    request: &ShellRequest,
) -> Result<Shell, PlanError> {
    let first = || config.checks.first().map(|check| check.name.to_string());
    let checks = request.check.clone().or_else(first).into_iter().collect();
    let planned = plan(config, known, &Request { checks, ..Request::default() })?;
    let Some(mut step) = planned.steps.into_iter().next() else {
        unreachable!("a configuration without a check is refused")
    };
    step.timeout = LONGEST;
    if request.docker_socket {
        step.grants.insert(Grant::DockerSocket);
    }
    let command = match request.command.as_slice() {
        [] => SHELL.map(str::to_owned).to_vec(),
        command => command.to_vec(),
    };
    Ok(Shell { step, command, streams: request.streams, jobs: planned.jobs })
}

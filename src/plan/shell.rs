//! Plans a shell in the container of a check.
//!
//! The shell gets the container of the check itself; only the command, the secrets, and on request the
//! docker socket and the files, differ.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Known, Plan, PlanError, Request, Step, plan};
use crate::check::{Grant, SecretName};
use crate::config::{CacheMode, Config, EngineChoice};
use crate::container::LAUNCH;
use crate::gate;
use crate::tools::Command;

/// The command if none is given: bash, or else sh.
const SHELL: [&str; 3] = ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"];

/// The time after which another machine may remove the shell's container as abandoned.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A request for a shell.
///
/// Exhaustive: a caller fills it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellRequest {
    /// The check; the first one if none is named.
    pub check: Option<String>,
    /// The program and its arguments; a shell if empty.
    pub command: Vec<String>,
    /// Whether the shell gets the docker socket. The request grants it as well.
    pub docker_socket: bool,
    /// The files that the shell sees.
    pub files: ShellFiles,
    /// The streams that the shell is attached to.
    pub streams: Streams,
}

/// The streams that a shell is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Streams {
    /// A terminal.
    Terminal,
    /// Files and pipes.
    Plain,
}

/// The files that a shell sees at `/app`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShellFiles {
    /// The check's copy of the files that it covers.
    Copy,
    /// The project itself, read-only (`--tree`).
    Project,
    /// The project itself (`--tree --writable`). What the shell changes there is changed.
    WritableProject,
}

/// A shell in a check's container.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Shell {
    /// The check's step, with the grants of the shell.
    pub step: Step,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The files that it sees.
    pub files: ShellFiles,
    /// Whether its image gets docker's client, because the request has the docker socket.
    pub has_client: bool,
    /// The project's manifest, relative to its root.
    pub manifest: String,
    /// The streams that the shell is attached to.
    pub streams: Streams,
    /// The secrets of the check, which the shell does not get: its output cannot be masked.
    pub withheld: BTreeSet<SecretName>,
    /// The number of threads that copy files.
    pub jobs: usize,
}

impl Shell {
    /// The plan whose environments and snapshots the shell needs.
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
            starts: None,
            affected: None,
            partition: None,
            others: Vec::new(),
        }
    }
}

/// Plans a shell in a check's container.
///
/// # Errors
///
/// When the check is unknown, or a grant is missing.
pub fn plan_shell(
    config: &Config,
    known: &Known,
    request: &ShellRequest,
) -> Result<Shell, PlanError> {
    let first = || config.checks.first().map(|check| check.id.to_string());
    let checks = request.check.clone().or_else(first).into_iter().collect();
    let mut withholding = config.clone();
    for check in &mut withholding.checks {
        check.asks.retain(|grant| grant.secret().is_none());
    }
    let planned = plan(&withholding, known, &Request { checks, ..Request::default() })?;
    if let Some(name) = &request.check {
        planned.refuse_several(name)?;
    }
    let Some(mut step) = planned.steps.into_iter().next() else {
        unreachable!("a configuration without a check is refused")
    };
    step.timeout = LONGEST;
    let check = config.find_check(&step.id);
    let withheld = check.iter().flat_map(|check| &check.asks).filter_map(Grant::secret);
    if request.docker_socket {
        step.grants.insert(Grant::DockerSocket);
    }
    let mut command = match request.command.as_slice() {
        [] => SHELL.map(str::to_owned).to_vec(),
        command => command.to_vec(),
    };
    // In the project itself, an installation would leave its files.
    if let Some(installation) = &step.installation
        && request.files == ShellFiles::Copy
    {
        let launch = LAUNCH.map(str::to_owned).into_iter().chain(installation.operands());
        command = launch.chain(Command::Exec(command).operands()).collect();
    }
    Ok(Shell {
        step,
        command,
        files: request.files,
        has_client: request.docker_socket && config.engine != EngineChoice::Venv,
        manifest: config.manifest.clone(),
        streams: request.streams,
        withheld: withheld.cloned().collect(),
        jobs: planned.jobs,
    })
}

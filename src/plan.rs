//! What a run will do, as plain data with reasons.
//!
//! `plan` is pure: from a [`Config`](crate::config::Config) and a [`Request`] it makes the
//! [`Plan`] that `--dry-run` prints and [`crate::run`] executes. It spawns nothing, reads nothing
//! and knows no engine; paths in it are those of the inside of a container or of the project.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use crate::check::{CachePolicy, CheckName, Grant};
use crate::project::ProjectPath;

/// Where a snapshot appears in a container.
pub const APP: &str = "/app";
/// Where a config from the config folder appears in a container.
pub const CONFIG: &str = "/config";
/// Where the launcher and its lists appear in a container.
pub const CONTROL: &str = "/pipe";

/// What somebody asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The checks to run; all if empty.
    pub checks: Vec<String>,
    /// Cancel the rest at the first check that does not pass.
    pub fail_fast: bool,
    /// A time limit for every check, over what is configured.
    pub timeout: Option<Duration>,
}

/// What a run will do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// The checks to run, in the order they are reported.
    pub steps: Vec<Step>,
    /// Whether the first step that does not pass ends the others.
    pub fail_fast: bool,
    /// How many steps run at once.
    pub jobs: usize,
}

/// One check to run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The check.
    pub check: CheckName,
    /// The catalogue's name of its tool, or `command`.
    pub tool: String,
    /// The exact files that it sees and that its fingerprint covers.
    pub coverage: Coverage,
    /// The tool's configuration file.
    pub config: Option<ConfigFile>,
    /// What it runs in.
    pub environment: Environment,
    /// The command inside the container.
    pub command: Command,
    /// Variables inside the container, the canonical ones included.
    pub env: BTreeMap<String, String>,
    /// Exit statuses that mean findings, for a command of the user's own.
    pub findings_exit: BTreeSet<i32>,
    /// What goes beyond the sandbox, all of it granted.
    pub grants: BTreeSet<Grant>,
    /// How long it may take.
    pub timeout: Duration,
    /// What may be kept of its outcome.
    pub cache: CachePolicy,
}

/// The exact files that a check sees. Checks with equal coverage share a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Coverage {
    /// Files and folders, sorted.
    pub paths: Vec<ProjectPath>,
    /// Globs of what is left out.
    pub exclude: Vec<String>,
    /// Globs of ignored files that are taken all the same.
    pub include: Vec<String>,
}

/// A tool's configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigFile {
    /// Where it is in the project.
    pub path: ProjectPath,
    /// Whether it is mounted apart at [`CONFIG`], or read in its place in the snapshot.
    pub mounted: bool,
}

/// What a step runs in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// The locked environment of a tool of the catalogue: its lock's name.
    Tool(String),
    /// The project's base, without a tool.
    Base,
    /// An image that is not ours.
    Image(String),
}

/// What is started inside the container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// A program and its arguments, started by the launcher where there is one.
    Exec(Vec<String>),
    /// A Python module's `run` with a list of files that may be longer than an argument list.
    Listed {
        /// The module, such as `pylint`.
        module: String,
        /// Its arguments before the list.
        args: Vec<String>,
        /// The endings of the files that are listed.
        suffixes: Vec<String>,
    },
}

//! What a project wants: complete, checked, and the same for everybody who asks.
//!
//! Owns [`Config`], which the plan reads. Layers of optional values ([`layer`]) are read by
//! [`load`], folded by [`merge`], and turned into a `Config` by [`validate`], which alone may
//! refuse; [`nearest`] finds the words that were meant. A `Config` knows no file, no environment
//! and no terminal.

mod ci;
pub mod layer;
pub mod load;
pub mod merge;
pub mod nearest;
pub mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::check::{CachePolicy, CheckName, Grant};
use crate::gate::BaselineFile;
use crate::network::Network;
use crate::project::ProjectPath;

pub use ci::{Ci, CiBuilder, CiJobs, GitlabJobs, Install};

/// A project's settings, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// What is checked, relative to the project.
    pub source: Vec<ProjectPath>,
    /// The folder of the tools' configs.
    pub config: ProjectPath,
    /// Where checks run.
    pub engine: EngineChoice,
    /// How a snapshot gets into a container.
    pub topology: TopologyChoice,
    /// Globs of files that no check sees.
    pub exclude: Vec<String>,
    /// Globs of ignored files that checks see all the same.
    pub include: Vec<String>,
    /// The platform that is forced, such as `linux/amd64`.
    pub platform: Option<String>,
    /// How many checks run at once.
    pub jobs: usize,
    /// How many processors each check has; all that there are if none.
    pub cpus: Option<usize>,
    /// Never ask the network for anything.
    pub offline: bool,
    /// The findings that the project lives with; none if every finding counts.
    pub baseline: Option<BaselineFile>,
    /// What the result cache is used for.
    pub cache: CacheMode,
    /// How large the result cache may become, in bytes.
    pub cache_size: u64,
    /// The Python the tools run on.
    pub python: Python,
    /// How images are made.
    pub image: ImageSettings,
    /// How installers reach packages.
    pub network: Network,
    /// The checks, in the order they are listed and reported.
    pub checks: Vec<Check>,
    /// The pipelines that are generated.
    pub ci: Ci,
    /// What the user allows beyond the sandbox.
    pub allow: BTreeSet<Grant>,
    /// The file that configures the project, relative to its root: `pipe.toml` or `Cargo.toml`.
    pub manifest: String,
}

/// The Python the tools run on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Python {
    /// Major and minor version, such as `3.13`.
    pub version: String,
    /// The base image.
    pub image: String,
    /// The files that say what the project depends on; those that are found if nobody says.
    pub requirements: Option<Vec<ProjectPath>>,
    /// The groups of dependencies that count; the usual ones if nobody says.
    pub groups: Option<Vec<String>>,
    /// The extras of the project that count.
    pub extras: Vec<String>,
    /// The packages that are built from source.
    pub from_source: Vec<String>,
    /// How old a release has to be before `update` takes it.
    pub minimum_age: Option<Duration>,
}

/// How images are made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageSettings {
    /// The Dockerfile of the environments.
    pub dockerfile: ProjectPath,
    /// Debian packages that the environments need.
    pub apt: Vec<String>,
    /// Where the image of jobs is, without a tag; it may name variables of the job.
    pub registry: Option<String>,
}

/// Which engine to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum EngineChoice {
    /// The first that is there.
    #[default]
    Auto,
    /// The docker CLI.
    Docker,
    /// Podman, which is spoken to like docker.
    Podman,
    /// Virtual environments, without a container.
    Venv,
}

/// What the result cache is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CacheMode {
    /// Outcomes are replayed and kept.
    #[default]
    On,
    /// Outcomes are replayed, and none is kept.
    ReadOnly,
    /// Outcomes are kept, and none is replayed.
    Refresh,
    /// The same, and what a tool remembers of an earlier run is held against what it finds anew.
    Audit,
    /// The same, and what a tool finds is held against what its own command does.
    AuditPlain,
    /// Outcomes are neither replayed nor kept.
    Off,
}

impl CacheMode {
    /// The same, unless nothing is to be replayed.
    #[must_use]
    pub fn replaying(self, replaying: bool) -> CacheMode {
        match self {
            _ if replaying => self,
            CacheMode::On | CacheMode::Refresh => CacheMode::Refresh,
            CacheMode::Audit | CacheMode::AuditPlain => self,
            CacheMode::ReadOnly | CacheMode::Off => CacheMode::Off,
        }
    }

    /// Whether outcomes are replayed.
    #[must_use]
    pub fn replays(self) -> bool {
        matches!(self, CacheMode::On | CacheMode::ReadOnly)
    }

    /// Whether outcomes are kept.
    #[must_use]
    pub fn keeps(self) -> bool {
        !matches!(self, CacheMode::ReadOnly | CacheMode::Off)
    }

    /// Whether a tool is told what it left the last time.
    #[must_use]
    pub fn reminds(self) -> bool {
        !matches!(self, CacheMode::Refresh | CacheMode::Off)
    }
}

/// How a snapshot gets into a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum TopologyChoice {
    /// Bind where a container proves that it sees the snapshot, else stream.
    #[default]
    Auto,
    /// Bind mounts.
    Bind,
    /// A volume that the snapshot is copied into.
    Stream,
}

/// One check as configured.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// Its name.
    pub name: CheckName,
    /// What it runs.
    pub work: Work,
    /// What it checks; the project's `source` unless it has its own.
    pub source: Vec<ProjectPath>,
    /// Globs of files that it does not see, the project's own included.
    pub exclude: Vec<String>,
    /// Globs of ignored files that it sees all the same, the project's own included.
    pub include: Vec<String>,
    /// Files and folders it reads besides its sources.
    pub inputs: Vec<ProjectPath>,
    /// Variables it gets.
    pub env: BTreeMap<String, String>,
    /// How long it may take.
    pub timeout: Duration,
    /// What may be kept of it.
    pub cache: CachePolicy,
    /// What it asks for beyond the sandbox.
    pub asks: BTreeSet<Grant>,
}

/// What a check runs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Work {
    /// A tool of the catalogue.
    Tool {
        /// Its name there.
        tool: String,
        /// Where its configuration comes from.
        config: ToolConfig,
        /// Arguments besides the canonical ones.
        args: Vec<String>,
    },
    /// A command of the user's own.
    Command {
        /// The program and its arguments; no shell.
        run: Vec<String>,
        /// The same for fixing.
        fix: Option<Vec<String>>,
        /// What it runs in.
        place: CommandPlace,
        /// Exit statuses that mean findings.
        findings_exit: BTreeSet<i32>,
    },
}

/// What a command of the user's own runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandPlace {
    /// The project's base, with the project's dependencies.
    Base,
    /// This image.
    Image(String),
    /// The project's base, with what these requirements bring.
    Requirements(Vec<String>),
}

/// Where a tool's configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolConfig {
    /// The tool's usual file in the config folder.
    Usual,
    /// This file.
    File(ProjectPath),
    /// The files that the tool finds by itself, as far as the check sees them.
    Found,
}

/// What is wrong in a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The file, relative to the project; or the name of a variable or flag.
    pub origin: String,
    /// The file's text, if it is a file that could be read.
    pub text: Option<String>,
    /// The bytes of the text that are wrong.
    pub span: Option<Range<usize>>,
    /// What is wrong, as one sentence without a period.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl ConfigError {
    /// The same error, with what would be right.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The 1-based line and column (in code points) where the wrong bytes begin.
    #[must_use]
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        let before = self.text.as_deref()?.get(..self.span.as_ref()?.start)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some((line, column))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line_and_column() {
            Some((line, column)) => {
                write!(formatter, "{}:{line}:{column}: {}", self.origin, self.message)
            }
            None => write!(formatter, "{}: {}", self.origin, self.message),
        }
    }
}

impl std::error::Error for ConfigError {}

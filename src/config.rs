//! The configuration of a project.
//!
//! [`crate::configure`] reads layers of optional values ([`layer`]), [`merge`] merges them, and [`validate`]
//! turns the result into a [`Config`] or an error. [`nearest`] finds suggestions for misspelled
//! words. The plan reads only the `Config`.

mod ci;
mod dependencies;
pub(crate) mod glob;
pub mod layer;
pub mod merge;
pub mod nearest;
mod package;
pub mod python;
pub mod rust;
mod tool_packages;
pub mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::check::{CachePolicy, CheckName, FindingsSpec, FlakyTests, Grant, StepId};
use crate::gate::BaselineFile;
use crate::limits::Limits;
use crate::network::Network;
use crate::project::ProjectPath;
use crate::tools::{self, Tool};

pub use ci::{Ci, CiBuilder, CiJobs, GitlabJobs, Install};
pub use dependencies::{DependencySet, DependencySettings, PROJECT_LOCK};
pub(crate) use package::below;
pub use package::{PROJECT_JOB, ProjectPackage};
pub use python::Python;
pub use rust::Rust;
pub use tool_packages::{ToolPackages, name_locks};

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
    /// Where that was chosen.
    pub engine_source: EngineSource,
    /// How a snapshot reaches a container.
    pub topology: TopologyChoice,
    /// Globs of files that no check sees.
    pub exclude: Vec<String>,
    /// Globs of files that are ignored by git, and that checks see nevertheless.
    pub include: Vec<String>,
    /// The platform that is forced, such as `linux/amd64`.
    pub platform: Option<String>,
    /// The number of checks that run at once.
    pub jobs: usize,
    /// The number of processors that each check gets; all if none.
    pub cpus: Option<usize>,
    /// Whether the network is never accessed.
    pub offline: bool,
    /// The file of accepted findings; none if every finding counts.
    pub baseline: Option<BaselineFile>,
    /// How the result cache is used.
    pub cache: CacheMode,
    /// The size limit of the result cache, in bytes.
    pub cache_size: u64,
    /// The time in which a docker command that moves no data has to answer.
    pub answer_limit: Duration,
    /// The Python that checks run on.
    pub python: Python,
    /// The Rust toolchain that checks of Rust code run with.
    pub rust: Rust,
    /// How images are made.
    pub image: ImageSettings,
    /// How installers reach packages.
    pub network: Network,
    /// The checks, in the order they are listed and reported.
    pub checks: Vec<Check>,
    /// The packages, in the order they are listed; none if the project does not consist of several.
    pub packages: Vec<ProjectPackage>,
    /// The pipelines that are generated.
    pub ci: Ci,
    /// What the user grants beyond the sandbox.
    pub allow: BTreeSet<Grant>,
    /// The file that configures the project, relative to its root: `pipe.toml` or `Cargo.toml`.
    pub manifest: String,
}

/// How images are made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageSettings {
    /// The Dockerfile of the environments.
    pub dockerfile: ProjectPath,
    /// Debian packages that the environments need.
    pub apt: Vec<String>,
    /// The name of the image of CI jobs, without a tag; it may contain variables of the job.
    pub registry: Option<String>,
}

/// The engine that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum EngineChoice {
    /// The first one that is available.
    #[default]
    Auto,
    /// The docker CLI.
    Docker,
    /// Podman, through the same command line as docker.
    Podman,
    /// Virtual environments, without a container.
    Venv,
}

/// Where the choice of the engine was made.
///
/// Exhaustive: a choice is either the user's or the project's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineSource {
    /// By the user, or not at all: `auto` chooses as the user would.
    User,
    /// In a file of the project.
    Project,
}

/// How the result cache is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CacheMode {
    /// Results are read from and written to the cache.
    #[default]
    On,
    /// Results are read from the cache, and never written.
    ReadOnly,
    /// Results are written to the cache, and never read.
    Refresh,
    /// Like `refresh`, and the memory of incremental tools is compared with a fresh run.
    Audit,
    /// Like `audit`, and the findings are compared with the tool's own command.
    AuditPlain,
    /// The cache is not used.
    Off,
}

impl Config {
    /// Whether a check needs the project itself installed.
    #[must_use]
    pub fn installs_project(&self) -> bool {
        self.checks.iter().any(|check| check.installs_project)
    }

    /// The check with this step; none if it is not configured.
    #[must_use]
    pub fn find_check(&self, id: &StepId) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == *id)
    }

    /// The check whose step has this spelling, such as `lint` or `core:lint`.
    #[must_use]
    pub fn find_step(&self, spelled: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id.as_str() == spelled)
    }
}

impl CacheMode {
    /// The mode with reading switched off unless `replaying`.
    #[must_use]
    pub fn replaying(self, replaying: bool) -> CacheMode {
        match self {
            _ if replaying => self,
            CacheMode::On | CacheMode::Refresh => CacheMode::Refresh,
            CacheMode::Audit | CacheMode::AuditPlain => self,
            CacheMode::ReadOnly | CacheMode::Off => CacheMode::Off,
        }
    }

    /// Whether results are read from the cache.
    #[must_use]
    pub fn replays(self) -> bool {
        matches!(self, CacheMode::On | CacheMode::ReadOnly)
    }

    /// Whether results are written to the cache.
    #[must_use]
    pub fn keeps(self) -> bool {
        !matches!(self, CacheMode::ReadOnly | CacheMode::Off)
    }

    /// Whether an incremental tool gets its memory of the last run.
    #[must_use]
    pub fn reminds(self) -> bool {
        !matches!(self, CacheMode::Refresh | CacheMode::Off)
    }
}

/// How a snapshot reaches a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum TopologyChoice {
    /// Bind mounts where a container proves that it sees the snapshot, otherwise a volume.
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
    /// The identity of its step, with the package that it belongs to, and its Python if it runs on
    /// several.
    pub id: StepId,
    /// The version of Python that it checks for.
    pub python: String,
    /// Whether it names that version itself.
    pub names_python: bool,
    /// The version of Python that it runs on: the same one, unless the release of its tool does not support
    /// that.
    pub runs_on: String,
    /// The folder that it runs in: that of its package, or the root.
    pub folder: ProjectPath,
    /// What it runs.
    pub work: Work,
    /// What it checks; the project's `source` unless it has its own.
    pub source: Vec<ProjectPath>,
    /// Globs of files that it does not see, including the project's own.
    pub exclude: Vec<String>,
    /// Globs of ignored files that it sees nevertheless, including the project's own.
    pub include: Vec<String>,
    /// Files and folders that it reads in addition to its sources.
    pub inputs: Vec<ProjectPath>,
    /// Whether it sees the dependencies of the project, if its tool can.
    pub sees_project: bool,
    /// Whether the project itself is installed before it runs, if it can be.
    pub installs_project: bool,
    /// Variables it gets.
    pub env: BTreeMap<String, String>,
    /// Its time limit.
    pub timeout: Duration,
    /// The limits of its resources.
    pub limits: Limits,
    /// Whether its result for a file depends on nothing but that file and what all files share.
    pub per_file: bool,
    /// Which of its results are cached.
    pub cache: CachePolicy,
    /// Whether tests that fail by chance fail it.
    pub flaky: FlakyTests,
    /// The grants that it requests.
    pub asks: BTreeSet<Grant>,
}

impl Check {
    /// The name of the lock of its environment, if it has one.
    #[must_use]
    pub fn lock(&self) -> Option<&str> {
        match &self.work {
            Work::Tool { packages, .. } => Some(&packages.lock),
            Work::Command { place: CommandPlace::Requirements(_), .. } => Some(self.name.as_str()),
            Work::Rust { .. } | Work::Command { .. } => None,
        }
    }
}

/// What a check runs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Work {
    /// A tool of the Rust toolchain.
    Rust {
        /// Its name in the catalogue.
        tool: String,
        /// Arguments in addition to the canonical ones.
        args: Vec<String>,
    },
    /// Another tool from the catalogue.
    Tool {
        /// Its name there.
        tool: String,
        /// Where its configuration comes from.
        config: ToolConfig,
        /// Arguments in addition to the canonical ones.
        args: Vec<String>,
        /// The packages of its environment.
        packages: ToolPackages,
    },
    /// A command of the project.
    Command {
        /// The program and its arguments; no shell.
        run: Vec<String>,
        /// The same for fixing.
        fix: Option<Vec<String>>,
        /// The environment that it runs in.
        place: CommandPlace,
        /// Exit statuses that mean findings.
        findings_exit: BTreeSet<i32>,
        /// The format of its findings.
        findings: Option<Box<FindingsSpec>>,
    },
}

impl Work {
    /// The tool from the catalogue that it runs, if it runs one.
    #[must_use]
    pub fn tool(&self) -> Option<&'static dyn Tool> {
        match self {
            Work::Tool { tool, .. } | Work::Rust { tool, .. } => tools::find(tool),
            Work::Command { .. } => None,
        }
    }
}

/// The environment that a command of the project runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandPlace {
    /// The project's base, with the project's dependencies.
    Base,
    /// This image.
    Image(String),
    /// The project's base, with these requirements.
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
    /// The files that the tool discovers, if the check sees them.
    Found,
}

/// An error in a configuration, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The file, relative to the project; or the name of a variable or flag.
    pub origin: String,
    /// The file's text, if it is a file that could be read.
    pub text: Option<String>,
    /// The bytes of the text that the error is about.
    pub span: Option<Range<usize>>,
    /// The error, as one sentence without a period.
    pub message: String,
    /// A suggestion.
    pub hint: Option<String>,
}

impl ConfigError {
    /// Adds a suggestion.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The 1-based line and column (in code points) where the error begins.
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

//! The settings of generated pipelines.
//!
//! [`crate::template`] renders the pipelines from them.

use serde::{Deserialize, Serialize};

use crate::program::Program;

/// The pipelines that are generated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ci {
    /// How jobs in GitLab reach an engine; none for no pipeline there.
    pub gitlab: Option<GitlabJobs>,
    /// Whether there is a workflow for GitHub.
    pub github: bool,
    /// How checks are distributed over jobs.
    pub jobs: CiJobs,
    /// How a job installs cargo-pipe.
    pub install: Install,
    /// How the GitLab job that builds the image of the other jobs reaches an engine.
    pub builder: CiBuilder,
}

/// How a job that builds an image reaches an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CiBuilder {
    /// An engine runs as a service of the job.
    #[default]
    Dind,
    /// The runner binds its docker socket into the job.
    Socket,
}

/// How jobs in GitLab reach an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GitlabJobs {
    /// Without an engine: the image of a job is the base of the environments.
    #[default]
    Image,
    /// The runner binds its docker socket into the job.
    Socket,
    /// A docker engine runs as a service of the job.
    Dind,
}

impl GitlabJobs {
    /// The name in `pipe.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            GitlabJobs::Image => "image",
            GitlabJobs::Socket => "socket",
            GitlabJobs::Dind => "dind",
        }
    }
}

/// How a job installs cargo-pipe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Install {
    /// Pip installs it from a wheel.
    #[default]
    Wheel,
    /// The job downloads a static binary.
    Binary {
        /// Its URL.
        url: String,
        /// Its SHA-256, in hexadecimal digits.
        sha256: String,
    },
    /// The workspace's own task runner contains it: `cargo xtask pipe`.
    Xtask,
}

impl Install {
    /// The value in `pipe.toml`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Install::Wheel => "wheel".to_owned(),
            Install::Binary { url, sha256 } => format!("{url}#sha256={sha256}"),
            Install::Xtask => "xtask".to_owned(),
        }
    }

    /// The program that users of such a project type.
    #[must_use]
    pub fn program(&self) -> Program {
        match self {
            Install::Xtask => Program::Xtask,
            Install::Wheel | Install::Binary { .. } => Program::CargoPipe,
        }
    }
}

/// How checks are distributed over the jobs of a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CiJobs {
    /// One job for all checks.
    #[default]
    RunAll,
    /// One job for each check.
    PerCheck,
    /// One job for each package, and one for the checks that run once.
    PerPackage,
}

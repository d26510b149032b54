//! What a project says of its pipelines.
//!
//! Owns these settings and how `pipe.toml` spells them. It must not know what a pipeline looks like;
//! the templates get this and write one.

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
    /// How checks are spread over jobs.
    pub jobs: CiJobs,
    /// How cargo-pipe gets into a job.
    pub install: Install,
    /// How the job in GitLab that makes the image of the others reaches an engine.
    pub builder: CiBuilder,
}

/// How a job that makes an image reaches an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CiBuilder {
    /// One runs beside the job.
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
    /// They need none: a job's image is the base of the environments.
    #[default]
    Image,
    /// The runner binds its docker socket into the job.
    Socket,
    /// A docker engine runs beside the job.
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

/// How cargo-pipe gets into a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Install {
    /// As a package that pip installs.
    #[default]
    Wheel,
    /// As a static binary.
    Binary {
        /// Where it is.
        url: String,
        /// Its SHA-256, in hexadecimal digits.
        sha256: String,
    },
    /// With the workspace's own task runner: `cargo xtask pipe`.
    Xtask,
}

impl Install {
    /// How `pipe.toml` spells it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Install::Wheel => "wheel".to_owned(),
            Install::Binary { url, sha256 } => format!("{url}#sha256={sha256}"),
            Install::Xtask => "xtask".to_owned(),
        }
    }

    /// What people type where jobs get it like this: with a task runner, nobody installs anything.
    #[must_use]
    pub fn program(&self) -> Program {
        match self {
            Install::Xtask => Program::Xtask,
            Install::Wheel | Install::Binary { .. } => Program::CargoPipe,
        }
    }
}

/// How checks are spread over the jobs of a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CiJobs {
    /// One job for all.
    #[default]
    RunAll,
    /// One job each.
    PerCheck,
}

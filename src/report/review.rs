//! The changed files that decide what checks report, for a reviewer to look at.
//!
//! A change to one of them can hide findings of its own branch: a plugin decides what its tool reports.

use serde::{Deserialize, Serialize};

use crate::gate::CompareBase;

/// The files of a change that decide what checks report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Review {
    /// The commit that they are compared with.
    pub base: CompareBase,
    /// The files, sorted by path.
    pub files: Vec<ReviewFile>,
}

/// A changed file that decides what checks report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReviewFile {
    /// Its path, relative to the project, with `/`. A pipeline may be above the project: `../ci.yml`.
    pub path: String,
    /// The reason for which it is listed.
    pub kind: ReviewKind,
}

/// The part of a project that a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ReviewKind {
    /// The configuration of cargo pipe or of a tool, or the files that are ignored or accepted.
    Configuration,
    /// Code that a tool or a command executes.
    Plugin,
    /// The files that environments are built from: locks, requirements and the Dockerfile.
    Environment,
    /// A pipeline of a CI system.
    Pipeline,
}

impl ReviewKind {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReviewKind::Configuration => "configuration",
            ReviewKind::Plugin => "plugin",
            ReviewKind::Environment => "environment",
            ReviewKind::Pipeline => "pipeline",
        }
    }
}

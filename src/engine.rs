//! Where a check runs.
//!
//! Owns the contract between a run and whatever executes its steps. An engine knows images,
//! containers and mounts; it knows no tool, no finding and no verdict.

pub mod argv;
pub mod docker;
pub mod topology;

use serde::{Deserialize, Serialize};

/// What ran the checks, for the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EngineInfo {
    /// `docker`.
    pub kind: String,
    /// The engine's own version.
    pub version: String,
    /// How snapshots reached the containers; none if none was placed.
    pub topology: Option<Topology>,
}

/// How snapshots reach containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Topology {
    /// The engine reads them where we wrote them.
    Bind,
    /// They are copied into volumes of the engine.
    Stream,
}

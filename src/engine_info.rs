//! Description of the engine that ran the checks, for the report.

use serde::{Deserialize, Serialize};

/// The engine that ran the checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EngineInfo {
    /// `docker`, `podman` or `venv`.
    pub kind: String,
    /// The engine's own version; that of its Python if it has no container.
    pub version: String,
    /// How snapshots reached the containers; none if no container was started.
    pub topology: Option<Topology>,
    /// How the checks were isolated from the rest of the machine; null in reports of older versions.
    #[serde(default)]
    pub sandbox: Option<SandboxKind>,
}

impl EngineInfo {
    /// Whether the checks were isolated from the rest of the machine.
    #[must_use]
    pub fn has_sandbox(&self) -> bool {
        matches!(self.sandbox, Some(SandboxKind::Container | SandboxKind::Bubblewrap))
    }
}

/// Isolation of a check from the rest of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SandboxKind {
    /// A container.
    Container,
    /// Namespaces of bubblewrap.
    Bubblewrap,
    /// Nothing.
    None,
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

//! The inputs of a check: everything that can change its status, by name.
//!
//! [`Ingredients`] are the hashes that a fingerprint is computed from, and [`Parts`] the named
//! values behind them. [`crate::fingerprint`] computes them, the cache stores them with outcomes,
//! and reports show them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, HashBuilder};

/// Everything that can change a check's status, one hash for each kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Ingredients {
    /// The environment: base image, locks, Dockerfile.
    pub environment: Hash,
    /// The operating system and processor, such as `linux/amd64`.
    pub platform: Hash,
    /// Arguments, variables, launcher, and the exit statuses of findings.
    pub command: Hash,
    /// The tool's configuration file.
    pub config: Hash,
    /// The files of the snapshot.
    pub sources: Hash,
}

impl Ingredients {
    /// The fingerprint over all of them.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        HashBuilder::new("check")
            .with(self.environment)
            .with(self.platform)
            .with(self.command)
            .with(self.config)
            .with(self.sources)
            .hash()
    }
}

/// Everything that can change a check's status: hashes, and the named parts behind them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Inputs {
    /// One hash for each kind.
    pub ingredients: Ingredients,
    /// The named parts behind the hashes.
    pub parts: Parts,
}

/// The named parts behind the ingredients, so that a difference has a name. The values of options,
/// arguments and variables are hashed, because they can be secret. The files of a snapshot are
/// listed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Parts {
    /// The parts of the environment.
    pub environment: EnvironmentParts,
    /// The operating system and processor, such as `linux/amd64`.
    pub platform: String,
    /// Arguments, variables, the launcher and the like.
    pub command: BTreeMap<String, Hash>,
    /// The tool's configuration file; null if it has none, or discovers its own.
    pub config: Option<ConfigParts>,
}

/// The parts of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EnvironmentParts {
    /// The name of the base image.
    pub image: String,
    /// The content of that image: Python and the system's libraries.
    pub base: Hash,
    /// The exact version of its Python, such as `3.13.5`; null if it is unknown.
    pub python: Option<String>,
    /// The Dockerfile without its comments; null if the base image is used as it is.
    pub dockerfile: Option<Hash>,
    /// The packages of the tool and their versions.
    pub tool: BTreeMap<String, String>,
    /// The packages of the project and their versions, if the tool sees them.
    pub project: BTreeMap<String, String>,
    /// The packages of the build system of the project and their versions, if the project is installed.
    #[serde(default)]
    pub build: BTreeMap<String, String>,
    /// The release of the Rust toolchain, such as `1.95.0`; null if there is none.
    #[serde(default)]
    pub toolchain: Option<String>,
    /// The packages of `Cargo.lock` and their versions, if the environment has the Rust toolchain.
    #[serde(default)]
    pub crates: BTreeMap<String, String>,
}

/// A tool's configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ConfigParts {
    /// Its path in the project.
    pub path: String,
    /// The name of each option, and the hash of its value.
    pub options: BTreeMap<String, Hash>,
}

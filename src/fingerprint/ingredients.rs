//! What can change a check's outcome, by name.
//!
//! Plain values: [`Ingredients`] are what a fingerprint is the hash of, [`Parts`] what these are made
//! from. They are made by [`crate::fingerprint`], kept beside outcomes, and shown by reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, HashBuilder};

/// What can change a check's outcome, one hash each, so that a difference has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Ingredients {
    /// What the tool runs in: base image, lock, Dockerfile.
    pub environment: Hash,
    /// Operating system and processor, such as `linux/amd64`.
    pub platform: Hash,
    /// Arguments, variables, launcher, and how the exit status is read.
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

/// Everything that can change an outcome: its hashes, and the named parts behind them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Inputs {
    /// One hash for each kind.
    pub ingredients: Ingredients,
    /// What they are made from, as far as it has names.
    pub parts: Parts,
}

/// What ingredients are made from, by name, so that a difference can be named. Values of options,
/// arguments and variables are hashes: they can be secret. The files of a snapshot are listed apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Parts {
    /// What the tool runs in.
    pub environment: EnvironmentParts,
    /// Operating system and processor, such as `linux/amd64`.
    pub platform: String,
    /// Arguments, variables, the launcher and the like.
    pub command: BTreeMap<String, Hash>,
    /// The tool's configuration file; null if it has none, or finds its own.
    pub config: Option<ConfigParts>,
}

/// What an environment is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EnvironmentParts {
    /// The name of the image that it is based on.
    pub image: String,
    /// What that image holds: the Python, the system's libraries.
    pub base: Hash,
    /// The exact version of that Python, such as `3.13.5`; null where the image does not say it.
    pub python: Option<String>,
    /// The Dockerfile without its comments; null if it is the base itself.
    pub dockerfile: Option<Hash>,
    /// The packages of the tool and their versions.
    pub tool: BTreeMap<String, String>,
    /// The packages of the project and their versions, for a tool that sees them.
    pub project: BTreeMap<String, String>,
}

/// A tool's configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ConfigParts {
    /// Where it is in the project.
    pub path: String,
    /// Each option's name, and the hash of its value.
    pub options: BTreeMap<String, Hash>,
}

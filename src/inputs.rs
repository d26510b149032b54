//! What can change a check's outcome, by name.
//!
//! Plain values: [`Ingredients`] are what a fingerprint is the hash of. They are made by
//! [`crate::fingerprint`] and shown by reports.

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, Recipe};

/// What can change a check's outcome, one hash each, so that a difference has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
        Recipe::new("check")
            .with(self.environment)
            .with(self.platform)
            .with(self.command)
            .with(self.config)
            .with(self.sources)
            .hash()
    }
}

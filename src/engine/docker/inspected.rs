//! What docker says of an image.
//!
//! Owns the reading of `docker image inspect`, and what of it tells an image from any other,
//! whatever store it is in. It must not ask docker; [`super::image`] does.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::hash::{Hash, Recipe};

/// What docker says of an image. The names are docker's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inspected {
    /// What docker finds it by on this machine alone.
    pub(super) id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    os: String,
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
    #[serde(rename = "RootFS")]
    root_fs: RootFs,
    #[serde(default)]
    config: Option<ImageConfig>,
}

/// What an image says about its containers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImageConfig {
    #[serde(default)]
    env: Option<Vec<String>>,
    #[serde(default)]
    volumes: Option<BTreeMap<String, IgnoredAny>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RootFs {
    #[serde(default)]
    layers: Vec<String>,
}

impl Inspected {
    /// The same in every image store, which the id is not: it is the hash of the configuration in
    /// one and of the manifest in the other (docker/cli#5526).
    pub(super) fn content(&self) -> Hash {
        // Variables, such as PATH, and writable folders are in no layer.
        let config = self.config.as_ref();
        let variables = config.and_then(|config| config.env.as_ref());
        let volumes = config.and_then(|config| config.volumes.as_ref());
        let variables: BTreeSet<&String> = variables.into_iter().flatten().collect();
        let volumes: BTreeSet<&String> = volumes.into_iter().flat_map(BTreeMap::keys).collect();
        Recipe::new("layers")
            .with_all(self.root_fs.layers.iter())
            .with_all(variables.into_iter())
            .with_all(volumes.into_iter())
            .hash()
    }

    /// The version of Python, as the official images say it.
    pub(super) fn python(&self) -> Option<String> {
        let variables = self.config.as_ref()?.env.as_ref()?;
        let version = variables.iter().find_map(|it| it.strip_prefix("PYTHON_VERSION="));
        version.map(str::to_owned)
    }

    /// Operating system and processor, such as `linux/amd64`.
    pub(super) fn platform(&self) -> String {
        let variant = self.variant.as_deref().filter(|variant| !variant.is_empty());
        let parts = [Some(self.os.as_str()), Some(self.architecture.as_str()), variant];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    /// Whether it goes by a tag.
    pub(super) fn has_tag(&self, tag: &str) -> bool {
        self.repo_tags.iter().flatten().any(|known| known == tag)
    }
}

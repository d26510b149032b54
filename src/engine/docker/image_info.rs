//! Parses the output of `docker image inspect`.
//!
//! [`ImageInfo::content`] identifies an image by its content, whichever image store docker uses.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::podman::short_name;
use crate::hash::{Hash, HashBuilder};

/// The metadata of an image, under docker's names.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ImageInfo {
    /// The image's id, which is valid on this machine only.
    pub(super) id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
    os: String,
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
    #[serde(rename = "RootFS")]
    root_fs: RootFs,
    #[serde(default)]
    config: Option<ImageConfig>,
}

/// The configuration of an image's containers.
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

impl ImageInfo {
    /// The hash of the image's content. Unlike the id, it is the same in every image store: the id
    /// is the hash of the configuration in one and of the manifest in the other (docker/cli#5526).
    pub(super) fn content(&self) -> Hash {
        // Variables, such as PATH, and volumes are not part of a layer.
        let config = self.config.as_ref();
        let variables = config.and_then(|config| config.env.as_ref());
        let volumes = config.and_then(|config| config.volumes.as_ref());
        let variables: BTreeSet<&String> = variables.into_iter().flatten().collect();
        let volumes: BTreeSet<&String> = volumes.into_iter().flat_map(BTreeMap::keys).collect();
        HashBuilder::new("layers")
            .with_all(self.root_fs.layers.iter())
            .with_all(variables.into_iter())
            .with_all(volumes.into_iter())
            .hash()
    }

    /// Whether it consists of another image and more layers, for the same platform.
    pub(super) fn is_built_on(&self, base: &ImageInfo) -> bool {
        self.root_fs.layers.starts_with(&base.root_fs.layers) && self.platform() == base.platform()
    }

    /// The version of Python, from the variable that the official images set.
    pub(super) fn python(&self) -> Option<String> {
        let variables = self.config.as_ref()?.env.as_ref()?;
        let version = variables.iter().find_map(|it| it.strip_prefix("PYTHON_VERSION="));
        version.map(str::to_owned)
    }

    /// The operating system and processor, such as `linux/amd64`. The default variant of a
    /// processor is left out, as in <https://github.com/containerd/platforms>.
    pub(super) fn platform(&self) -> String {
        let is_plain = |it: &&str| it.is_empty() || (*it == "v8" && self.architecture == "arm64");
        let variant = self.variant.as_deref().filter(|variant| !is_plain(variant));
        let parts = [Some(self.os.as_str()), Some(self.architecture.as_str()), variant];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    /// The digest in the repository of this name, such as `sha256:…`.
    pub(super) fn digest(&self, name: &str) -> Option<String> {
        let repository = repository(name);
        let digests = self.repo_digests.iter().flatten();
        let mut digests = digests.filter_map(|known| known.split_once('@'));
        let found = digests.find(|(known, _)| self::repository(known) == repository);
        found.map(|(_, digest)| digest.to_owned())
    }

    /// Whether it has a tag.
    pub(super) fn has_tag(&self, tag: &str) -> bool {
        self.repo_tags.iter().flatten().any(|known| short_name(known) == tag)
    }
}

/// The repository of an image, without its tag and digest, in docker's short form.
pub(super) fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let name = match name.rsplit_once(':') {
        // A port is followed by more of the name.
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_the_digest_of_its_own_repository() {
        let image: ImageInfo = serde_json::from_str(
            r#"{"Id":"sha256:1","Os":"linux","Architecture":"arm64","Variant":"v8",
                "RepoDigests":["localhost:1/python@sha256:1","python@sha256:2"],
                "RootFS":{"Layers":["a"]}}"#,
        )
        .unwrap();
        for (name, digest) in [
            ("python:3.13-slim", Some("sha256:2")),
            ("docker.io/library/python", Some("sha256:2")),
            ("python@sha256:2", Some("sha256:2")),
            ("localhost:1/python:3", Some("sha256:1")),
            ("localhost:1/python", Some("sha256:1")),
            ("mine/python:3", None),
        ] {
            assert_eq!(image.digest(name).as_deref(), digest, "{name}");
        }
        assert_eq!(image.platform(), "linux/arm64");
    }
}

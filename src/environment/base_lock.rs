//! The lock of the base image, `.docker/pipe.lock`.
//!
//! For each platform it records the identity of the base image and a description of the image's
//! Python. An engine with images compares the identity, and the venv engine compares the Python.
//! Where it matches, both engines compute the same fingerprint. `cargo pipe update` writes what
//! [`record_base`](crate::engine::record_base) returns.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::python::Probe;
use crate::discover::OutsideError;
use crate::hash::Hash;
use crate::project::ProjectPath;
use crate::read::{self, ReadError, SizeLimit};

/// The comment at the start of the file.
const HEAD: &str = "# The base of this project's environments, recorded by cargo pipe. A machine without\n\
                    # docker compares its Python with it. Generated; do not edit.\n";

/// The base images of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BaseLock {
    /// One entry for each image and platform.
    #[serde(default)]
    pub base: Vec<LockedBase>,
}

/// A base image on a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LockedBase {
    /// The image's name.
    pub image: String,
    /// Operating system and processor, such as `linux/amd64`.
    pub platform: String,
    /// The digest in its registry, such as `sha256:…`; none for an image that came from no
    /// registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The hash of its layers, variables and volumes.
    pub layers: Hash,
    /// The Python in the image.
    pub python: Probe,
}

/// An error about the lock of the base.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaseLockError {
    /// The path leaves the project.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// The file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: ProjectPath,
        /// The reason.
        source: ReadError,
    },
    /// The content is invalid.
    #[error("{path}: {message}")]
    Wrong {
        /// The file.
        path: ProjectPath,
        /// The mistake and its line.
        message: String,
    },
}

impl BaseLock {
    /// Whether a project has the lock, readable or not.
    #[must_use]
    pub fn exists(root: &Path, path: &ProjectPath) -> bool {
        path.on_disk(root).symlink_metadata().is_ok()
    }

    /// Reads the lock of a project; an empty one if there is none.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or its content is invalid.
    pub fn read(root: &Path, path: &ProjectPath) -> Result<BaseLock, BaseLockError> {
        match read::read_project_text(root, path, SizeLimit::Lock) {
            Ok(text) => {
                let wrong = |message| BaseLockError::Wrong { path: path.clone(), message };
                let lock: BaseLock =
                    toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
                // The digest becomes an argument of `docker pull`.
                match lock.base.iter().filter_map(|it| it.digest.as_ref()).find(|it| !is_digest(it))
                {
                    Some(digest) => Err(wrong(format!("invalid image digest `{digest}`"))),
                    None => Ok(lock),
                }
            }
            Err(error) if error.is_missing() => Ok(BaseLock::default()),
            Err(ReadError::Outside(error)) => Err(error.into()),
            Err(source) => Err(BaseLockError::Unreadable { path: path.clone(), source }),
        }
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let body = toml::to_string(self).unwrap_or_default();
        format!("{HEAD}{body}")
    }

    /// Adds a base, and replaces the entry of the same image and platform.
    pub fn record(&mut self, base: LockedBase) {
        self.base.retain(|old| (&old.image, &old.platform) != (&base.image, &base.platform));
        self.base.push(base);
        self.base.sort_by(|one, other| {
            (&one.image, &one.platform).cmp(&(&other.image, &other.platform))
        });
    }

    /// The entry of an image on a platform.
    #[must_use]
    pub fn find(&self, image: &str, platform: &str) -> Option<&LockedBase> {
        self.base.iter().find(|base| base.image == image && base.platform == platform)
    }
}

fn is_digest(text: &str) -> bool {
    let hash = text.strip_prefix("sha256:").unwrap_or_default();
    hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(platform: &str, layers: &str) -> LockedBase {
        let python = serde_json::json!({
            "version": "3.13.5", "implementation": "cpython", "modules": "00",
            "missing": ["tkinter"], "system": "debian 13",
        });
        LockedBase {
            image: "python:3.13-slim".to_owned(),
            platform: platform.to_owned(),
            digest: (layers == "2").then(|| format!("sha256:{}", "0a".repeat(32))),
            layers: Hash::of(layers.as_bytes()),
            python: serde_json::from_value(python).unwrap(),
        }
    }

    #[test]
    fn an_entry_reads_back_once_for_each_platform() {
        let folder = tempfile::tempdir().unwrap();
        let read = || BaseLock::read(folder.path(), &ProjectPath::new("pipe.lock").unwrap());
        let path = folder.path().join("pipe.lock");
        assert_eq!(read().unwrap(), BaseLock::default());
        let mut lock = BaseLock::default();
        for (platform, layers) in [("linux/arm64", "1"), ("linux/amd64", "1"), ("linux/arm64", "2")]
        {
            lock.record(base(platform, layers));
        }
        assert_eq!(lock.base.len(), 2);
        std::fs::write(&path, lock.text()).unwrap();
        let read = read().unwrap();
        assert_eq!(read, lock);
        let arm = read.find("python:3.13-slim", "linux/arm64").unwrap();
        assert_eq!(arm.layers, Hash::of(b"2"));
        assert!(read.find("python:3.12-slim", "linux/arm64").is_none());
    }

    #[test]
    fn a_mistake_is_reported_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let read = || BaseLock::read(folder.path(), &ProjectPath::new("pipe.lock").unwrap());
        let path = folder.path().join("pipe.lock");
        std::fs::write(&path, "[[base]]\nimage = 1\n").unwrap();
        let message = read().unwrap_err().to_string();
        assert!(message.contains("pipe.lock") && message.contains("line 2"), "{message}");
        let mut lock = BaseLock::default();
        lock.record(LockedBase {
            digest: Some("sha256:00 --x".to_owned()),
            ..base("linux/amd64", "1")
        });
        std::fs::write(&path, lock.text()).unwrap();
        let message = read().unwrap_err().to_string();
        assert!(message.contains("invalid image digest `sha256:00 --x`"), "{message}");
    }
}

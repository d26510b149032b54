//! The lock of the base: what environments are built on, proved without an image.
//!
//! Owns the format of `.docker/pipe.lock`: for each platform the identity of the base image and what
//! Python the image holds. An engine with images compares the identity, one without compares the
//! Python; where it is the same, both have the same fingerprint. It must not know how either is
//! found out. `cargo pipe update` writes what [`record`](super::record_base) finds.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::python::Probe;
use crate::hash::Hash;

/// What the file says at its start.
const HEAD: &str = "# What the environments of this project are built on, recorded by cargo pipe. A machine \
                    without\n# docker proves by it that its Python is the base's. Regenerated, not edited.\n";

/// The bases of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BaseLock {
    /// One for each image and platform.
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
    /// What its registry knows it by, such as `sha256:…`; none if it came from none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The hash of its layers, variables and volumes.
    pub layers: Hash,
    /// The Python in it.
    pub python: Probe,
}

/// Why a lock of the base cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaseLockError {
    /// It cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It says what no lock says.
    #[error("{}: {message}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
}

impl BaseLock {
    /// Reads the lock of a project; an empty one if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not written as a lock.
    pub fn read(path: &Path) -> Result<BaseLock, BaseLockError> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let wrong = |message| BaseLockError::Wrong { path: path.to_owned(), message };
                let lock: BaseLock =
                    toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
                // An image is pulled by it.
                match lock.base.iter().filter_map(|it| it.digest.as_ref()).find(|it| !is_digest(it))
                {
                    Some(digest) => Err(wrong(format!("`{digest}` is no digest of an image"))),
                    None => Ok(lock),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BaseLock::default()),
            Err(source) => Err(BaseLockError::Unreadable { path: path.to_owned(), source }),
        }
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let body = toml::to_string(self).unwrap_or_default();
        format!("{HEAD}{body}")
    }

    /// Takes a base in, in place of what was recorded for its image and platform.
    pub fn record(&mut self, base: LockedBase) {
        self.base.retain(|old| (&old.image, &old.platform) != (&base.image, &base.platform));
        self.base.push(base);
        self.base.sort_by(|one, other| {
            (&one.image, &one.platform).cmp(&(&other.image, &other.platform))
        });
    }

    /// What is recorded of an image on a platform.
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
    fn what_is_recorded_reads_back_once_for_each_platform() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe.lock");
        assert_eq!(BaseLock::read(&path).unwrap(), BaseLock::default());
        let mut lock = BaseLock::default();
        for (platform, layers) in [("linux/arm64", "1"), ("linux/amd64", "1"), ("linux/arm64", "2")]
        {
            lock.record(base(platform, layers));
        }
        assert_eq!(lock.base.len(), 2);
        std::fs::write(&path, lock.text()).unwrap();
        let read = BaseLock::read(&path).unwrap();
        assert_eq!(read, lock);
        let arm = read.find("python:3.13-slim", "linux/arm64").unwrap();
        assert_eq!(arm.layers, Hash::of(b"2"));
        assert!(read.find("python:3.12-slim", "linux/arm64").is_none());
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe.lock");
        std::fs::write(&path, "[[base]]\nimage = 1\n").unwrap();
        let said = BaseLock::read(&path).unwrap_err().to_string();
        assert!(said.contains("pipe.lock") && said.contains("line 2"), "{said}");
        let mut lock = BaseLock::default();
        lock.record(LockedBase {
            digest: Some("sha256:00 --x".to_owned()),
            ..base("linux/amd64", "1")
        });
        std::fs::write(&path, lock.text()).unwrap();
        let said = BaseLock::read(&path).unwrap_err().to_string();
        assert!(said.contains("`sha256:00 --x` is no digest"), "{said}");
    }
}

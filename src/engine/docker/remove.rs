//! Removes a project from an engine, and images that no project needs.
//!
//! A project's containers and volumes are found by label and its image references by tag. An image
//! goes when no project refers to it any longer; images of other projects stay. [`super::unused`] has
//! the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use serde::Deserialize;

use super::call::{last_line, quote, text};
use super::image::{BASE, IMAGE_LABEL};
use super::unused::{self, LINE, Listed, Reference, Unneeded, Unused};
use super::{Docker, PROJECT_LABEL};
use crate::cache::project_folders::{self, ProjectFolders};
use crate::engine::{EngineError, EngineOptions, Removed};
use crate::event::Event;

/// The disk space that images of cargo pipe use.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ImageUsage {
    /// The number of images.
    pub(crate) images: usize,
    /// The size that they share with no other image, in bytes.
    pub(crate) bytes: f64,
    /// The number of images that no project refers to.
    pub(crate) unused: usize,
    /// The size of those.
    pub(crate) unused_bytes: f64,
}

/// An image as `docker system df` describes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImageSize {
    #[serde(rename = "ID")]
    id: String,
    unique_size: String,
}

impl Docker<'_> {
    /// Removes everything that belongs to the project of this engine's options, and the images that
    /// no other project refers to.
    pub(in crate::engine) fn remove_project(&self) -> Result<Removed, EngineError> {
        let (containers, volumes, _) = self.sweep(PROJECT_LABEL, &self.settings.project);
        let list = || self.list_unused(Unneeded::All, Leaving::Project);
        let images = list()?;
        let mut left = images.clone();
        while !left.is_empty() {
            let args = ["image", "rm"].into_iter().chain(left.iter().map(String::as_str));
            let Err(error) = self.succeed(&self.docker(args)) else { break };
            // Another project that is removed at the same time may have removed some of them.
            let still = list()?;
            let before = left.len();
            left.retain(|image| still.contains(image));
            if left.len() == before {
                return Err(error);
            }
        }
        Ok(Removed { containers, volumes, images: shown(images), ..Removed::default() })
    }

    /// Removes the images that no project refers to, and warns of those that docker keeps.
    pub(in crate::engine) fn remove_unused(&self) -> Result<Vec<String>, EngineError> {
        let list = || self.list_unused(Unneeded::All, Leaving::Nothing);
        let mut images = list()?;
        if images.is_empty() {
            return Ok(images);
        }
        let output =
            self.call(["image", "rm"].into_iter().chain(images.iter().map(String::as_str)))?;
        if output.code != 0 {
            let still: BTreeSet<String> = list()?.into_iter().collect();
            images.retain(|image| !still.contains(image));
            if !still.is_empty() {
                let kept: Vec<String> = still.into_iter().collect();
                let (kind, message) =
                    (self.dialect.kind(), last_line(&output.stderr, "no message"));
                let message = format!("{kind} keeps {}: {message}", kept.join(", "));
                self.emitter.emit(&Event::Warning { message: &message });
            }
        }
        Ok(shown(images))
    }

    /// Removes the images that no project refers to and that were not used for two weeks, if this is the
    /// first run today that uses one of its images.
    pub(super) fn collect_images(&self) {
        if !self.has_marked_use.load(Ordering::Relaxed) {
            return;
        }
        // An image that is still in use, or cannot be removed now, is tried again on another day.
        let images = self.list_unused(Unneeded::Old, Leaving::Nothing).unwrap_or_default();
        if !images.is_empty() {
            let _ = self.call(["image", "rm"].into_iter().chain(images.iter().map(String::as_str)));
        }
    }

    /// The disk space that images of cargo pipe use; none if the engine does not tell.
    pub(crate) fn measure_images(&self) -> Option<ImageUsage> {
        let sizes = self.ask(&["system", "df", "--verbose", "--format", "{{json .Images}}"])?;
        let sizes: Vec<ImageSize> = serde_json::from_str(&sizes).ok()?;
        let sizes: BTreeMap<&str, f64> = sizes
            .iter()
            .map(|image| Some((&*image.id, parse_size(&image.unique_size)?)))
            .collect::<Option<_>>()?;
        let bytes_of = |ids: &BTreeSet<&str>| ids.iter().filter_map(|id| sizes.get(id)).sum();
        let listed = self.list_images().ok()?;
        let unused = self.select_unused(&listed, Unneeded::All, Leaving::Nothing);
        let ids: BTreeSet<&str> = listed.iter().map(Listed::id).collect();
        let unused = unused.iter().filter(|image| image.is_image);
        let unused: BTreeSet<&str> = unused.map(|image| &*image.id).collect();
        Some(ImageUsage {
            images: ids.len(),
            bytes: bytes_of(&ids),
            unused: unused.len(),
            unused_bytes: bytes_of(&unused),
        })
    }

    /// Remembers where the project is, so that runs of other projects know whether it exists.
    pub(super) fn remember_folders(&self) {
        let root = self.settings.identity.clone();
        let locks = self.settings.base_lock.beside("requirements").on_disk(&root);
        let folders = ProjectFolders { root, locks };
        // A project that is not remembered is one that is not known.
        let _ = project_folders::remember(&self.settings.cache, &self.settings.project, &folders);
    }

    /// The names to remove.
    fn list_unused(&self, which: Unneeded, leaving: Leaving) -> Result<Vec<String>, EngineError> {
        let unused = self.select_unused(&self.list_images()?, which, leaving);
        Ok(unused.into_iter().flat_map(|image| image.references).collect())
    }

    fn select_unused(&self, listed: &[Listed], which: Unneeded, leaving: Leaving) -> Vec<Unused> {
        let EngineOptions { project: own, cache, .. } = &self.settings;
        unused::select(listed, which, SystemTime::now(), |environment, project| {
            if leaving == Leaving::Project && project == own {
                return Reference::Obsolete;
            }
            match project_folders::lookup(cache, project) {
                None => Reference::Unknown,
                Some(folders) if !folders.root.is_dir() => Reference::Obsolete,
                Some(_) if environment == BASE => Reference::Needed,
                Some(folders) if folders.has_lock(environment) => Reference::Needed,
                Some(_) => Reference::Obsolete,
            }
        })
    }

    /// The names of all images of cargo pipe.
    fn list_images(&self) -> Result<Vec<Listed>, EngineError> {
        let filter = format!("label={IMAGE_LABEL}");
        let list = ["image", "ls", "--no-trunc", "--filter", &filter, "--format", LINE];
        let output = self.succeed(&self.docker(list))?;
        text(&output.stdout)
            .lines()
            .map(|line| Listed::read(line).ok_or_else(|| EngineError::Answer(quote(line))))
            .collect()
    }
}

/// Whether the project of the engine's options is about to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    Project,
    Nothing,
}

/// The names that are shown to users.
fn shown(mut references: Vec<String>) -> Vec<String> {
    references.retain(|reference| !unused::is_use(reference));
    references
}

/// Parses a size as docker writes it, such as `24.99MB`.
fn parse_size(text: &str) -> Option<f64> {
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let factor = match &text[number.len()..] {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_as_docker_writes_it() {
        for (text, bytes) in
            [("0B", Some(0.0)), ("1.5kB", Some(1500.0)), ("2GB", Some(2e9)), ("N/A", None)]
        {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
    }
}

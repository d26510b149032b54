//! Removes a project from an engine.
//!
//! A project's containers and volumes are found by label and its image references by tag. An image
//! goes when no project refers to it any longer; images of other projects stay.

use std::collections::BTreeMap;

use super::call::text;
use super::image::{IMAGE_LABEL, REPOSITORY, project_tag};
use super::podman::short_name;
use super::{Docker, PROJECT_LABEL};
use crate::engine::{EngineError, Removed};

/// The format of a line of `docker image ls`.
const LINE: &str = "{{.ID}} {{.Repository}} {{.Tag}}";

/// A line of `docker image ls`.
#[derive(Clone, Debug)]
struct Listed {
    id: String,
    repository: String,
    tag: String,
}

impl Listed {
    fn read(line: &str) -> Option<Listed> {
        let mut words = line.split(' ').map(str::to_owned);
        Some(Listed { id: words.next()?, repository: words.next()?, tag: words.next()? })
    }
}

impl Docker<'_> {
    /// Removes everything that belongs to the project of this engine's options.
    pub(in crate::engine) fn remove_project(&self) -> Result<Removed, EngineError> {
        let (containers, volumes, _) = self.sweep(PROJECT_LABEL, &self.settings.project);
        let images = self.list_unused_references()?;
        let mut left = images.clone();
        while !left.is_empty() {
            let args = ["image", "rm"].into_iter().chain(left.iter().map(String::as_str));
            let Err(error) = self.succeed(&self.docker(args)) else { break };
            // Another project that is removed at the same time may have removed some of them.
            let still = self.list_unused_references()?;
            let before = left.len();
            left.retain(|image| still.contains(image));
            if left.len() == before {
                return Err(error);
            }
        }
        Ok(Removed { containers, volumes, images, ..Removed::default() })
    }

    /// The references that go with the project.
    fn list_unused_references(&self) -> Result<Vec<String>, EngineError> {
        let filter = format!("label={IMAGE_LABEL}");
        let list = ["image", "ls", "--no-trunc", "--filter", &filter, "--format", LINE];
        let output = self.succeed(&self.docker(list))?;
        let listed = text(&output.stdout)
            .lines()
            .map(|line| Listed::read(line).ok_or_else(|| EngineError::Answer(line.to_owned())))
            .collect::<Result<Vec<Listed>, _>>()?;
        Ok(unused_references(&listed, &project_tag(&self.settings.project)))
    }
}

/// The references to remove: the project's own, and all of an image that no other project refers
/// to.
fn unused_references(listed: &[Listed], own_tag: &str) -> Vec<String> {
    let mut by_image: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    for image in listed {
        by_image.entry(&image.id).or_default().push(image);
    }
    let mut references = Vec::new();
    for (id, images) in by_image {
        let is_ours =
            |image: &&&Listed| short_name(&image.repository).starts_with(&format!("{REPOSITORY}/"));
        let others_have_it =
            images.iter().any(|image| image.tag.starts_with("project-") && image.tag != own_tag);
        let ours = images
            .iter()
            .filter(is_ours)
            .filter(|image| image.tag == own_tag || !others_have_it)
            .map(|image| format!("{}:{}", image.repository, image.tag));
        references.extend(ours);
        // An image without a tag is referred to by its id.
        if images.iter().all(|image| image.tag == "<none>") {
            references.push(id.to_owned());
        }
    }
    references
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(id: &str, repository: &str, tag: &str) -> Listed {
        Listed { id: id.into(), repository: repository.into(), tag: tag.into() }
    }

    #[test]
    fn an_image_of_another_project_only_loses_our_reference() {
        let images = [
            listed("1", "cargo-pipe/ruff", "aaaa"),
            listed("1", "cargo-pipe/ruff", "project-me"),
            listed("1", "cargo-pipe/ruff", "project-you"),
        ];
        assert_eq!(unused_references(&images, "project-me"), ["cargo-pipe/ruff:project-me"]);
    }

    #[test]
    fn an_unused_image_goes_and_foreign_names_stay() {
        let images = [
            listed("1", "cargo-pipe/ruff", "aaaa"),
            listed("1", "cargo-pipe/ruff", "project-me"),
            listed("1", "registry.test/ruff", "kept"),
            listed("2", "cargo-pipe/mypy", "bbbb"),
            listed("3", "<none>", "<none>"),
        ];
        let removed =
            ["cargo-pipe/ruff:aaaa", "cargo-pipe/ruff:project-me", "cargo-pipe/mypy:bbbb", "3"];
        assert_eq!(unused_references(&images, "project-me"), removed);
    }
}

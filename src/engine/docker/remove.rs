//! Taking a project away from an engine.
//!
//! Owns what belongs to a project: its containers and volumes by label, its references to images by
//! tag, and the images that no project refers to any more. What other projects use stays.

use std::collections::BTreeMap;

use super::dialect::short_name;
use super::image::{IMAGE_LABEL, REPOSITORY, project_tag};
use super::{Docker, PROJECT_LABEL, text};
use crate::engine::{EngineError, Removed};

/// What makes a line of each image.
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
    /// Takes away what belongs to the project of this engine's settings.
    pub(super) fn remove_project(&self) -> Result<Removed, EngineError> {
        let (containers, volumes) = self.sweep(PROJECT_LABEL, &self.settings.project);
        let filter = format!("label={IMAGE_LABEL}");
        let list = ["image", "ls", "--no-trunc", "--filter", &filter, "--format", LINE];
        let output = self.succeed(&self.docker(list))?;
        let listed = text(&output.stdout)
            .lines()
            .map(|line| Listed::read(line).ok_or_else(|| EngineError::Answer(line.to_owned())))
            .collect::<Result<Vec<Listed>, _>>()?;
        let images = unused(&listed, &project_tag(&self.settings.project));
        if !images.is_empty() {
            let args = ["image", "rm"].into_iter().chain(images.iter().map(String::as_str));
            self.succeed(&self.docker(args))?;
        }
        Ok(Removed { containers, volumes, images, ..Removed::default() })
    }
}

/// The references to take away: the project's own, and all of an image that no other project has.
fn unused(listed: &[Listed], own_tag: &str) -> Vec<String> {
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
        // Nothing refers to an image without a tag.
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
    fn an_image_that_another_project_has_only_loses_our_reference() {
        let images = [
            listed("1", "cargo-pipe/ruff", "aaaa"),
            listed("1", "cargo-pipe/ruff", "project-me"),
            listed("1", "cargo-pipe/ruff", "project-you"),
        ];
        assert_eq!(unused(&images, "project-me"), ["cargo-pipe/ruff:project-me"]);
    }

    #[test]
    fn an_image_that_nobody_else_has_goes_and_foreign_names_stay() {
        let images = [
            listed("1", "cargo-pipe/ruff", "aaaa"),
            listed("1", "cargo-pipe/ruff", "project-me"),
            listed("1", "registry.test/ruff", "kept"),
            listed("2", "cargo-pipe/mypy", "bbbb"),
            listed("3", "<none>", "<none>"),
        ];
        let gone =
            ["cargo-pipe/ruff:aaaa", "cargo-pipe/ruff:project-me", "cargo-pipe/mypy:bbbb", "3"];
        assert_eq!(unused(&images, "project-me"), gone);
    }
}

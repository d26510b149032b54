//! The versions of Python that checks run on, and the packages that they see.

use std::time::Duration;

use super::{CiJobs, Config, DependencySettings, GitlabJobs};

/// The part of the name of a base image that stands for the version of Python.
pub(super) const VERSION: &str = "{version}";

/// The Python that checks run on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Python {
    /// Major and minor version, such as `3.13`.
    pub version: String,
    /// The versions on each of which a check runs that imports the project or its dependencies: that
    /// one alone, unless the configuration names several.
    pub versions: Vec<String>,
    /// The base image of `version`.
    pub image: String,
    /// The base images of all versions, with [`VERSION`] for the version.
    pub(super) images: String,
    /// The dependencies of the project.
    pub dependencies: DependencySettings,
    /// The packages that are built from source.
    pub from_source: Vec<String>,
    /// The age that a release must have before `update` uses it.
    pub minimum_age: Option<Duration>,
    /// The version with which the project is installed if it comes from version control.
    pub project_version: String,
}

impl Python {
    /// The base image of a version; that of the project if none.
    #[must_use]
    pub fn image_of(&self, version: Option<&str>) -> String {
        self.images.replace(VERSION, version.unwrap_or(&self.version))
    }

    /// Whether the name of the base image has the version, so that there is one for each.
    #[must_use]
    pub fn has_every_image(&self) -> bool {
        self.images.contains(VERSION)
    }
}

impl Config {
    /// The versions of Python that checks are for and that of the project, the oldest first.
    #[must_use]
    pub fn pythons(&self) -> Vec<&str> {
        self.with_own(self.checks.iter().map(|check| &check.python))
    }

    /// The versions of Python that checks run on and that of the project, the oldest first.
    #[must_use]
    pub fn interpreters(&self) -> Vec<&str> {
        self.with_own(self.checks.iter().map(|check| &check.runs_on))
    }

    fn with_own<'c>(&'c self, versions: impl Iterator<Item = &'c String>) -> Vec<&'c str> {
        let mut versions: Vec<&str> =
            versions.chain([&self.python.version]).map(String::as_str).collect();
        versions.sort_by_key(|version| minor(version));
        versions.dedup();
        versions
    }

    /// Whether every job in GitLab runs on one Python of all checks, that of its image.
    #[must_use]
    pub fn shares_job_image(&self) -> bool {
        let has_one_each = self.ci.jobs == CiJobs::PerCheck && self.image.registry.is_none();
        self.ci.gitlab == Some(GitlabJobs::Image) && !has_one_each
    }

    /// The base images of all versions, the one of the project first.
    #[must_use]
    pub fn images(&self) -> Vec<String> {
        let mut images = vec![self.python.image.clone()];
        for python in self.interpreters() {
            let image = self.python.image_of(Some(python));
            if !images.contains(&image) {
                images.push(image);
            }
        }
        images
    }

    /// The oldest version of Python, for which releases of packages are chosen.
    #[must_use]
    pub fn oldest_python(&self) -> &str {
        self.pythons().first().copied().unwrap_or(&self.python.version)
    }
}

/// The minor version of Python 3, such as 13 for `3.13`; none for another notation.
#[must_use]
pub fn minor(version: &str) -> Option<u32> {
    let minor = version.strip_prefix("3.")?;
    let is_plain = minor.chars().all(|c| c.is_ascii_digit()) && !minor.starts_with('0');
    minor.parse().ok().filter(|_| is_plain && minor.len() <= 2)
}

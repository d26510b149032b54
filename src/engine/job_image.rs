//! The prebuilt image of CI jobs: its name and its files.
//!
//! The name contains a hash of everything in the image. The docker engine builds it, the venv
//! engine finds its environments in it, and the generated pipelines refer to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::check::Grant;
use crate::config::{Check, Config};
use crate::env_vars::EnvVars;
use crate::environment::recipe::{self, BUILD};
use crate::environment::{BaseLock, LockedBase};
use crate::hash::{Hash, HashBuilder};
use crate::lock::Lock;
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};
use crate::template::{JobsIn, VERSION};
use crate::tools;

/// The Dockerfile of the image.
pub(super) const DOCKERFILE: &str = include_str!("../../templates/job.Dockerfile");

/// An image to build.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobImage {
    /// Its name.
    pub reference: String,
    /// The base image.
    pub base: String,
    /// The project's files that describe the environments, as far as they exist.
    pub files: Vec<ProjectPath>,
    /// The cargo-pipe program to install.
    pub program: PathBuf,
    /// The grants for its build.
    pub grants: BTreeSet<Grant>,
}

impl JobImage {
    /// The image of a project's jobs, with this program in it.
    #[must_use]
    pub fn new(reference: String, program: PathBuf, root: &Path, config: &Config) -> Self {
        let base = config.python.image.clone();
        // Nothing that is built gets a secret.
        let allowed = config.allow.iter().filter(|grant| grant.secret().is_none());
        let grants = allowed.cloned().collect();
        JobImage { reference, base, files: files(root, config), program, grants }
    }
}

/// What happens to the image after its build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The image stays in the local engine.
    Keep,
    /// The image is pushed to its registry, unless it is there already.
    Push,
}

/// An image that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shipped {
    /// Its name.
    pub reference: String,
    /// Whether it existed before.
    pub existed: bool,
}

/// Chooses the image of GitLab's image jobs: the prebuilt one, or the locked base.
#[must_use]
pub fn choose_jobs_image(root: &Path, config: &Config) -> JobsIn {
    match reference(root, config) {
        Some(reference) => JobsIn::Everything(reference),
        None => JobsIn::Base(locked_bases(root, config)),
    }
}

/// The base images, each by its digest if that is recorded.
fn locked_bases(root: &Path, config: &Config) -> BTreeMap<String, String> {
    let lock = BaseLock::read(root, &recipe::base_lock_path(config));
    // Each run reports an unreadable lock.
    let lock = lock.unwrap_or_default();
    let platform =
        |base: &&LockedBase| config.platform.as_ref().is_none_or(|it| *it == base.platform);
    let refer = |image: String| {
        let mut bases = lock.base.iter().filter(|base| base.image == image).filter(platform);
        let reference = match bases.find_map(|base| base.digest.as_ref()) {
            Some(digest) if !image.contains('@') => format!("{image}@{digest}"),
            _ => image.clone(),
        };
        (image, reference)
    };
    config.images().into_iter().map(refer).collect()
}

/// The image's name with the variables of its registry, as in a pipeline; none if no registry is
/// configured.
#[must_use]
pub fn reference(root: &Path, config: &Config) -> Option<String> {
    let registry = config.image.registry.as_ref()?;
    Some(format!("{registry}:{}", &tag(root, config).to_string()[..32]))
}

/// Replaces the variables in a name by their values.
///
/// # Errors
///
/// The name of a variable that is not set.
pub fn resolve_reference(reference: &str, variables: &EnvVars) -> Result<String, String> {
    let mut parts = reference.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = match part.strip_prefix('{').and_then(|part| part.split_once('}')) {
            Some(parts) => parts,
            None => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                part.split_at(part.find(|c| !is_name(c)).unwrap_or(part.len()))
            }
        };
        text += variables.get(name).filter(|value| !value.is_empty()).ok_or(name)?;
        text += rest;
    }
    Ok(text)
}

/// The project's files that the image contains.
fn files(root: &Path, config: &Config) -> Vec<ProjectPath> {
    let manifest = ProjectPath::new(&config.manifest).ok();
    let locks = locks(root, config).into_iter().filter_map(|name| lock_path(config, &name));
    let files = manifest
        .into_iter()
        .chain([config.image.dockerfile.clone(), recipe::base_lock_path(config)]);
    // Certificates are passed as secrets of the build.
    files.chain(locks).filter(|path| path.on_disk(root).is_file()).collect()
}

/// The hash of everything in the image.
fn tag(root: &Path, config: &Config) -> Hash {
    let base_lock = recipe::base_lock_path(config);
    let builder = HashBuilder::new("job image")
        .with(VERSION)
        .with(DOCKERFILE)
        .with(&config.python.version)
        .with(&config.python.image)
        .with_all(config.python.from_source.iter())
        .with(read::read_project_file(root, &base_lock, SizeLimit::Lock).unwrap_or_default());
    locks(root, config)
        .into_iter()
        .fold(builder, |builder, name| {
            let hash = lock_hash(root, config, &name);
            builder.with(name).with(hash.to_string())
        })
        .hash()
}

/// The names of the locks that checks need.
fn locks(root: &Path, config: &Config) -> BTreeSet<String> {
    let build = recipe::has_build_lock(root, config).then_some(BUILD);
    let checks = config.checks.iter().filter_map(Check::lock);
    let mut locks = recipe::project_locks(root, config);
    locks.extend(checks.chain(build).map(str::to_owned));
    locks
}

fn lock_path(config: &Config, name: &str) -> Option<ProjectPath> {
    recipe::lock_path(config, name).ok()
}

/// The hash of a lock without its comments, or of the lock that `init` would write.
fn lock_hash(root: &Path, config: &Config, name: &str) -> Hash {
    let path = lock_path(config, name);
    let text = path.and_then(|path| read::read_project_text(root, &path, SizeLimit::Lock).ok());
    let text = text.unwrap_or_else(|| {
        let tool = tools::TOOLS.iter().find(|tool| tool.lock() == name);
        tool.map(|tool| tool.lock_template().to_owned()).unwrap_or_default()
    });
    Lock::parse(&text).map_or_else(|_| Hash::of(text.as_bytes()), |lock| lock.hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_takes_its_variables_or_says_which_one_is_missing() {
        let variables = EnvVars::from([("CI_REGISTRY_IMAGE", "r.example/a"), ("EMPTY", "")]);
        let resolved = |text: &str| resolve_reference(text, &variables);
        assert_eq!(resolved("r:5000/x:1").as_deref(), Ok("r:5000/x:1"));
        for text in ["$CI_REGISTRY_IMAGE/x:1", "${CI_REGISTRY_IMAGE}/x:1"] {
            assert_eq!(resolved(text).as_deref(), Ok("r.example/a/x:1"));
        }
        assert_eq!(resolved("$EMPTY/x"), Err("EMPTY".to_owned()));
        assert_eq!(resolved("a/$OTHER:1"), Err("OTHER".to_owned()));
    }
}

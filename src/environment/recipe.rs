//! The files that an environment is built from.
//!
//! Reads the Dockerfile and the locks of a project, and refuses content that must not go into an
//! image: a Dockerfile that cargo pipe did not write, unless the grant `dockerfile` allows it, and
//! lock lines other than pinned, hashed packages. An engine builds from the texts read here and
//! never from the files, so that it builds exactly what was checked.

mod error;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::rust::RustRecipe;
use super::satisfaction::{Mismatch, find_unsatisfied};
use crate::check::Grant;
use crate::config::{Check, Config, PROJECT_LOCK};
use crate::fingerprint::ingredients::EnvironmentParts;
use crate::hash::{Hash, HashBuilder};
use crate::lock::Lock;
use crate::plan::EnvironmentSpec;
use crate::project::{PathError, ProjectPath};
use crate::read::{self, ReadError, SizeLimit};
use crate::template;
use crate::tools::{TOOLS, Tool};

pub use error::RecipeError;

/// Everything that an environment is built from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recipe {
    /// The environment that is wanted.
    pub environment: EnvironmentSpec,
    /// The name of its base image.
    pub base: String,
    /// The Dockerfile; none for an image that is used as it is.
    pub dockerfile: Option<Dockerfile>,
    /// The lock of its tool.
    pub lock: Option<Lock>,
    /// The tool of the catalogue that the lock is for.
    pub tool: Option<&'static str>,
    /// The lock of the project's dependencies, if the environment contains them.
    pub project: Option<Lock>,
    /// The lock of the project's build system, if the environment contains it.
    pub build: Option<Lock>,
    /// The Rust toolchain and its packages, if the environment contains them.
    pub rust: Option<RustRecipe>,
    /// The packages of all locks that are built from source.
    pub from_source: Vec<String>,
}

/// The name of the lock of the project's own dependencies.
pub const PROJECT: &str = PROJECT_LOCK;

/// The name of the lock of the project's build system. No check can have the name of a command.
pub const BUILD: &str = "build";

/// The name of environments with the Rust toolchain. No check has a lock of that name.
pub const RUST: &str = "rust";

/// A Dockerfile of environments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dockerfile {
    /// Its text.
    pub text: String,
    /// Its folder, if cargo pipe did not generate it: its instructions may copy from there.
    pub own_context: Option<PathBuf>,
    /// Whether its images contain more than the base and the locks.
    pub adds_to_base: bool,
}

impl Recipe {
    /// Reads the files of `environment`, for steps with these grants.
    ///
    /// # Errors
    ///
    /// When a file is missing, unreadable, invalid, or needs a grant.
    pub fn read(
        root: &Path,
        config: &Config,
        environment: &EnvironmentSpec,
        grants: &BTreeSet<Grant>,
    ) -> Result<Recipe, RecipeError> {
        let lock = |name: &str| named_lock(root, config, name);
        let own_dockerfile = || dockerfile(root, config, grants);
        let mut recipe = Recipe {
            environment: environment.clone(),
            base: config.python.image_of(environment.python()),
            dockerfile: None,
            lock: None,
            tool: None,
            project: None,
            build: None,
            rust: None,
            from_source: Vec::new(),
        };
        match environment {
            EnvironmentSpec::Rust { folder, compilation, .. } => {
                refuse_own_base(&recipe.base, grants)?;
                recipe.rust =
                    Some(RustRecipe::read(root, config, folder, compilation.as_ref(), grants)?);
                recipe.dockerfile = Some(Dockerfile {
                    text: template::rust_dockerfile(config),
                    own_context: None,
                    adds_to_base: !config.image.apt.is_empty(),
                });
            }
            EnvironmentSpec::Image(image) => recipe.base.clone_from(image),
            EnvironmentSpec::Base { .. } => {}
            EnvironmentSpec::Tool { lock: name, .. } => {
                let owner = config.find_tool_of_lock(name);
                let bundled = owner.is_some_and(|(_, _, packages)| packages.is_bundled());
                let found = lock(name).map_err(|error| match error {
                    RecipeError::Missing(path) => {
                        RecipeError::Unlocked { name: name.clone(), path, bundled }
                    }
                    error => error,
                });
                let found = found?;
                if let Some((tool, check, packages)) = owner {
                    recipe.tool = Some(tool.lock());
                    if let Some(wrong) = find_unsatisfied(&found, tool, packages) {
                        let (path, check) = (lock_path(config, name)?, check.name.clone());
                        let Mismatch { locked, required } = wrong;
                        let name = name.clone();
                        return Err(RecipeError::Unsatisfied {
                            path,
                            name,
                            locked,
                            check,
                            required,
                        });
                    }
                }
                recipe.lock = Some(found);
            }
        }
        if let Some(name) = environment.project() {
            recipe.project = Some(lock(name)?);
        }
        if environment.builds_project() {
            recipe.build = Some(lock(BUILD)?);
        }
        if environment.has_dockerfile(config) {
            let locks: Vec<&Lock> =
                recipe.lock.iter().chain(&recipe.project).chain(&recipe.build).collect();
            let is_in = |name: &&String| {
                locks.iter().any(|lock| lock.packages.iter().any(|it| it.name == **name))
            };
            let from_source = config.python.from_source.iter().filter(is_in).cloned().collect();
            recipe.from_source = from_source;
            let dockerfile = own_dockerfile()?;
            let is_shared = environment.project().is_none_or(|name| name == PROJECT);
            if !is_shared && !dockerfile.text.contains("${PROJECT}") {
                return Err(RecipeError::OneProject(config.image.dockerfile.clone()));
            }
            recipe.dockerfile = Some(dockerfile);
        }
        Ok(recipe)
    }

    /// Whether the environment contains more than its base and its locks list, because a Dockerfile
    /// adds to it or a package is built from source.
    #[must_use]
    pub fn exceeds_locks(&self) -> bool {
        let adds = self.dockerfile.as_ref().is_some_and(|dockerfile| dockerfile.adds_to_base);
        adds || !self.from_source.is_empty()
    }

    /// The environment's name in messages.
    #[must_use]
    pub fn label(&self) -> String {
        self.environment.label(self.name())
    }

    /// The name of its lock; that of its image for one that has none.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.environment {
            EnvironmentSpec::Tool { lock, .. } => lock,
            EnvironmentSpec::Base { .. } => "base",
            EnvironmentSpec::Rust { .. } => RUST,
            EnvironmentSpec::Image(image) => image,
        }
    }

    /// The locked version of the environment's tool.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        if let Some(rust) = &self.rust {
            return Some(&rust.toolchain);
        }
        let package = self.tool.unwrap_or(self.name());
        // A tool that runs the project's code has the project's version, where the project has one.
        let runs_project = |tool: &dyn Tool| tool.lock() == package && tool.runs_project();
        let project =
            self.project.as_ref().filter(|_| TOOLS.iter().any(|tool| runs_project(*tool)));
        let own = project.and_then(|lock| lock.version(package));
        own.or_else(|| self.lock.as_ref()?.version(package))
    }

    /// The key under which the environment is remembered: everything that decides what it is, but
    /// for facts that only an engine knows.
    #[must_use]
    pub fn memory_key(&self, engine: &Hash, platform: Option<&str>) -> Hash {
        let named = self.hash(&Hash::of(self.base.as_bytes()));
        let own_context = self.dockerfile.as_ref().and_then(|it| it.own_context.as_ref());
        let context = own_context.map(|folder| folder.display().to_string());
        HashBuilder::new("remembered environment")
            .with(engine)
            .with(platform.unwrap_or_default())
            .with(named)
            .with(context.unwrap_or_default())
            .hash()
    }

    /// The named parts of the environment, on a base with this content and this Python.
    #[must_use]
    pub fn parts(&self, base: Hash, python: Option<String>) -> EnvironmentParts {
        let packages = |lock: &Option<Lock>| -> BTreeMap<String, String> {
            let packages = lock.iter().flat_map(|lock| &lock.packages);
            packages.map(|package| (package.name.clone(), package.version.clone())).collect()
        };
        let dockerfile = self.dockerfile.as_ref();
        EnvironmentParts {
            image: self.base.clone(),
            base,
            python,
            dockerfile: dockerfile.map(|it| Hash::of(instructions(&it.text).as_bytes())),
            tool: packages(&self.lock),
            project: packages(&self.project),
            build: packages(&self.build),
            toolchain: self.rust.as_ref().map(|rust| rust.toolchain.clone()),
            crates: self.rust.as_ref().map(RustRecipe::versions).unwrap_or_default(),
        }
    }

    /// The fingerprint's ingredient for this recipe on a base with this identity.
    #[must_use]
    pub fn hash(&self, base: &Hash) -> Hash {
        let dockerfile = self.dockerfile.as_ref().map(|dockerfile| instructions(&dockerfile.text));
        let lock = |lock: &Option<Lock>| lock.as_ref().map(|lock| lock.hash().to_string());
        let mut builder = HashBuilder::new("environment")
            .with(base.to_string())
            .with(dockerfile.unwrap_or_default())
            .with(lock(&self.lock).unwrap_or_default())
            .with(lock(&self.project).unwrap_or_default())
            .with(lock(&self.build).unwrap_or_default());
        if let Some(rust) = &self.rust {
            builder.add(rust.hash());
        }
        builder.hash()
    }
}

/// The path of a tool's lock, next to the Dockerfile.
///
/// # Errors
///
/// When the name is not a valid file name.
pub fn lock_path(config: &Config, name: &str) -> Result<ProjectPath, PathError> {
    config.image.dockerfile.beside("requirements").join(&format!("{name}.txt"))
}

/// The path of the base's lock, next to the Dockerfile.
#[must_use]
pub fn base_lock_path(config: &Config) -> ProjectPath {
    config.image.dockerfile.beside("pipe.lock")
}

/// Whether the project's build system is locked.
#[must_use]
pub fn has_build_lock(root: &Path, config: &Config) -> bool {
    lock_path(config, BUILD).is_ok_and(|path| path.on_disk(root).symlink_metadata().is_ok())
}

/// The names of the locks of dependencies that there are.
#[must_use]
pub fn project_locks(root: &Path, config: &Config) -> BTreeSet<String> {
    let is_none = |files: &Vec<ProjectPath>| files.is_empty();
    let sets = config.dependency_sets().into_iter();
    let wanted = sets.filter(|set| !set.settings.requirements.as_ref().is_some_and(is_none));
    // A link that leads out of the project counts, too; reading it is refused.
    let exists = |name: &String| {
        lock_path(config, name).is_ok_and(|path| path.on_disk(root).symlink_metadata().is_ok())
    };
    wanted.map(|set| set.lock()).filter(exists).collect()
}

/// The locked releases of the tools whose release or plugins the configuration chooses, by the name of
/// their lock. A lock that cannot be read is reported by the run that needs it.
#[must_use]
pub fn chosen_versions(root: &Path, config: &Config) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    for name in config.checks.iter().filter_map(Check::lock) {
        let Some((tool, _, packages)) = config.find_tool_of_lock(name) else { continue };
        if packages.is_bundled() || versions.contains_key(name) {
            continue;
        }
        let lock = named_lock(root, config, name).ok();
        let version = lock.as_ref().and_then(|lock| lock.version(tool.lock()));
        versions.extend(version.map(|version| (name.to_owned(), version.to_owned())));
    }
    versions
}

/// Reads the lock of a tool, or of the project.
///
/// # Errors
///
/// When it is missing, unreadable or invalid.
pub fn named_lock(root: &Path, config: &Config, name: &str) -> Result<Lock, RecipeError> {
    lock(root, &lock_path(config, name)?)
}

fn lock(root: &Path, path: &ProjectPath) -> Result<Lock, RecipeError> {
    let text = read(root, path)?;
    Lock::parse(&text).map_err(|error| RecipeError::Lock { path: path.clone(), error })
}

/// The text of the project's Dockerfile, if it differs from the generated one.
///
/// # Errors
///
/// When it cannot be read.
pub fn foreign_dockerfile(root: &Path, config: &Config) -> Result<Option<String>, RecipeError> {
    let text = read(root, &config.image.dockerfile)?;
    let generated = template::dockerfile(config);
    Ok((instructions(&text) != instructions(&generated)).then_some(text))
}

/// The grants that the environments of a project need, apart from those of its checks, once its
/// generated files are up to date.
#[must_use]
pub fn required_grants(root: &Path, config: &Config) -> BTreeSet<Grant> {
    let foreign = foreign_dockerfile(root, config).ok().flatten();
    let is_foreign = foreign.is_some_and(|text| !is_stale(&text));
    let asks = is_foreign || !is_official(&config.python.image);
    asks.then_some(Grant::Dockerfile).into_iter().collect()
}

/// Whether a Dockerfile that differs from the generated one is an unedited one of other settings, which
/// `sync` updates. Nothing is built from it, even with the grant: anyone can write such a file, and no
/// request shows it.
#[must_use]
pub fn is_stale(dockerfile: &str) -> bool {
    template::origin(dockerfile) == template::FileOrigin::Generated
}

fn dockerfile(
    root: &Path,
    config: &Config,
    grants: &BTreeSet<Grant>,
) -> Result<Dockerfile, RecipeError> {
    refuse_own_base(&config.python.image, grants)?;
    let path = &config.image.dockerfile;
    let Some(text) = foreign_dockerfile(root, config)? else {
        // Build our own text: a comment in the file, such as `# syntax=`, could be a directive.
        let adds_to_base = !config.image.apt.is_empty();
        let text = template::dockerfile(config);
        return Ok(Dockerfile { text, own_context: None, adds_to_base });
    };
    if is_stale(&text) {
        return Err(RecipeError::Stale(path.clone()));
    }
    if !grants.contains(&Grant::Dockerfile) {
        return Err(RecipeError::DockerfileNotGranted(path.clone()));
    }
    let folder = path.on_disk(root).parent().map(Path::to_owned);
    Ok(Dockerfile { text, own_context: folder, adds_to_base: true })
}

/// Refuses a base that is not the official image, unless the grant is there.
fn refuse_own_base(base: &str, grants: &BTreeSet<Grant>) -> Result<(), RecipeError> {
    match is_official(base) || grants.contains(&Grant::Dockerfile) {
        true => Ok(()),
        false => Err(RecipeError::BaseNotGranted(base.to_owned())),
    }
}

/// A Dockerfile's lines without comments and blank lines.
fn instructions(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
}

fn read(root: &Path, path: &ProjectPath) -> Result<String, RecipeError> {
    let text = read::read_project_text(root, path, SizeLimit::Lock);
    text.map_err(|source| match source {
        ReadError::Outside(outside) => RecipeError::Outside(outside),
        error if error.is_missing() => RecipeError::Missing(path.clone()),
        error => RecipeError::Unreadable { path: path.clone(), source: error.into() },
    })
}

/// Whether an image is an official Python image, under any of the names that docker accepts.
#[must_use]
pub fn is_official(image: &str) -> bool {
    is_official_image(image, "python")
}

/// Whether an image is the official one of this name, under any of the names that docker accepts.
pub(super) fn is_official_image(image: &str, official: &str) -> bool {
    let name = ["docker.io/library/", "docker.io/", "library/"]
        .iter()
        .find_map(|prefix| image.strip_prefix(prefix))
        .unwrap_or(image);
    name.strip_prefix(official).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_official_image_is_official() {
        for image in ["python:3.13-slim", "docker.io/library/python:3", "python@sha256:00"] {
            assert!(is_official(image), "{image}");
        }
        for image in
            ["evil/python:3.13-slim", "python-evil:3", "localhost:1/python:3", "ghcr.io/python"]
        {
            assert!(!is_official(image), "{image}");
        }
    }
}

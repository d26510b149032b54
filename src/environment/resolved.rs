//! The result of resolving an environment: its hash, its platform and its named parts.
//!
//! An engine that prepares an environment finds these out. Without an engine they are remembered
//! from an earlier preparation, or predicted here from the project's files alone: the locks, the
//! Dockerfile, and the base that `.docker/pipe.lock` records. A machine that has only a restored
//! cache therefore needs no engine for a cache hit. Nothing is predicted where only an engine can
//! know: an image that adds to its locks, a docker engine on another machine, or an interpreter of
//! this machine in place of the base image.

use serde::{Deserialize, Serialize};

use super::base_lock::BaseLock;
use super::recipe::Recipe;
use crate::config::{Config, EngineChoice};
use crate::explanation::ResolvedBy;
use crate::fingerprint::ingredients::EnvironmentParts;
use crate::hash::Hash;

/// An environment as far as it can change a check's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedEnvironment {
    /// The fingerprint's ingredient.
    pub hash: Hash,
    /// The operating system and processor, such as `linux/amd64`.
    pub platform: String,
    /// The named parts behind the hash.
    pub parts: EnvironmentParts,
    /// How it is known.
    pub origin: ResolvedBy,
}

impl ResolvedEnvironment {
    /// The environment of a recipe whose hash follows from its base and its locks.
    #[must_use]
    pub fn on_base(
        recipe: &Recipe,
        base: Hash,
        python: Option<String>,
        platform: String,
        origin: ResolvedBy,
    ) -> ResolvedEnvironment {
        let hash = recipe.hash(&base);
        ResolvedEnvironment { hash, platform, parts: recipe.parts(base, python), origin }
    }
}

/// Predicts the environment of a recipe, if `lock` has the base of its platform.
///
/// `local_platform` is the platform of an engine on this machine; none where the engine may be
/// elsewhere.
#[must_use]
pub fn predict(
    config: &Config,
    local_platform: Option<String>,
    lock: &BaseLock,
    recipe: &Recipe,
) -> Option<ResolvedEnvironment> {
    let adds_to_base = recipe.dockerfile.as_ref().is_some_and(|it| it.adds_to_base);
    if config.engine == EngineChoice::Venv || adds_to_base {
        return None;
    }
    let platform = match &config.platform {
        Some(forced) => forced.clone(),
        None => local_platform?,
    };
    let base = lock.find(&recipe.base, &platform)?;
    let python = Some(base.python.version.clone());
    Some(ResolvedEnvironment::on_base(recipe, base.layers, python, platform, ResolvedBy::Predicted))
}

//! What an environment will be, before any engine was asked.
//!
//! Owns what follows from the project's files alone: the locks, the Dockerfile, and the base that
//! `.docker/pipe.lock` records. A machine that has an outcome of such an environment and nothing else,
//! as after a cache was restored, needs no engine to replay it. It must not start anything, and
//! promises nothing where only an engine knows: where an image holds more than the locks say, where
//! docker is on another machine, and where an interpreter of this one takes the base's place.

use super::base_lock::BaseLock;
use super::recipe::Recipe;
use crate::config::{Config, EngineChoice};
use crate::hash::Hash;

/// What an environment will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The fingerprint's ingredient.
    pub hash: Hash,
    /// What its base holds.
    pub base: Hash,
    /// The exact version of the base's Python.
    pub python: String,
    /// Operating system and processor, such as `linux/amd64`.
    pub platform: String,
}

/// Predicts what a recipe's environment will be, if `lock` has the base of its platform.
///
/// `local_platform` is the platform of an engine on this machine; none where the engine may be
/// elsewhere.
#[must_use]
pub fn promised(
    config: &Config,
    local_platform: Option<String>,
    lock: &BaseLock,
    recipe: &Recipe,
) -> Option<Promise> {
    let adds_to_base = recipe.dockerfile.as_ref().is_some_and(|it| it.adds_to_base);
    if config.engine == EngineChoice::Venv || adds_to_base {
        return None;
    }
    let platform = match &config.platform {
        Some(forced) => forced.clone(),
        None => local_platform?,
    };
    let base = lock.find(&recipe.base, &platform)?;
    Some(Promise {
        hash: recipe.hash(&base.layers),
        base: base.layers,
        python: base.python.version.clone(),
        platform,
    })
}

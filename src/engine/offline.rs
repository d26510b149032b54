//! Lists everything that a run without a network lacks.
//!
//! Each check that needs a missing image or environment reports the complete list, so that a single
//! run with a network is enough.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{EngineError, PreparedEnvironment, Recipe};

/// Replaces the error of each missing environment by the list of all missing ones.
#[must_use]
pub fn list_missing(
    recipes: &[Recipe],
    prepared: Vec<Result<PreparedEnvironment, Arc<EngineError>>>,
) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>> {
    let mut missing = BTreeSet::new();
    for (recipe, prepared) in recipes.iter().zip(&prepared) {
        let Err(error) = prepared else { continue };
        missing.extend(missing_thing(error));
        // An image cannot be looked up without its base, so it counts as missing.
        if matches!(**error, EngineError::ImageMissing { .. }) && recipe.dockerfile.is_some() {
            missing.insert(name_environment(&recipe.label()));
        }
    }
    if missing.is_empty() {
        return prepared;
    }
    let all = Arc::new(EngineError::Missing(missing.into_iter().collect()));
    let replace = |error: Arc<EngineError>| match missing_thing(&error) {
        Some(_) => Arc::clone(&all),
        None => error,
    };
    prepared.into_iter().map(|prepared| prepared.map_err(replace)).collect()
}

/// The missing image or environment that an error is about, if it is about one.
fn missing_thing(error: &EngineError) -> Option<String> {
    match error {
        EngineError::Offline(name) | EngineError::OfflineVenv(name) => Some(name_environment(name)),
        EngineError::ImageMissing { image, .. } => Some(format!("the image `{image}`")),
        _ => None,
    }
}

fn name_environment(name: &str) -> String {
    format!("the environment of `{name}`")
}

//! What a run without a network lacks.
//!
//! Owns the one list of everything that is not on this machine, which each check that needs some of
//! it is told, so that a single run with a network is enough. Must not look for anything: engines
//! say what they did not find.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{EngineError, PreparedEnvironment, Recipe};

/// The same environments, each that is missing with the list of all that are.
#[must_use]
pub fn listed(
    recipes: &[Recipe],
    prepared: Vec<Result<PreparedEnvironment, Arc<EngineError>>>,
) -> Vec<Result<PreparedEnvironment, Arc<EngineError>>> {
    let mut missing = BTreeSet::new();
    for (recipe, prepared) in recipes.iter().zip(&prepared) {
        let Err(error) = prepared else { continue };
        missing.extend(missing_by(error));
        // Without its base it cannot even be looked for.
        if matches!(**error, EngineError::ImageMissing { .. }) && recipe.dockerfile.is_some() {
            missing.insert(environment(recipe.name()));
        }
    }
    if missing.is_empty() {
        return prepared;
    }
    let all = Arc::new(EngineError::Missing(missing.into_iter().collect()));
    let told = |error: Arc<EngineError>| match missing_by(&error) {
        Some(_) => Arc::clone(&all),
        None => error,
    };
    prepared.into_iter().map(|prepared| prepared.map_err(told)).collect()
}

/// What is missing by this error, if that is what it says.
fn missing_by(error: &EngineError) -> Option<String> {
    match error {
        EngineError::Offline(name) | EngineError::OfflineVenv(name) => Some(environment(name)),
        EngineError::ImageMissing { image, .. } => Some(format!("the image `{image}`")),
        _ => None,
    }
}

fn environment(name: &str) -> String {
    format!("the environment of `{name}`")
}

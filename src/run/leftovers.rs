//! Removes what killed runs have left: their folders, and what they started in an engine.
//!
//! Every run does this, one that needs no engine included. That one connects to an engine only if a
//! killed run has noted that it started something there.

use std::collections::BTreeMap;

use super::directory::{self, DeadRun};
use super::{Context, Directory};
use crate::cache;
use crate::config::EngineChoice;
use crate::engine::{Docker, Engine, EngineError, EngineOptions, docker, started};
use crate::event::Event;

impl Context<'_> {
    /// Removes what killed runs have left, with the engine of this run if it has one, and warns of what
    /// it cannot remove.
    pub(super) fn sweep_leftovers(&self, engine: Option<&dyn Engine>) -> Vec<String> {
        if self.is_stopped() {
            return Vec::new();
        }
        let mut dead = directory::sweep(self.scratch);
        // Runs are among the temporary files where the cache has a long path or cannot be written to.
        dead.extend(directory::sweep(&cache::temporary()));
        let mut warnings = Vec::new();
        if let Some(engine) = engine {
            let engines = dead.iter().map(|dead| (dead.id.clone(), dead.engine.clone())).collect();
            match engine.reap(&engines) {
                Ok(done) => dead = forget(dead, &done),
                Err(error) => warnings.push(warn(&error)),
            }
        }
        for choice in [EngineChoice::Docker, EngineChoice::Podman] {
            let here = started::describe(choice, self.variables);
            if warnings.is_empty() && dead.iter().any(|dead| dead.engine == here) {
                match self.reap_in(choice, &dead) {
                    Ok(done) => dead = forget(dead, &done),
                    Err(error) => warnings.push(warn(&error)),
                }
            }
        }
        warnings
    }

    /// The same, and passes on the warnings.
    pub(super) fn sweep_and_warn(&self, engine: &dyn Engine) {
        for message in self.sweep_leftovers(Some(engine)) {
            self.emitter.emit(&Event::Warning { message: &message });
        }
    }

    /// Connects to an engine, and removes what these runs have left there.
    fn reap_in(&self, choice: EngineChoice, dead: &[DeadRun]) -> Result<Vec<String>, EngineError> {
        let directory = Directory::create(self.scratch)?;
        let options = EngineOptions {
            choice,
            docker: docker::program(choice, self.variables).to_owned(),
            answer_limit: docker::CLEANUP_LIMIT.min(self.config.answer_limit),
            cpus: None,
            ..self.engine_options(&directory, std::time::Duration::ZERO)
        };
        let engines: BTreeMap<String, String> =
            dead.iter().map(|dead| (dead.id.clone(), dead.engine.clone())).collect();
        Docker::connect(options, self.cancel, self.emitter)?.reap(&engines)
    }
}

/// Removes the folders of these runs, and returns the other ones.
fn forget(dead: Vec<DeadRun>, done: &[String]) -> Vec<DeadRun> {
    let (gone, rest): (Vec<_>, Vec<_>) = dead.into_iter().partition(|dead| done.contains(&dead.id));
    gone.into_iter().for_each(DeadRun::forget);
    rest
}

fn warn(error: &EngineError) -> String {
    format!("what a killed run has left cannot be removed: {error}; the next run tries again")
}

//! Compares the inputs of a check with those of its earlier runs.
//!
//! `cargo pipe why` explains with it why a check would run, and a report why it ran.

use super::Context;
use super::preflight::Preflight;
use crate::cache::{ResultCache, last_run};
use crate::fingerprint::diff::{self, Difference};
use crate::fingerprint::ingredients::Inputs;
use crate::plan::Step;

/// The earlier runs of a project's checks.
pub(super) struct History<'r> {
    pub(super) context: Context<'r>,
    pub(super) preflight: &'r Preflight<'r>,
    pub(super) store: &'r ResultCache,
}

impl History<'_> {
    /// The inputs of a step in its last run in this folder.
    pub(super) fn last_inputs(&self, step: &Step) -> Option<Inputs> {
        last_run::lookup(self.context.cache, &self.context.project.id(), &step.id)
    }

    /// The differences between the inputs of a step here and those of another run.
    pub(super) fn diff(&self, step: &Step, inputs: &Inputs, other: &Inputs) -> Vec<Difference> {
        let here = self.preflight.file_hashes(step);
        let there = self.store.files(&other.ingredients.sources);
        diff::find_differences((other, there.as_ref()), (inputs, here.as_ref()))
    }
}

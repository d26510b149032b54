//! The memory of an incremental tool: handed to the job of a step, and taken from its output.
//!
//! A run in which code of the project may have been executed gets no memory and leaves none.

use std::io;

use super::{ReadyStep, StepResources, reader};
use crate::cache::{Key, Memory, ResultCache};
use crate::config::CacheMode;
use crate::fingerprint::ingredients::{Ingredients, Inputs};
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Plain, RawOutput, Reason, ReasonKind, Status};
use crate::plan::Step;
use crate::run::incremental;
use crate::run::snapshot::Snapshot;
use crate::tools::SourceFiles;

/// Explains why a step has no memory, if it has none: code of the project may run in the tool's process
/// and could write any record, also one that is believed for other code.
///
/// A compiled module alone makes no difference, because the worker imports nothing of the project.
pub(super) fn refuse_memory(
    step: &Step,
    snapshot: &Snapshot,
    config: Option<&[u8]>,
) -> Option<String> {
    if !incremental::is_incremental(step) {
        return None;
    }
    let mut paths = snapshot.paths();
    paths.retain(|path| !path.ends_with(".so"));
    let source = step.find_host_reason(&paths, reader(step, snapshot, config))?;
    Some(format!("{source} may run code of the project, so no per-file results are stored"))
}

impl StepResources<'_, '_> {
    /// The memory of an incremental tool, as the tool reads it: the nearest to these files, if one is
    /// believed.
    pub(super) fn find_memory(
        &self,
        step: &Step,
        inputs: &Inputs,
        snapshot: Option<&Snapshot>,
    ) -> Option<Vec<u8>> {
        let store = self.store?;
        if store.mode() == CacheMode::Off || !incremental::is_incremental(step) {
            return None;
        }
        let key = incremental::key(&inputs.ingredients);
        let nearest = snapshot.and_then(|it| store.nearest_memory(&key, &it.inventory.hashes()));
        Some(incremental::format_file(store.mode(), &key, nearest.as_ref()))
    }
}

impl ReadyStep<'_> {
    /// Turns the output of a job into an outcome, and keeps the memory of an incremental tool.
    pub(super) fn read_output(
        &self,
        store: &ResultCache,
        outcome: CheckOutcome,
        mut output: RawOutput,
    ) -> CheckOutcome {
        let left = if incremental::is_incremental(self.step) {
            incremental::split_off(&mut output.stdout)
        } else {
            None
        };
        let classified = self.judge(&output);
        if let Some((key, memory)) = self.per_file_memory(&classified) {
            let outcome = self.complete(outcome, classified, &output);
            return self.remember(store, &key, &memory, outcome);
        }
        let outcome = self.complete(outcome, classified, &output);
        match (left, outcome.status) {
            (Some(left), Status::Passed | Status::Findings) => {
                let outcome = self.compare_to_plain(outcome, left.plain);
                let memory = match &self.refused_memory {
                    Some(why) => incremental::refuse(&left.memory, why),
                    None => left.memory,
                };
                let key = incremental::key(&self.inputs.ingredients);
                self.remember(store, &key, &memory, outcome)
            }
            _ => outcome,
        }
    }

    /// Compares an outcome with that of the tool's own command, if the worker ran it as well.
    fn compare_to_plain(
        &self,
        mut outcome: CheckOutcome,
        printed: Option<RawOutput>,
    ) -> CheckOutcome {
        if let Some(printed) = printed {
            let Step { id, tool, .. } = self.step;
            let blank = CheckOutcome::passed(id.clone(), tool.clone());
            outcome.plain =
                Some(Plain::of(&outcome, self.complete(blank, self.judge(&printed), &printed)));
        }
        outcome
    }

    /// Saves the memory that a tool left, unless it refutes an earlier one.
    pub(super) fn remember(
        &self,
        store: &ResultCache,
        key: &Hash,
        memory: &Memory,
        mut outcome: CheckOutcome,
    ) -> CheckOutcome {
        outcome.work = serde_json::from_str(&memory.summary).ok();
        if let Some(work) = &mut outcome.work
            && incremental::is_incremental(self.step)
        {
            super::folder::leave_names(&mut work.checked, &self.step.folder);
        }
        let ingredients = &self.inputs.ingredients;
        let Some(refuted) = incremental::explain_refuted(outcome.tool_label(), memory) else {
            // Memory only saves work in the next run.
            let _ = store.save_memory(key, &ingredients.sources, memory);
            return outcome;
        };
        let reason = match forget_memory(store, key, ingredients) {
            Ok(()) => refuted,
            Err(error) => Reason::new(ReasonKind::Environment, error.to_string()),
        };
        outcome.failed(Status::Error, reason)
    }
}

/// Forgets every memory under a key, and every outcome of such ingredients, which may rest on one of them.
fn forget_memory(store: &ResultCache, key: &Hash, ingredients: &Ingredients) -> io::Result<()> {
    let wrong = incremental::key(ingredients);
    for origin in store.origins() {
        let ingredients = origin.inputs.ingredients;
        if incremental::key(&ingredients) == wrong {
            store.forget(&Key::from_fingerprint(&ingredients.fingerprint()))?;
        }
    }
    store.forget_memories(key)
}

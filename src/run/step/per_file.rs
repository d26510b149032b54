//! The per-file results of a step: which of its files need a new one, and the tree with these files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{ReadyStep, StepResources, inputs_of};
use crate::cache::{Memory, ResultCache};
use crate::check::CachePolicy;
use crate::config::CacheMode;
use crate::engine::{Access, Job, PreparedEnvironment};
use crate::fingerprint::ingredients::Inputs;
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Classified, Reason, ToolStatus};
use crate::plan::Step;
use crate::process::Cancel;
use crate::project::ProjectPath;
use crate::run::Context;
use crate::run::per_file::{Division, FileResults, Summary};
use crate::run::snapshot::Snapshot;
use crate::snapshot::{self, EntryKind, Inventory, Tree};

/// The results of a step for single files, as an earlier run stored them.
pub(super) struct Stored {
    /// The key that they are stored under.
    key: Hash,
    division: Division,
    results: FileResults,
}

/// The files that a tool gets, and what is known of the others.
pub(super) struct PerFile {
    stored: Stored,
    scope: Scope,
}

/// The files that a tool gets.
enum Scope {
    /// All of them, for this reason.
    Whole(&'static str),
    /// Only some of them.
    Part(Part),
}

/// The files whose results are not known.
struct Part {
    /// The tree with them, and with the files that all results share.
    tree: Tree,
    /// Why each of them is checked.
    checked: BTreeMap<String, String>,
    /// The results for all other files.
    known: FileResults,
}

impl Stored {
    /// Looks up the stored results of a step; none if it has no results for single files.
    pub(super) fn find(
        step: &Step,
        store: &ResultCache,
        inventory: &Inventory,
        inputs: &Inputs,
    ) -> Option<Stored> {
        if !step.per_file || step.cache == CachePolicy::Never || store.mode() == CacheMode::Off {
            return None;
        }
        // The content of a link is that of another file.
        let is_link = |kind: &EntryKind| matches!(kind, EntryKind::Link { .. });
        if inventory.entries.values().any(|entry| is_link(&entry.kind)) {
            return None;
        }
        let files = inventory.entries.iter().map(|(path, entry)| (path.clone(), entry.hash));
        let division = Division::of(step, files);
        let key = division.key(&inputs.ingredients);
        let nearest = store.nearest_memory(&key, &inventory.hashes());
        let mut results = nearest.map(|memory| FileResults::read(&memory)).unwrap_or_default();
        if step.cache == CachePolicy::Passed {
            results.forget_findings();
        }
        Some(Stored { key, division, results })
    }

    /// The files that need no new result because their contents are the same and nothing is wrong with
    /// them.
    pub(super) fn accepted_files(self) -> BTreeSet<ProjectPath> {
        self.results.known(&self.division.own).without_findings().cloned().collect()
    }

    /// Chooses the files that a tool gets: those without a known result, but at least one. If most files
    /// have none, the reason that it gets all of them.
    fn choose(&self) -> Result<(BTreeMap<ProjectPath, &'static str>, FileResults), &'static str> {
        let mut known = self.results.clone().known(&self.division.own);
        let mut chosen = BTreeMap::new();
        for path in self.division.own.keys().filter(|path| !known.contains(path)) {
            let reason = if self.results.contains(path) { "it changed" } else { "it is new" };
            chosen.insert(path.clone(), reason);
        }
        if known.is_empty() {
            return Err("no results of an earlier run");
        }
        if chosen.len() > self.division.own.len() / 2 {
            return Err("most of its files changed");
        }
        if chosen.is_empty() {
            // The tool itself decides whether there is anything to check.
            let reason = "no file changed, and at least one is checked";
            chosen.extend(known.take_one().map(|path| (path, reason)));
        }
        Ok((chosen, known))
    }
}

impl PerFile {
    /// Decides which files the tool of a step gets, and copies them below `folder` if these are not all.
    pub(super) fn prepare(
        stored: Stored,
        mode: CacheMode,
        snapshot: &Snapshot,
        folder: &Path,
        cancel: &Cancel,
    ) -> Result<PerFile, Reason> {
        let is_audit = matches!(mode, CacheMode::Audit | CacheMode::AuditPlain);
        let chosen = match is_audit {
            true => Err("the results of the earlier run are audited"),
            false => stored.choose(),
        };
        let scope = match chosen {
            Err(reason) => Scope::Whole(reason),
            Ok((chosen, known)) => {
                let Snapshot { tree, inventory, .. } = snapshot;
                let files = stored.division.shared.keys().chain(chosen.keys()).cloned().collect();
                let tree = snapshot::copy_part(tree, inventory, &files, folder, cancel)
                    .map_err(|error| error.reason())?;
                let checked =
                    chosen.iter().map(|(path, why)| (path.to_string(), (*why).to_owned()));
                Scope::Part(Part { tree, checked: checked.collect(), known })
            }
        };
        Ok(PerFile { stored, scope })
    }

    /// The tree with some of the files, if the tool gets only these.
    pub(super) fn tree(&self) -> Option<&Tree> {
        match &self.scope {
            Scope::Whole(_) => None,
            Scope::Part(part) => Some(&part.tree),
        }
    }

    /// The memory of a run in which the tool has checked every file; none if its findings cannot be assigned
    /// to files.
    fn memory_of_whole(&self, classified: &Classified) -> Option<Memory> {
        let Stored { division, results, .. } = &self.stored;
        let new = FileResults::of(classified, division, &division.own)?;
        let summary = match self.scope {
            Scope::Whole(reason) => Summary {
                cold: reason.to_owned(),
                refuted: results.differences(&new),
                ..Summary::default()
            },
            Scope::Part(_) => Summary {
                cold: "its changed files could not be checked without the others".to_owned(),
                ..Summary::default()
            },
        };
        Some(new.to_memory(&summary))
    }
}

impl Part {
    /// Completes what the tool says about these files by what is known of the others, and returns the
    /// memory of both; none if that is not all there is to say.
    fn complete(&self, division: &Division, classified: &mut Classified) -> Option<Memory> {
        let is_checked = |path: &ProjectPath| self.checked.contains_key(path.as_str());
        let files = division.own.iter().filter(|(path, _)| is_checked(path));
        let files = files.map(|(path, hash)| (path.clone(), *hash)).collect();
        let mut results = FileResults::of(classified, division, &files)?;
        self.known.complete(classified);
        results.extend(self.known.clone());
        let checked = self.checked.clone();
        Some(results.to_memory(&Summary { checked, ..Summary::default() }))
    }
}

impl StepResources<'_, '_> {
    /// Finds the results for single files, and copies the files that need a new one.
    pub(super) fn find_per_file(
        &self,
        step: &Step,
        inputs: &Inputs,
        snapshot: &Snapshot,
    ) -> Result<Option<PerFile>, Reason> {
        let Some(store) = self.store else { return Ok(None) };
        let Some(stored) = Stored::find(step, store, &snapshot.inventory, inputs) else {
            return Ok(None);
        };
        let folder = self.folder.join("part");
        PerFile::prepare(stored, store.mode(), snapshot, &folder, self.context.cancel).map(Some)
    }
}

impl ReadyStep<'_> {
    /// Checks only the files whose results are not known. Returns none if that does not tell what checking
    /// all of them would.
    pub(super) fn check_part(
        &self,
        store: &ResultCache,
        outcome: &CheckOutcome,
    ) -> Option<CheckOutcome> {
        let PerFile { stored, scope } = self.per_file.as_ref()?;
        let Scope::Part(part) = scope else { return None };
        let name = format!("{}-part", self.name);
        let job = Job { app: &part.tree, ..self.job_as(&name, Access::Read) };
        let output = match self.engine.run(&job) {
            Ok(output) => output,
            Err(error) => return Some(self.fail(outcome.clone(), &error)),
        };
        let mut classified = self.judge(&output);
        if let ToolStatus::Failed(_) = classified.status {
            return None;
        }
        let memory = part.complete(&stored.division, &mut classified)?;
        let outcome = self.complete(outcome.clone(), classified, &output);
        Some(self.remember(store, &stored.key, &memory, outcome))
    }

    /// The memory for single files after all of them were checked, and its key.
    pub(super) fn per_file_memory(&self, classified: &Classified) -> Option<(Hash, Memory)> {
        let per_file = self.per_file.as_ref()?;
        Some((per_file.stored.key, per_file.memory_of_whole(classified)?))
    }
}

/// The files of a step that its tool is known to accept, each by itself.
pub(in crate::run) fn find_accepted_files(
    context: Context<'_>,
    step: &Step,
    environment: &PreparedEnvironment,
    store: &ResultCache,
    inventory: &Inventory,
) -> Result<BTreeSet<ProjectPath>, Reason> {
    let config = context.read_config(step)?;
    let resolved = environment.resolved.clone();
    let inputs = inputs_of(step, resolved, inventory.hash(), config.as_deref());
    let stored = Stored::find(step, store, inventory, &inputs);
    Ok(stored.map(Stored::accepted_files).unwrap_or_default())
}

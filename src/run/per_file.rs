//! Per-file results: what a tool says about one file.
//!
//! For some tools the result for a file depends on nothing but that file, its path, and the files that
//! all results share, such as a configuration. After an edit, such a tool gets a tree with only the
//! files whose results are not stored. It is started as always and looks for its files itself, so that
//! its own exclusions hold. The stored results complete what it says about this part of the project.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cache::Memory;
use crate::finding::Finding;
use crate::fingerprint;
use crate::fingerprint::ingredients::Ingredients;
use crate::hash::{Hash, HashBuilder};
use crate::outcome::{Classified, ToolStatus};
use crate::plan::Step;
use crate::project::ProjectPath;
use crate::run::incremental;
use crate::snapshot::ROOT_MARKERS;
use crate::tools::Command;

/// The files of a step: those with a result of their own, and those that all results share.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Division {
    /// The hash of each file with a result of its own.
    pub(super) own: BTreeMap<ProjectPath, Hash>,
    /// The hash of each other file.
    pub(super) shared: BTreeMap<ProjectPath, Hash>,
}

impl Division {
    /// Divides the files that a step sees.
    pub(super) fn of(
        step: &Step,
        files: impl IntoIterator<Item = (ProjectPath, Hash)>,
    ) -> Division {
        let mut division = Division::default();
        for (path, hash) in files {
            let part = match has_own_result(step, &path) {
                true => &mut division.own,
                false => &mut division.shared,
            };
            part.insert(path, hash);
        }
        division
    }

    /// The hash of everything that the results depend on, except the files themselves.
    pub(super) fn key(&self, ingredients: &Ingredients) -> Hash {
        let shared = self.shared.iter().map(|(path, hash)| (path.as_str(), *hash));
        HashBuilder::new("per file")
            .with(incremental::key(ingredients))
            .with(fingerprint::of_files(shared))
            .hash()
    }
}

/// Whether a file has a result of its own: it is below a source, and is named neither as an input nor in
/// the command, which may be the program itself.
fn has_own_result(step: &Step, path: &ProjectPath) -> bool {
    let is_checked = step.endings.is_empty()
        || step.endings.iter().any(|ending| path.as_str().ends_with(ending.as_str()));
    let inputs = step.file_set.paths.iter().filter(|named| !step.source.contains(named));
    let argv = match &step.command {
        Command::Exec(argv) | Command::Report { argv, .. } => argv.as_slice(),
        Command::Module { args, .. } => args.as_slice(),
    };
    is_checked
        // One of them may be a configuration, too.
        && !ROOT_MARKERS.contains(&path.as_str())
        && step.source.iter().any(|source| path.starts_with(source))
        && !inputs.into_iter().any(|input| path.starts_with(input))
        && !argv.iter().any(|arg| step.folder.join(arg).is_ok_and(|named| named == *path))
}

/// The result for one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct FileResult {
    /// The hash of the file.
    file: Hash,
    /// The findings in it, which are not identified yet.
    findings: Vec<Finding>,
}

/// The results for several files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct FileResults(BTreeMap<ProjectPath, FileResult>);

impl FileResults {
    /// Reads the results in a memory. Those that cannot be read count as missing.
    pub(super) fn read(memory: &Memory) -> FileResults {
        serde_json::from_str(&memory.content).unwrap_or_default()
    }

    /// The results of a tool that had these files, and no others with a result of their own; none if a
    /// finding is not about one file, or the tool rejects the files without one.
    pub(super) fn of(
        classified: &Classified,
        division: &Division,
        files: &BTreeMap<ProjectPath, Hash>,
    ) -> Option<FileResults> {
        let Classified { status, findings, warnings, score, session } = classified;
        let is_explained = match status {
            ToolStatus::Passed => true,
            ToolStatus::Findings => findings.iter().any(|finding| finding.gating),
            ToolStatus::Failed(_) => false,
        };
        if !is_explained || !warnings.is_empty() || score.is_some() || session.is_some() {
            return None;
        }
        let none = |(path, file): (&ProjectPath, &Hash)| {
            (path.clone(), FileResult { file: *file, findings: Vec::new() })
        };
        let mut results = FileResults(files.iter().map(none).collect());
        for finding in findings {
            let path = ProjectPath::new(&finding.place.path).ok()?;
            match results.0.get_mut(&path) {
                Some(result) if finding.related.is_empty() => result.findings.push(finding.clone()),
                None if division.shared.contains_key(&path) => {}
                _ => return None,
            }
        }
        Some(results)
    }

    /// The results for these files, as far as their contents are the same.
    pub(super) fn known(mut self, files: &BTreeMap<ProjectPath, Hash>) -> FileResults {
        self.0.retain(|path, result| files.get(path) == Some(&result.file));
        self
    }

    /// Forgets the results with findings.
    pub(super) fn forget_findings(&mut self) {
        self.0.retain(|_, result| result.findings.is_empty());
    }

    /// Whether it has no result at all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a result for this file.
    pub(super) fn contains(&self, path: &ProjectPath) -> bool {
        self.0.contains_key(path)
    }

    /// The files in which nothing is found.
    pub(super) fn without_findings(&self) -> impl Iterator<Item = &ProjectPath> {
        self.0.iter().filter(|(_, result)| result.findings.is_empty()).map(|(path, _)| path)
    }

    /// Takes the result for a file out: for one with findings if there is one, because the tool has
    /// certainly looked at it.
    pub(super) fn take_one(&mut self) -> Option<ProjectPath> {
        let has_findings = |(_, result): &(&ProjectPath, &FileResult)| !result.findings.is_empty();
        let found = self.0.iter().find(has_findings).or_else(|| self.0.iter().next());
        let path = found.map(|(path, _)| path.clone())?;
        self.0.remove(&path);
        Some(path)
    }

    /// Adds these results to what a tool says about other files.
    pub(super) fn complete(&self, classified: &mut Classified) {
        let findings = self.0.values().flat_map(|result| result.findings.iter().cloned());
        classified.findings.extend(findings);
        if classified.findings.iter().any(|finding| finding.gating) {
            classified.status = ToolStatus::Findings;
        }
    }

    /// Adds the results for other files.
    pub(super) fn extend(&mut self, others: FileResults) {
        self.0.extend(others.0);
    }

    /// Describes each file for which a fresh run gives another result than the stored one, by its path.
    pub(super) fn differences(&self, fresh: &FileResults) -> BTreeMap<String, String> {
        let mut differences = BTreeMap::new();
        for (path, result) in &self.0 {
            let Some(there) = fresh.0.get(path).filter(|there| there.file == result.file) else {
                continue;
            };
            if there.findings != result.findings {
                let (before, now) = (result.findings.len(), there.findings.len());
                let what = format!("its findings differ: {before} stored, {now} in a fresh run");
                differences.insert(path.to_string(), what);
            }
        }
        differences
    }

    /// The memory with these results, and a summary of the run that made them.
    pub(super) fn to_memory(&self, summary: &Summary) -> Memory {
        let Summary { cold, checked, refuted } = summary;
        let files = self.0.len();
        Memory {
            summary: json!({"files": files, "cold": cold, "checked": checked, "refuted": refuted})
                .to_string(),
            content: serde_json::to_string(self).unwrap_or_default(),
        }
    }
}

/// The work of a run, for `cargo pipe why`.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Why it checked every file; empty if it did not.
    pub(super) cold: String,
    /// Why it checked each of these files.
    pub(super) checked: BTreeMap<String, String>,
    /// The stored results that an audit refuted, by file.
    pub(super) refuted: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests;

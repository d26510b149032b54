//! The part of a plan that a change reaches.
//!
//! A check is reached by every file that its fingerprint covers: those that it sees, its configuration,
//! and those that its environment is built from. The settings, the accepted findings and the pipelines
//! of the project reach every check.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{EnvironmentSpec, FileSet, Plan, Step};
use crate::config::Config;
use crate::gate::CompareBase;
use crate::project::ProjectPath;
use crate::report::count::Count;

/// The checks that a change reaches, and those that it does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Affected {
    /// The commit that files are compared with.
    pub base: CompareBase,
    /// The number of files that changed.
    pub changed: usize,
    /// The checks that the change reaches, each with the changed file that reaches it first.
    pub reached: BTreeMap<String, ReachedBy>,
    /// The checks that it does not reach, which do not run.
    pub unaffected: Vec<String>,
}

/// The changed file that reaches a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReachedBy {
    /// Its path, relative to the project, with `/`.
    pub file: String,
    /// The package with that file, if it is another one than that of the check.
    pub package: Option<String>,
}

/// The files that changed, and those that checks see.
#[derive(Debug, Default)]
pub(crate) struct ChangeSet {
    /// The changed files of the project that exist.
    pub(crate) files: BTreeSet<ProjectPath>,
    /// Those that do not exist any more.
    pub(crate) removed: BTreeSet<ProjectPath>,
    /// A changed pipeline, which may be above the project.
    pub(crate) pipeline: Option<String>,
    /// The files of each file set, with those that are gone and may have been in it; a set that could not
    /// be listed is missing.
    pub(crate) seen: BTreeMap<FileSet, BTreeSet<ProjectPath>>,
    /// The files that each environment is built from. Not all of them exist.
    pub(crate) environments: BTreeMap<EnvironmentSpec, BTreeSet<ProjectPath>>,
}

impl ChangeSet {
    /// All changed files of the project.
    fn all(&self) -> impl Iterator<Item = &ProjectPath> {
        self.files.iter().chain(&self.removed)
    }

    fn has(&self, path: &ProjectPath) -> bool {
        self.files.contains(path) || self.removed.contains(path)
    }
}

impl Plan {
    /// Leaves out the steps that a change does not reach.
    pub(crate) fn narrow(&mut self, config: &Config, base: CompareBase, change: &ChangeSet) {
        let reach = Reach { config, change, of_every_step: self.find_shared(config, change) };
        let mut reached = BTreeMap::new();
        let mut unaffected = Vec::new();
        for step in &self.steps {
            match reach.find(step) {
                Some(by) => drop(reached.insert(step.id.to_string(), by)),
                None => unaffected.push(step.id.to_string()),
            }
        }
        self.steps.retain(|step| reached.contains_key(step.id.as_str()));
        if let Some(fixes) = &mut self.fixes {
            fixes.steps.retain(|fix| reach.find(&fix.step).is_some());
        }
        let changed = change.all().count();
        self.notes.push(format!(
            "{} of {} affected by {} since {}; the others do not run",
            reached.len(),
            Count(reached.len() + unaffected.len(), "check"),
            Count(changed, "changed file"),
            base.name
        ));
        self.affected = Some(Affected { base, changed, reached, unaffected });
    }

    /// A changed file that reaches every check.
    fn find_shared(&self, config: &Config, change: &ChangeSet) -> Option<String> {
        let baseline = self.gate.baseline.as_ref().map(|baseline| baseline.path.clone());
        let settings = ProjectPath::new(&config.manifest).ok().into_iter().chain(baseline);
        let mut settings = settings.filter(|path| change.has(path));
        settings.next().map(|path| path.to_string()).or_else(|| change.pipeline.clone())
    }
}

/// Decides which steps a change reaches.
struct Reach<'a> {
    config: &'a Config,
    change: &'a ChangeSet,
    of_every_step: Option<String>,
}

impl Reach<'_> {
    /// The changed file that reaches a step; none if no file does.
    fn find(&self, step: &Step) -> Option<ReachedBy> {
        if let Some(file) = &self.of_every_step {
            return Some(ReachedBy { file: file.clone(), package: None });
        }
        let built_from = self.change.environments.get(&step.environment);
        let is_covered = |path: &&ProjectPath| {
            step.config.as_ref().is_some_and(|config| config.path == **path)
                || built_from.is_some_and(|files| files.contains(path))
                || is_ignore_file_of(step, path)
                || self.is_seen(step, path)
        };
        // The step's own files explain it better than those of others.
        let own = self.change.all().filter(|path| path.starts_with(&step.folder)).find(is_covered);
        let path = own.or_else(|| self.change.all().find(is_covered))?;
        Some(ReachedBy { file: path.to_string(), package: self.find_package(step, path) })
    }

    /// Whether a step sees a changed file. One whose files could not be listed says so when it runs.
    fn is_seen(&self, step: &Step, path: &ProjectPath) -> bool {
        self.change.seen.get(&step.file_set).is_none_or(|seen| seen.contains(path))
    }

    /// The package of a file, if it is another one than that of a step.
    fn find_package(&self, step: &Step, path: &ProjectPath) -> Option<String> {
        let owners = self.config.packages.iter().filter(|it| path.starts_with(&it.folder));
        let owner = owners.max_by_key(|package| package.folder.as_str().len())?;
        (step.id.package() != Some(&owner.name)).then(|| owner.name.clone())
    }
}

/// Whether a file decides which files of a step are ignored.
fn is_ignore_file_of(step: &Step, path: &ProjectPath) -> bool {
    let folder = path.as_str().rsplit_once('/').map_or(".", |(folder, _)| folder);
    let Ok(folder) = ProjectPath::new(folder) else { return false };
    let seen = &step.file_set.paths;
    path.file_name() == ".gitignore"
        && seen.iter().any(|seen| seen.starts_with(&folder) || folder.starts_with(seen))
}

#[cfg(test)]
mod tests;

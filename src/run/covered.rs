//! The files that decide what the checks of a plan report.
//!
//! `watch` compares them before and after a change: only a difference starts the checks again. They are
//! what a fingerprint is computed from, apart from facts about the machine.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::context::start_threads;
use crate::cache::Index;
use crate::config::Check;
use crate::engine::EngineError;
use crate::environment::recipe;
use crate::hash::Hash;
use crate::plan::{FileSet, Plan};
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};
use crate::snapshot::Inventory;

/// The files that decide what the checks of a plan report, with their hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoveredFiles {
    /// The hash of each existing file by path.
    pub files: BTreeMap<String, Hash>,
    /// The reasons why files could not be listed or read.
    pub errors: BTreeSet<String>,
}

impl Context<'_> {
    /// The existing folders in which a changed or new file can decide what the checks of a plan report.
    #[must_use]
    pub fn list_covered_folders(&self, plan: &Plan) -> BTreeSet<ProjectPath> {
        let root = &self.project.root;
        let mut folders = BTreeSet::from([ProjectPath::root()]);
        for file_set in file_sets(plan) {
            // A folder that cannot be listed is an error of the check that covers it.
            folders.extend(Inventory::list_folders(root, file_set).unwrap_or_default());
        }
        let settings = self.list_settings(plan);
        let above = settings.iter().flat_map(ProjectPath::folders_above);
        folders.extend(above.filter(|folder| folder.on_disk(root).is_dir()));
        folders
    }

    /// Hashes the files that decide what the checks of a plan report.
    ///
    /// # Errors
    ///
    /// When no threads can be started.
    pub fn hash_covered_files(&self, plan: &Plan) -> Result<CoveredFiles, EngineError> {
        let root = &self.project.root;
        let index = Index::read(self.cache, &self.project.files_id());
        let wanted = file_sets(plan);
        let taken = start_threads(plan)?
            .install(|| Inventory::take_each(root, &wanted, &index, self.cancel));
        let mut covered = CoveredFiles::default();
        for inventory in taken.into_values() {
            match inventory {
                Ok(inventory) => covered.files.extend(inventory.hashes()),
                Err(error) => covered.errors.extend([error.to_string()]),
            }
        }
        for path in self.list_settings(plan) {
            match read::read_project_file(root, &path, SizeLimit::Report) {
                Ok(content) => covered.files.extend([(path.to_string(), Hash::of(&content))]),
                Err(error) if error.is_missing() => {}
                Err(error) => covered.errors.extend([format!("`{path}`: {error}")]),
            }
        }
        Ok(covered)
    }

    /// The files that decide and that checks do not see: the manifest, configs, locks, the Dockerfile and
    /// the baseline. Not all of them exist.
    fn list_settings(&self, plan: &Plan) -> BTreeSet<ProjectPath> {
        let config = self.config;
        let manifest = ProjectPath::new(&config.manifest);
        let locks = config.checks.iter().filter_map(Check::lock).chain([recipe::BUILD]);
        let of_project = config.dependency_sets().into_iter().map(|set| set.lock());
        let locks = locks.map(str::to_owned).chain(of_project);
        let locks = locks.map(|name| recipe::lock_path(config, &name));
        let mut files: BTreeSet<ProjectPath> = locks.chain([manifest]).flatten().collect();
        files.extend([recipe::base_lock_path(config), config.image.dockerfile.clone()]);
        files.extend(plan.gate.baseline.iter().map(|baseline| baseline.path.clone()));
        let configs = plan.every_step().filter_map(|step| step.config.as_ref());
        files.extend(configs.map(|config| config.path.clone()));
        files
    }
}

fn file_sets(plan: &Plan) -> BTreeSet<&FileSet> {
    plan.every_step().map(|step| &step.file_set).collect()
}

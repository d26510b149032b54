//! Finds what changed since a commit, and leaves out the steps of a plan that it does not reach.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::review::{folders, is_pipeline, relative_to};
use crate::discover;
use crate::environment::recipe::{self, BUILD};
use crate::gate::Since;
use crate::git::{self, GitContext, GitError};
use crate::network::CaBundle;
use crate::plan::{ChangeSet, EnvironmentSpec, FileSet, Plan};
use crate::project::ProjectPath;
use crate::snapshot::Inventory;

impl Context<'_> {
    /// Leaves out the steps that the changes since a commit do not reach. Uncommitted and new files
    /// count.
    ///
    /// # Errors
    ///
    /// When git, the repository, or the commit is missing.
    pub fn narrow(&self, plan: &mut Plan, since: &Since) -> Result<(), GitError> {
        let placement = discover::placement(&self.project.root);
        let folder = placement.folder_text();
        let Context { variables, cancel, emitter, .. } = *self;
        let context = GitContext { root: placement.repository(), variables, cancel, emitter };
        let mut tracked = BTreeSet::new();
        let all = |paths: &BTreeSet<String>| {
            tracked.clone_from(paths);
            paths.iter().map(|path| (path.clone(), ())).collect::<BTreeMap<_, _>>()
        };
        let (base, files) = git::select_changed_files(context, since, &folders(&folder), all)?;
        let mut change = ChangeSet::default();
        for path in files.into_keys() {
            if is_pipeline(&path) {
                change.pipeline = Some(relative_to(&folder, &path));
            }
            self.add(&mut change, &relative_to(&folder, &path));
        }
        let environments = plan.every_step().map(|step| &step.environment);
        change.environments = environments
            .map(|environment| (environment.clone(), self.list_built_from(environment)))
            .collect();
        change.seen = self.list_seen(plan, &change.removed);
        let tracked: BTreeSet<String> =
            tracked.iter().map(|path| relative_to(&folder, path)).collect();
        let seen = change.seen.values().flatten();
        let new: Vec<ProjectPath> =
            seen.filter(|path| !tracked.contains(path.as_str())).cloned().collect();
        change.files.extend(new);
        plan.narrow(self.config, base, &change);
        Ok(())
    }

    /// The files that an environment is built from. Not all of them exist.
    fn list_built_from(&self, environment: &EnvironmentSpec) -> BTreeSet<ProjectPath> {
        let config = self.config;
        let lock = match environment {
            EnvironmentSpec::Tool { lock, .. } => Some(lock.as_str()),
            EnvironmentSpec::Base { .. } | EnvironmentSpec::Rust { .. } => None,
            EnvironmentSpec::Image(_) => return BTreeSet::new(),
        };
        let project = environment.project();
        let build = environment.builds_project().then_some(BUILD);
        let locks = lock.into_iter().chain(project).chain(build);
        let locks = locks.filter_map(|name| recipe::lock_path(config, name).ok());
        let shared = [recipe::base_lock_path(config), config.image.dockerfile.clone()];
        let mut files: BTreeSet<ProjectPath> = locks.chain(shared).collect();
        if let Some(CaBundle::OfProject(path)) = &config.network.ca_bundle {
            files.insert(path.clone());
        }
        files
    }

    /// Adds a changed file, if it belongs to the project.
    fn add(&self, change: &mut ChangeSet, path: &str) {
        let Ok(path) = ProjectPath::new(path) else { return };
        match path.on_disk(&self.project.root).symlink_metadata() {
            Ok(_) => change.files.insert(path),
            Err(_) => change.removed.insert(path),
        };
    }

    /// The files that each file set of a plan covers, and those of the removed ones that it may have
    /// covered.
    fn list_seen(
        &self,
        plan: &Plan,
        removed: &BTreeSet<ProjectPath>,
    ) -> BTreeMap<FileSet, BTreeSet<ProjectPath>> {
        let root = &self.project.root;
        let sets: BTreeSet<&FileSet> = plan.every_step().map(|step| &step.file_set).collect();
        let list = |set: &FileSet| {
            // A check whose files cannot be listed says so itself.
            let files = Inventory::list(root, set).ok()?;
            let gone = removed.iter().filter(|path| Inventory::may_have_had(root, set, path));
            Some((set.clone(), files.into_iter().chain(gone.cloned()).collect()))
        };
        sets.into_iter().filter_map(list).collect()
    }
}

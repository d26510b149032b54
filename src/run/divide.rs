//! Keeps one part of a plan. Without known costs, a check costs what its files have in bytes.

use std::collections::BTreeMap;
use std::fs;

use super::Context;
use crate::plan::{Costs, FileSet, Plan, RunPart, Step};
use crate::project::ProjectPath;
use crate::snapshot::Inventory;

impl Context<'_> {
    /// Keeps the steps of one part of a plan.
    pub fn divide(&self, plan: &mut Plan, part: RunPart, costs: Option<&Costs>) {
        match costs {
            Some(costs) => plan.divide(part, costs),
            None => plan.divide(part, &self.measure(plan)),
        }
    }

    /// The size of the files that each step is about.
    fn measure(&self, plan: &Plan) -> Costs {
        let mut sizes: BTreeMap<&FileSet, Vec<(ProjectPath, u64)>> = BTreeMap::new();
        for step in &plan.steps {
            sizes.entry(&step.file_set).or_insert_with(|| self.list_sizes(&step.file_set));
        }
        let size = |step: &Step| {
            let files = sizes[&step.file_set].iter();
            files.filter(|(path, _)| step.is_about(path)).map(|(_, size)| size).sum()
        };
        plan.steps.iter().map(|step| (step.id.clone(), size(step))).collect()
    }

    /// The size of each file of a file set. A check whose files cannot be listed says so when it runs.
    fn list_sizes(&self, file_set: &FileSet) -> Vec<(ProjectPath, u64)> {
        let root = &self.project.root;
        let size = |path: ProjectPath| {
            let metadata = fs::symlink_metadata(path.on_disk(root)).ok()?;
            Some((path, metadata.len()))
        };
        let files = Inventory::list(root, file_set).unwrap_or_default();
        files.into_iter().filter_map(size).collect()
    }
}

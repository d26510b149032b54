//! Reads the evidence of a project that consists of packages.
//!
//! A command that runs in the folder of a package is evidence of that package only, and the tasks that it
//! calls are those in this folder. Everything else is evidence of the whole project.

use std::collections::BTreeMap;

use super::calls::{Follower, HandedCall};
use super::tasks::Call;
use super::{EvidenceRank, ProjectEvidence, WorkspaceEvidence, is_evidence, jobs};
use crate::project::ProjectPath;

/// Reads the evidence of the project, and of the packages in these folders.
pub(super) fn read(
    texts: &BTreeMap<ProjectPath, String>,
    folders: &[ProjectPath],
) -> WorkspaceEvidence {
    let root = ProjectPath::root();
    let files = files_of(texts, &root);
    let of_packages: Vec<BTreeMap<&str, &str>> =
        folders.iter().map(|folder| files_of(texts, folder)).collect();
    let project = Follower::new(&files, folders);
    let packages = of_packages.iter().map(|files| Follower::in_package(files, &project));
    let packages = packages.collect();
    let mut workspace = Workspace { folders, project, packages };
    for call in jobs::read(&files) {
        workspace.project.follow(&call, EvidenceRank::Job, 0);
    }
    workspace.hand_over();
    if !workspace.has_linter() {
        workspace.project.follow_tasks();
        workspace.hand_over();
        workspace.packages.iter_mut().for_each(Follower::follow_tasks);
    }
    workspace.project.follow_hooks();
    workspace.hand_over();
    if !workspace.has_linter() {
        workspace.project.add_dependencies();
        workspace.packages.iter_mut().for_each(Follower::add_dependencies);
    }
    workspace.into_evidence()
}

/// The texts of a folder that can contain evidence, by their paths in it.
fn files_of<'a>(
    texts: &'a BTreeMap<ProjectPath, String>,
    folder: &ProjectPath,
) -> BTreeMap<&'a str, &'a str> {
    let inside = |path: &'a str| match folder.is_root() {
        true => Some(path),
        false => path.strip_prefix(folder.as_str())?.strip_prefix('/'),
    };
    let files = texts.iter().filter_map(|(path, text)| Some((inside(path.as_str())?, &**text)));
    files.filter(|(path, _)| is_evidence(path)).collect()
}

struct Workspace<'a> {
    folders: &'a [ProjectPath],
    project: Follower<'a>,
    packages: Vec<Follower<'a>>,
}

impl Workspace<'_> {
    fn has_linter(&self) -> bool {
        self.project.has_linter() || self.packages.iter().any(Follower::has_linter)
    }

    /// Follows the commands of the project that run in the folder of a package.
    fn hand_over(&mut self) {
        for HandedCall { call, rank, depth } in std::mem::take(&mut self.project.handed_over) {
            let Some(path) = call.folder.as_ref().and_then(|it| ProjectPath::new(it).ok()) else {
                continue;
            };
            let above = self.folders.iter().enumerate().filter(|(_, it)| path.starts_with(it));
            let Some((at, folder)) = above.max_by_key(|(_, it)| it.as_str().len()) else {
                continue;
            };
            let below = path.below(folder);
            let mut call = Call { folder: (!below.is_root()).then(|| below.to_string()), ..call };
            // All places of a package are relative to its folder until the end.
            let up = "../".repeat(folder.as_str().split('/').count());
            call.origin.file.insert_str(0, &up);
            self.packages[at].follow(&call, rank, depth);
        }
    }

    fn into_evidence(self) -> WorkspaceEvidence {
        let finish = |mut evidence: ProjectEvidence, folder: &ProjectPath| {
            evidence.uses.sort_by_key(|used| used.rank);
            let of_uses = evidence.uses.iter_mut().map(|used| &mut used.origin);
            let of_foreign = evidence.foreign.iter_mut().map(|other| &mut other.origin);
            for origin in of_uses.chain(of_foreign) {
                if let Ok(path) = folder.join(&origin.file) {
                    origin.file = path.to_string();
                }
            }
            evidence
        };
        let packages = self.packages.into_iter().zip(self.folders);
        WorkspaceEvidence {
            project: finish(self.project.evidence, &ProjectPath::root()),
            packages: packages.map(|(it, folder)| finish(it.evidence, folder)).collect(),
        }
    }
}

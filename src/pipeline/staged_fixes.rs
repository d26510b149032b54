//! Stages what fixers changed, and makes the same changes in the work tree.
//!
//! A file is fixed in both places or in neither, so that no later `git add` undoes a fix. The index is
//! written first and by git itself; each file of the work tree is then replaced whole, if it still has
//! the content that was read. A kill in between leaves the fix staged, and every line in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::StagedPipeline;
use crate::checkout::{self, ChangedFile, CheckoutError};
use crate::engine::EngineError;
use crate::error::Error;
use crate::event::Observer;
use crate::git::{
    GitContext, Staged, StagedContent, StagedError, StagedKind, WorkFile, read_work_file,
};
use crate::hash::Hash;
use crate::process::{Cancel, Emitter};
use crate::project::ProjectPath;
use crate::report::diff;
use crate::run::Directory;
use crate::run::fix::write_back::{self, Amendment, WriteBackStep};
use crate::snapshot::InventoryEntry;

/// The fixes of a hook: staged, or refused.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct StagedFixes {
    /// The files whose fix is staged.
    pub staged: Vec<String>,
    /// The files that were left as they are.
    pub refused: Vec<RefusedFix>,
    /// Warnings about files of the work tree.
    pub warnings: Vec<String>,
}

/// A fix that was refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct RefusedFix {
    /// The file.
    pub path: String,
    /// The reason.
    pub why: &'static str,
    /// The fix as a unified diff.
    pub patch: Vec<u8>,
}

const OTHER_LINES: &str = "your work tree has other lines there";
const OTHER_KIND: &str = "it is not a regular file in your work tree";
const STAGED_AGAIN: &str = "it was staged again meanwhile";
const SINGLE_FILES: &str =
    "`git commit FILE` keeps an index of its own, which the fix would not leave";
const LINE_ENDS: &str = "git would check it out with other line ends";

impl StagedPipeline {
    /// Stages the files that fixers changed in the checkout, and changes them in the work tree.
    ///
    /// # Errors
    ///
    /// When git fails, or the files cannot be read. Then no file was changed.
    pub fn stage_fixes(
        &self,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<StagedFixes, Error> {
        let changed = self.checkout.changed()?;
        let mut fixes = StagedFixes::default();
        if changed.is_empty() {
            return Ok(fixes);
        }
        let emitter = Emitter::new(observer);
        let variables = &self.pipeline.environment;
        let work = &self.pipeline.project.identity;
        let context = GitContext { root: work, variables, cancel, emitter: &emitter };
        let index = self.checkout.index();
        let staged = Staged::list(context, index).map_err(CheckoutError::from)?;
        let mut contents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        staged.read(
            &changed.iter().map(|file| file.path.as_str()).collect(),
            |path, content| {
                if let StagedContent::Bytes(content) = content {
                    contents.insert(path.to_owned(), content);
                }
                Ok::<(), CheckoutError>(())
            },
        )?;
        let mut wanted: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut amendments = Vec::new();
        for ChangedFile { path, id, content } in changed {
            let before = contents.get(&path).cloned().unwrap_or_default();
            let is_same = staged
                .files
                .get(&path)
                .is_some_and(|file| file.id == id && matches!(file.kind, StagedKind::File { .. }));
            let planned = match (index.is_lasting(), is_same) {
                (false, _) => Err(SINGLE_FILES),
                (_, false) => Err(STAGED_AGAIN),
                _ => plan_work_file(work, &path, &before, &content),
            };
            match planned {
                Ok(amendment) => {
                    amendments.extend(amendment);
                    wanted.insert(path, content);
                }
                Err(why) => fixes.refuse(path, why, &before, &content),
            }
        }
        let scratch = Directory::create(&self.pipeline.scratch).map_err(EngineError::from)?;
        let ids = staged.write_objects(&wanted, scratch.path()).map_err(CheckoutError::from)?;
        for (path, content) in &wanted {
            if !ids.contains_key(path) {
                fixes.refuse(path.clone(), LINE_ENDS, &contents[path], content);
            }
        }
        if cancel.stopped().is_some() || ids.is_empty() {
            return Ok(fixes);
        }
        staged.stage(&ids).map_err(|error: StagedError| CheckoutError::from(error))?;
        amendments.retain(|amendment| ids.contains_key(amendment.path.as_str()));
        fixes.write_work_files(work, &amendments);
        fixes.staged = ids.into_keys().collect();
        Ok(fixes)
    }
}

impl StagedFixes {
    fn refuse(&mut self, path: String, why: &'static str, before: &[u8], after: &[u8]) {
        let patch = diff::unified(&path, before, after);
        self.refused.push(RefusedFix { path, why, patch });
    }

    fn write_work_files(&mut self, work: &Path, amendments: &[Amendment]) {
        let folder = |amendment: &Amendment| match amendment.path.as_str().rsplit_once('/') {
            Some((folder, _)) => ProjectPath::new(folder).ok(),
            None => Some(ProjectPath::root()),
        };
        let folders: BTreeSet<ProjectPath> = amendments.iter().filter_map(folder).collect();
        let mut observe = |_: WriteBackStep<'_>| ControlFlow::Continue(());
        let written = write_back::sweep(work, &folders)
            .and_then(|()| write_back::write(work, amendments, &mut observe));
        match written {
            Ok(written) => {
                let left_alone = written.left_alone.values();
                self.warnings.extend(left_alone.map(|left_alone| {
                    format!("its fix is staged, but in your work tree {left_alone}")
                }));
            }
            Err(error) => self.warnings.push(format!(
                "the fixes are staged, but the files of your work tree could not be replaced: {error}"
            )),
        }
    }
}

/// The change of a file in the work tree; none if it needs none.
fn plan_work_file(
    work: &Path,
    path: &str,
    before: &[u8],
    after: &[u8],
) -> Result<Option<Amendment>, &'static str> {
    let current = match read_work_file(work, path) {
        WorkFile::Content(content) => content,
        // It was deleted there, or a sparse checkout leaves it out.
        WorkFile::Missing => return Ok(None),
        WorkFile::Link(_) | WorkFile::Other => return Err(OTHER_KIND),
    };
    if current == after {
        return Ok(None);
    }
    let content = checkout::merge(before, after, &current).ok_or(OTHER_LINES)?;
    let metadata = fs::symlink_metadata(work.join(path)).map_err(|_| OTHER_KIND)?;
    let executable = metadata.permissions().mode() & 0o111 != 0;
    let path = ProjectPath::new(path).map_err(|_| OTHER_KIND)?;
    let before = InventoryEntry::file(&Hash::of(&current), executable);
    Ok(Some(Amendment { path, before, content }))
}

//! Finds options that the locked tools refuse in the project's configurations, and comments them out on
//! request.
//!
//! The tools list these options. A file is replaced only if it still has the text that was read.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Change, FileAction, InitRequest, ScaffoldError, WriteMode, write};
use crate::config::{Config, ToolConfig, Work};
use crate::discover;
use crate::project::{ProjectPath, ProjectPlacement};
use crate::read::{self, SizeLimit};
use crate::scaffold::adopt::refused::{Refusal, comment_out, find_refusals};
use crate::scaffold::adopt::{FolderSurvey, locked_version};
use crate::tools::{self, Tool};

/// What to do with options that a tool refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixMode {
    /// Report them.
    Report,
    /// Report them and comment them out.
    CommentOut,
}

/// An option that a tool refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedOption {
    /// The file.
    pub path: ProjectPath,
    /// The option and its place.
    pub refusal: Refusal,
    /// The tool, with its locked version.
    pub tool: String,
    /// Whether it is commented out, or would be in a dry run.
    pub fixed: bool,
}

/// Finds the refused options of all checks, and comments them out on request.
pub(super) fn find_refused(
    root: &Path,
    config: &Config,
    survey: &FolderSurvey,
    request: &InitRequest,
) -> Result<Vec<RefusedOption>, ScaffoldError> {
    let mut found = Vec::new();
    for (path, tool) in config_files(config, survey) {
        let Ok(place) = discover::inside(root, &path) else { continue };
        let Ok(text) = read::read_project_text(root, &path, SizeLimit::Config) else { continue };
        let refusals = find_refusals(tool, path.file_name(), &text);
        if refusals.is_empty() {
            continue;
        }
        let fixed = match request.fix {
            FixMode::Report => None,
            FixMode::CommentOut => comment_out(tool, path.file_name(), &text, &refusals),
        };
        if let (Some(fixed), WriteMode::Write) = (&fixed, request.mode) {
            write::replace(&place, &text, fixed)?;
        }
        let version = locked_version(tool).unwrap_or_default();
        found.extend(refusals.into_iter().map(|refusal| RefusedOption {
            path: path.clone(),
            refusal,
            tool: format!("{} {version}", tool.lock()),
            fixed: fixed.is_some(),
        }));
    }
    Ok(found)
}

/// The changes of the files with fixed options.
pub(super) fn changes(placement: &ProjectPlacement, found: &[RefusedOption]) -> Vec<Change> {
    let mut paths: Vec<&ProjectPath> =
        found.iter().filter(|found| found.fixed).map(|found| &found.path).collect();
    paths.sort();
    paths.dedup();
    let fixed = |path: &ProjectPath| Change {
        location: placement.in_project(path.clone()),
        action: FileAction::Fixed,
    };
    paths.into_iter().map(fixed).collect()
}

/// The configurations of the checks, once per program.
fn config_files(config: &Config, survey: &FolderSurvey) -> Vec<(ProjectPath, &'static dyn Tool)> {
    let mut files: BTreeMap<(ProjectPath, &str), &'static dyn Tool> = BTreeMap::new();
    for check in &config.checks {
        let Work::Tool { tool, config: from, packages, .. } = &check.work else { continue };
        let Some(tool) = tools::find(tool) else { continue };
        if packages.version.is_some() {
            // The lists of refused options are those of the bundled releases.
            continue;
        }
        let paths = match from {
            ToolConfig::Usual => {
                let file = tool.config_file();
                file.and_then(|file| config.config.join(file).ok()).into_iter().collect()
            }
            ToolConfig::File(path) => vec![path.clone()],
            ToolConfig::Found => survey.configs_of(tool).cloned().collect(),
        };
        files.extend(paths.into_iter().map(|path| ((path, tool.lock()), tool)));
    }
    files.into_iter().map(|((path, _), tool)| (path, tool)).collect()
}

//! Looks at a folder.
//!
//! Owns every look at the disk that `init` needs before it decides: which files a check could see,
//! and the texts that say how tools are run. Must not draw conclusions; the [`FolderSurvey`] goes to
//! [`crate::scaffold::adopt`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::ScaffoldError;
use crate::plan::FileSet;
use crate::project::{ProjectPath, discover};
use crate::scaffold::adopt::{self, FolderSurvey};
use crate::snapshot::Inventory;

/// Longer texts are no configurations.
const LONGEST: u64 = 1024 * 1024;

/// Looks at a folder. One that does not exist is an empty one.
pub(super) fn survey(root: &Path) -> Result<FolderSurvey, ScaffoldError> {
    let mut survey = FolderSurvey::default();
    if !root.is_dir() {
        return Ok(survey);
    }
    let everything =
        FileSet { paths: vec![ProjectPath::root()], exclude: Vec::new(), include: Vec::new() };
    survey.files = Inventory::list(root, &everything)?.into_iter().collect();
    survey.texts = texts(root, &survey.files);
    survey.remotes = remotes(root);
    Ok(survey)
}

/// The telling texts: at the root, in the config folder, and in every folder that checks see.
fn texts(root: &Path, files: &BTreeSet<ProjectPath>) -> BTreeMap<ProjectPath, String> {
    let folders: BTreeSet<&str> = files
        .iter()
        .flat_map(|path| path.as_str().match_indices('/').map(|(end, _)| &path.as_str()[..end]))
        .chain(["."])
        .collect();
    let names: BTreeSet<&str> = adopt::telling_names().collect();
    let inside = folders
        .into_iter()
        .flat_map(|folder| names.iter().map(move |name| format!("{folder}/{name}")));
    inside
        .chain(adopt::telling_files())
        .filter_map(|path| ProjectPath::new(&path).ok())
        .filter_map(|path| Some((path.clone(), text(root, &path)?)))
        .collect()
}

/// The text of a file; none for one that is not there, not ours to read, or no text.
fn text(root: &Path, path: &ProjectPath) -> Option<String> {
    let place = path.on_disk(root);
    let metadata = fs::metadata(&place).ok()?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return None;
    }
    discover::inside(root, path).ok()?;
    fs::read_to_string(place).ok()
}

/// The addresses in the repository's own configuration.
fn remotes(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join(".git/config")).unwrap_or_default();
    let address = |line: &str| Some(line.trim().strip_prefix("url = ")?.to_owned());
    text.lines().filter_map(address).collect()
}

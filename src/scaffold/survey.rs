//! Reads what `init` needs to know about a folder: its Python files, the texts that show how tools are
//! run, and the remotes of its repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::ScaffoldError;
use crate::discover;
use crate::plan::FileSet;
use crate::project::ProjectPath;
use crate::scaffold::adopt::{self, FolderSurvey};
use crate::snapshot::Inventory;

/// The size of the longest text that is read, in bytes. Configuration files are shorter.
const MAX_LENGTH: u64 = 1024 * 1024;

/// Surveys a folder. A folder that does not exist is treated as empty.
pub(super) fn survey(root: &Path) -> Result<FolderSurvey, ScaffoldError> {
    let mut survey = FolderSurvey::default();
    if !root.is_dir() {
        return Ok(survey);
    }
    let everything =
        FileSet { paths: vec![ProjectPath::root()], exclude: Vec::new(), include: Vec::new() };
    survey.files = Inventory::list(root, &everything)?.into_iter().collect();
    survey.texts = read_texts(root, &survey.files);
    survey.remotes = read_remotes(root);
    Ok(survey)
}

/// Reads the configuration files at the root, in the config folder, and in every folder of sources.
fn read_texts(root: &Path, files: &BTreeSet<ProjectPath>) -> BTreeMap<ProjectPath, String> {
    let folders: BTreeSet<&str> = files
        .iter()
        .flat_map(|path| path.as_str().match_indices('/').map(|(end, _)| &path.as_str()[..end]))
        .chain(["."])
        .collect();
    let names: BTreeSet<&str> = adopt::config_names().collect();
    let inside = folders
        .into_iter()
        .flat_map(|folder| names.iter().map(move |name| format!("{folder}/{name}")));
    inside
        .chain(adopt::config_paths())
        .filter_map(|path| ProjectPath::new(&path).ok())
        .filter_map(|path| Some((path.clone(), read_text(root, &path)?)))
        .collect()
}

/// Reads a text; none if the file is missing, outside the project, too long or not UTF-8.
fn read_text(root: &Path, path: &ProjectPath) -> Option<String> {
    let place = path.on_disk(root);
    let metadata = fs::metadata(&place).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_LENGTH {
        return None;
    }
    discover::inside(root, path).ok()?;
    fs::read_to_string(place).ok()
}

/// Reads the addresses of the remotes from the repository's configuration.
fn read_remotes(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join(".git/config")).unwrap_or_default();
    let address = |line: &str| Some(line.trim().strip_prefix("url = ")?.to_owned());
    text.lines().filter_map(address).collect()
}

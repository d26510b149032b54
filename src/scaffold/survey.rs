//! Reads what `init` needs to know about a folder: its Python files, the texts that show how tools are
//! run, and the remotes of its repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::ScaffoldError;
use crate::plan::FileSet;
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};
use crate::scaffold::adopt::{self, FolderSurvey};
use crate::scaffold::evidence;
use crate::snapshot::Inventory;

/// The most workflows of GitHub that are read.
const MOST_WORKFLOWS: usize = 200;

/// Surveys a folder. A folder that does not exist is treated as empty.
pub(super) fn survey(root: &Path) -> Result<FolderSurvey, ScaffoldError> {
    let mut survey = FolderSurvey::default();
    if !root.is_dir() {
        return Ok(survey);
    }
    let everything = FileSet { paths: vec![ProjectPath::root()], ..FileSet::default() };
    survey.files = Inventory::list(root, &everything)?.into_iter().collect();
    survey.texts = read_texts(root, &survey.files);
    survey.remotes = read_remotes(root);
    Ok(survey)
}

/// Reads the configuration files at the root, in the config folder, and in every folder of sources, and
/// what can have evidence at the root and in packages.
fn read_texts(root: &Path, files: &BTreeSet<ProjectPath>) -> BTreeMap<ProjectPath, String> {
    let folders: BTreeSet<&str> = files
        .iter()
        .flat_map(|path| path.as_str().match_indices('/').map(|(end, _)| &path.as_str()[..end]))
        .chain(["."])
        .collect();
    let names: BTreeSet<&str> = adopt::config_names().collect();
    let inside =
        folders.iter().flat_map(|folder| names.iter().map(move |name| format!("{folder}/{name}")));
    let projects: BTreeSet<&str> =
        folders.iter().copied().filter(|folder| is_project(files, folder)).collect();
    let listed = files.iter().map(ToString::to_string).filter(|path| {
        // The tasks of a package are in its own folder.
        let ends = path.match_indices('/').map(|(end, _)| end);
        let mut inside = ends.filter(|end| projects.contains(&path[..*end]));
        evidence::is_evidence(path) || inside.any(|end| evidence::is_evidence(&path[end + 1..]))
    });
    inside
        .chain(adopt::config_paths())
        .chain(listed)
        .chain(list_workflows(root))
        .filter_map(|path| ProjectPath::new(&path).ok())
        .filter_map(|path| Some((path.clone(), read_text(root, &path)?)))
        .collect()
}

/// Whether a folder has a `pyproject.toml`, and could therefore be a package.
fn is_project(files: &BTreeSet<ProjectPath>, folder: &str) -> bool {
    ProjectPath::new(&format!("{folder}/pyproject.toml")).is_ok_and(|path| files.contains(&path))
}

/// The paths of the workflows of GitHub, whose folder is hidden.
fn list_workflows(root: &Path) -> Vec<String> {
    let folder = ".github/workflows";
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let paths = names.take(MOST_WORKFLOWS).map(|name| format!("{folder}/{name}"));
    paths.filter(|path| evidence::is_evidence(path)).collect()
}

/// Reads a text; none if the file is missing, outside the project, too long or not UTF-8.
fn read_text(root: &Path, path: &ProjectPath) -> Option<String> {
    // Most of these files do not exist, and this is the fastest way to find out.
    fs::symlink_metadata(path.on_disk(root)).ok()?;
    read::read_project_text(root, path, SizeLimit::Config).ok()
}

/// Reads the addresses of the remotes from the repository's configuration.
fn read_remotes(root: &Path) -> Vec<String> {
    let content = read::read_file(&root.join(".git/config"), SizeLimit::Config).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let address = |line: &str| Some(line.trim().strip_prefix("url = ")?.to_owned());
    text.lines().filter_map(address).collect()
}

//! Which folders hold the sources.
//!
//! Owns the rule: in each Python package or crate, the folders right below it that hold Python,
//! or all of it where modules lie in it directly. What other people wrote is excluded, and what
//! only builds or documents a package is left out and named. Must not know any tool.

use std::collections::BTreeSet;

use super::{FolderSurvey, Note, folder_of, is_python, names};
use crate::project::ProjectPath;

/// A folder with one of them is a package or crate of its own.
const MARKERS: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg", "Cargo.toml"];

/// Folders with copies of other people's code.
const VENDORED: &[&str] = &["_vendor", "_vendored", "third_party", "vendor", "vendored"];

/// Modules that build or test a package and are no part of it.
const TOOLING: &[&str] =
    &["conftest.py", "fabfile.py", "noxfile.py", "setup.py", "tasks.py", "versioneer.py"];

/// Folders whose Python documents a package.
const DOCUMENTATION: &[&str] = &["doc", "docs"];

/// Where the Python is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PythonSources {
    /// What is checked, sorted, none below another.
    pub(super) source: Vec<ProjectPath>,
    /// What of it is not.
    exclude: Vec<ProjectPath>,
    /// Python that is not part of it.
    left_out: Vec<ProjectPath>,
}

/// Finds the sources.
pub(super) fn sources(survey: &FolderSurvey) -> PythonSources {
    let (mut source, mut foreign, mut left_out) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for path in survey.files.iter().filter(|path| is_python(path)) {
        if let Some(folder) = foreign_folder(survey, path) {
            foreign.insert(folder);
            continue;
        }
        let package = package_of(survey, path);
        let (place, is_part) = place(survey, &package, path);
        if is_part {
            source.insert(place)
        } else {
            left_out.insert(place)
        };
    }
    if source.is_empty() {
        std::mem::swap(&mut source, &mut left_out);
    }
    let is_below = |path: &ProjectPath, places: &BTreeSet<ProjectPath>| {
        places.iter().any(|place| path != place && path.starts_with(place))
    };
    let outermost: BTreeSet<ProjectPath> =
        source.iter().filter(|path| !is_below(path, &source)).cloned().collect();
    PythonSources {
        exclude: foreign.into_iter().filter(|path| is_below(path, &outermost)).collect(),
        left_out: left_out
            .into_iter()
            .filter(|path| !is_below(path, &outermost) && !outermost.contains(path))
            .collect(),
        source: outermost.into_iter().collect(),
    }
}

impl PythonSources {
    pub(super) fn exclude_globs(&self) -> Vec<String> {
        self.exclude.iter().map(|folder| format!("{folder}/**")).collect()
    }

    /// Whether a check sees a file that is not hidden.
    pub(super) fn cover(&self, path: &ProjectPath) -> bool {
        self.source.iter().any(|source| path.starts_with(source)) && !self.excludes(path)
    }

    pub(super) fn excludes(&self, path: &ProjectPath) -> bool {
        self.exclude.iter().any(|folder| path.starts_with(folder))
    }

    pub(super) fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        if !self.source.is_empty() {
            let (found, so) = match self.source.as_slice() {
                [root] if root.is_root() => {
                    ("modules at the root".to_owned(), "all of the project is checked")
                }
                source => (format!("Python in {}", names(source)), "that is what is checked"),
            };
            notes.push(Note::new(found, so));
        }
        if !self.exclude.is_empty() {
            let found = format!("other people's code in {}", names(&self.exclude));
            notes.push(Note::new(found, "`exclude` keeps it out"));
        }
        if !self.left_out.is_empty() {
            let found = format!("tooling or documentation in {}", names(&self.left_out));
            notes.push(Note::new(found, "no check sees it; `source` in `pipe.toml` can name it"));
        }
        notes
    }
}

/// The outermost folder on the way to a file that holds what nobody wrote here.
fn foreign_folder(survey: &FolderSurvey, path: &ProjectPath) -> Option<ProjectPath> {
    let text = path.as_str();
    let mut start = 0;
    for (end, _) in text.match_indices('/') {
        let name = &text[start..end];
        let parent = text[..start].trim_end_matches('/');
        let is_built = match name {
            "target" => has(survey, parent, "Cargo.toml"),
            "build" | "dist" => {
                has(survey, parent, "pyproject.toml") || has(survey, parent, "setup.py")
            }
            _ => false,
        };
        if is_built || VENDORED.contains(&name) {
            return ProjectPath::new(&text[..end]).ok();
        }
        start = end + 1;
    }
    None
}

/// The nearest folder above a file that is a package or crate; else the project.
fn package_of(survey: &FolderSurvey, path: &ProjectPath) -> ProjectPath {
    let mut folder = folder_of(path);
    while !folder.is_root() && !MARKERS.iter().any(|name| has(survey, folder.as_str(), name)) {
        folder = folder_of(&folder);
    }
    folder
}

/// What of a package a file belongs to, and whether that is what the package is made of.
fn place(survey: &FolderSurvey, package: &ProjectPath, path: &ProjectPath) -> (ProjectPath, bool) {
    if let Some(folder) = python_source(survey, package).filter(|folder| path.starts_with(folder)) {
        return (folder, true);
    }
    let inside = match package.is_root() {
        true => path.as_str(),
        false => path.as_str()[package.as_str().len()..].trim_start_matches('/'),
    };
    match inside.split_once('/') {
        Some((folder, _)) => {
            let place = package.join(folder).unwrap_or_else(|_| path.clone());
            (place, !DOCUMENTATION.contains(&folder))
        }
        None if TOOLING.contains(&inside) => (path.clone(), false),
        None => (package.clone(), true),
    }
}

/// Where maturin takes a package's Python from.
fn python_source(survey: &FolderSurvey, package: &ProjectPath) -> Option<ProjectPath> {
    let manifest = package.join("pyproject.toml").ok()?;
    let table: toml::Table = survey.texts.get(&manifest)?.parse().ok()?;
    let folder = table.get("tool")?.get("maturin")?.get("python-source")?.as_str()?;
    package.join(folder).ok().filter(|folder| folder != package)
}

fn has(survey: &FolderSurvey, folder: &str, name: &str) -> bool {
    let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    ProjectPath::new(&path).is_ok_and(|path| survey.files.contains(&path))
}

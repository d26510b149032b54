//! Finds the folders with the sources of a project.
//!
//! In each Python package or crate, these are the folders directly below it with Python in them, or the
//! whole package if it has modules at its top. Third-party code is excluded. Files that only build or
//! document a package are left out and noted.

use std::collections::BTreeSet;

use super::{FolderSurvey, Note, folder_of, is_python, join_names};
use crate::project::ProjectPath;

/// Files that mark a folder as a package or crate.
const MARKERS: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg", "Cargo.toml"];

/// Folders with copies of third-party code.
const VENDORED: &[&str] = &["_vendor", "_vendored", "third_party", "vendor", "vendored"];

/// Modules that build or test a package without being part of it.
const TOOLING: &[&str] =
    &["conftest.py", "fabfile.py", "noxfile.py", "setup.py", "tasks.py", "versioneer.py"];

/// Folders whose Python documents a package.
const DOCUMENTATION: &[&str] = &["doc", "docs"];

/// The Python files of a project, by folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PythonSources {
    /// The checked folders and files, sorted, none below another.
    pub(super) source: Vec<ProjectPath>,
    /// The folders below them that are excluded.
    exclude: Vec<ProjectPath>,
    /// The folders and files that are left out.
    left_out: Vec<ProjectPath>,
    /// Whether there is only tooling or documentation, which is therefore checked.
    pub(super) is_fallback: bool,
}

/// Finds the sources.
pub(super) fn find_sources(survey: &FolderSurvey) -> PythonSources {
    let (mut source, mut foreign, mut left_out) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for path in survey.files.iter().filter(|path| is_python(path)) {
        if let Some(folder) = foreign_folder(survey, path) {
            foreign.insert(folder);
            continue;
        }
        let package = package_of(survey, path);
        let (place, is_part) = source_of(survey, &package, path);
        if is_part {
            source.insert(place)
        } else {
            left_out.insert(place)
        };
    }
    let is_fallback = source.is_empty();
    if is_fallback {
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
        is_fallback,
    }
}

impl PythonSources {
    pub(super) fn exclude_globs(&self) -> Vec<String> {
        self.exclude.iter().map(|folder| format!("{folder}/**")).collect()
    }

    /// Whether a check sees a file, unless the file is hidden.
    pub(super) fn cover(&self, path: &ProjectPath) -> bool {
        self.source.iter().any(|source| path.starts_with(source)) && !self.excludes(path)
    }

    pub(super) fn excludes(&self, path: &ProjectPath) -> bool {
        self.exclude.iter().any(|folder| path.starts_with(folder))
    }

    /// The notes about the sources, of which those in `rest` belong to no package of a monorepo.
    pub(super) fn notes(&self, rest: &[ProjectPath]) -> Vec<Note> {
        let mut notes = Vec::new();
        let checked: Vec<ProjectPath> =
            self.source.iter().filter(|path| !rest.contains(path)).cloned().collect();
        if !checked.is_empty() {
            let (found, effect) = match checked.as_slice() {
                [root] if root.is_root() => {
                    ("modules at the root".to_owned(), "the whole project is checked")
                }
                source => (format!("Python in {}", join_names(source)), "it is checked"),
            };
            notes.push(Note::new(found, effect));
        }
        if !rest.is_empty() {
            notes.push(Note::new(
                format!("Python outside of the packages in {}", join_names(rest)),
                "only checks with `per-package = false` can check it",
            ));
        }
        if !self.exclude.is_empty() {
            let found = format!("third-party code in {}", join_names(&self.exclude));
            notes.push(Note::new(found, "it is excluded"));
        }
        if !self.left_out.is_empty() {
            let found = format!("tooling or documentation in {}", join_names(&self.left_out));
            notes.push(Note::new(
                found,
                "it is not checked; add it to `source` in `pipe.toml` to check it",
            ));
        }
        notes
    }
}

/// The outermost folder above a file with third-party or built code.
fn foreign_folder(survey: &FolderSurvey, path: &ProjectPath) -> Option<ProjectPath> {
    let text = path.as_str();
    let mut start = 0;
    for (end, _) in text.match_indices('/') {
        let name = &text[start..end];
        let parent = text[..start].trim_end_matches('/');
        let is_built = match name {
            "target" => has_file(survey, parent, "Cargo.toml"),
            "build" | "dist" => {
                has_file(survey, parent, "pyproject.toml") || has_file(survey, parent, "setup.py")
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
    while !folder.is_root() && !MARKERS.iter().any(|name| has_file(survey, folder.as_str(), name)) {
        folder = folder_of(&folder);
    }
    folder
}

/// The folder or file of a package that a file belongs to, and whether it is part of the package.
fn source_of(
    survey: &FolderSurvey,
    package: &ProjectPath,
    path: &ProjectPath,
) -> (ProjectPath, bool) {
    if let Some(folder) = maturin_source(survey, package).filter(|folder| path.starts_with(folder))
    {
        return (folder, true);
    }
    let above = if package.is_root() { 0 } else { package.as_str().len() };
    let inside = path.as_str()[above..].trim_start_matches('/');
    match inside.split_once('/') {
        Some((folder, _)) => {
            let place = package.join(folder).unwrap_or_else(|_| path.clone());
            (place, !DOCUMENTATION.contains(&folder))
        }
        None if TOOLING.contains(&inside) => (path.clone(), false),
        None => (package.clone(), true),
    }
}

/// The folder from which maturin takes the Python of a package.
fn maturin_source(survey: &FolderSurvey, package: &ProjectPath) -> Option<ProjectPath> {
    let manifest = package.join("pyproject.toml").ok()?;
    let table: toml::Table = survey.texts.get(&manifest)?.parse().ok()?;
    let folder = table.get("tool")?.get("maturin")?.get("python-source")?.as_str()?;
    package.join(folder).ok().filter(|folder| folder != package)
}

fn has_file(survey: &FolderSurvey, folder: &str, name: &str) -> bool {
    let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    ProjectPath::new(&path).is_ok_and(|path| survey.files.contains(&path))
}

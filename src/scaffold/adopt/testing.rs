//! Finds the tests of a project: the files that pytest collects with its default settings.
//!
//! A check with tests runs the project's own code. It is therefore only suggested, and switched on by the
//! user.

use std::collections::BTreeSet;

use super::sources::PythonSources;
use super::{FolderSurvey, Note, join_names};
use crate::project::ProjectPath;

/// The tests of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tests {
    /// The folders and files with tests, sorted, none below another.
    pub(super) places: Vec<ProjectPath>,
    /// The other sources, which the tests can import.
    pub(super) inputs: Vec<ProjectPath>,
}

/// Finds the tests among the sources.
pub(super) fn find_tests(survey: &FolderSurvey, sources: &PythonSources) -> Tests {
    let tests = survey.files.iter().filter(|path| is_test(path) && !sources.excludes(path));
    let places: BTreeSet<ProjectPath> = tests.map(|path| folder_of_test(path, sources)).collect();
    let is_inside =
        |path: &ProjectPath| places.iter().any(|place| place != path && path.starts_with(place));
    let places: Vec<ProjectPath> = places.iter().filter(|path| !is_inside(path)).cloned().collect();
    let others = sources.source.iter().filter(|path| !places.contains(path));
    Tests { inputs: others.cloned().collect(), places }
}

impl Tests {
    pub(super) fn note(&self) -> Option<Note> {
        (!self.places.is_empty()).then(|| {
            Note::new(
                format!("tests in {}", join_names(&self.places)),
                "uncomment `[checks.test]` in `pipe.toml` to run them with pytest; they run code of \
                 the project",
            )
        })
    }
}

/// Whether a file matches the default of pytest's `python_files`.
fn is_test(path: &ProjectPath) -> bool {
    let name = path.file_name();
    name.strip_suffix(".py")
        .is_some_and(|stem| stem.starts_with("test_") || stem.ends_with("_test"))
}

/// The folder of tests above a test, or the source that has it.
fn folder_of_test(path: &ProjectPath, sources: &PythonSources) -> ProjectPath {
    let text = path.as_str();
    let folders = text.match_indices('/').map(|(end, _)| &text[..end]);
    let mut tests = folders.filter(|folder| {
        let name = folder.rsplit('/').next().unwrap_or_default();
        matches!(name, "test" | "tests")
    });
    let folder = tests.next().and_then(|folder| ProjectPath::new(folder).ok());
    let source = || sources.source.iter().find(|source| path.starts_with(source)).cloned();
    folder.or_else(source).unwrap_or_else(|| path.clone())
}

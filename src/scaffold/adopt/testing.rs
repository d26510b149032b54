//! Which folders hold tests.
//!
//! Owns what counts as a test: a file that pytest finds by its usual names. A check that runs them
//! runs the project's code, so they are told of and switched on by nobody but a person. Must not
//! know pytest's settings; they are pytest's to read.

use std::collections::BTreeSet;

use super::sources::PythonSources;
use super::{FolderSurvey, Note, names};
use crate::project::ProjectPath;

/// The tests of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tests {
    /// What holds them, sorted, none below another.
    pub(super) places: Vec<ProjectPath>,
    /// What they can import: the other sources.
    pub(super) inputs: Vec<ProjectPath>,
}

/// Finds the tests among the sources.
pub(super) fn tests(survey: &FolderSurvey, sources: &PythonSources) -> Tests {
    let tests = survey.files.iter().filter(|path| is_test(path) && !sources.excludes(path));
    let places: BTreeSet<ProjectPath> = tests.map(|path| place(path, sources)).collect();
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
                format!("tests in {}", names(&self.places)),
                "`[checks.test]` in `pipe.toml` runs them with pytest once it is no comment; they \
                 run code of the project",
            )
        })
    }
}

/// As pytest's `python_files` has it unless set.
fn is_test(path: &ProjectPath) -> bool {
    let name = path.file_name();
    name.strip_suffix(".py")
        .is_some_and(|stem| stem.starts_with("test_") || stem.ends_with("_test"))
}

/// The folder of tests that a test is in, or else the source that it is part of.
fn place(path: &ProjectPath, sources: &PythonSources) -> ProjectPath {
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

//! Projects of different shapes. Each folder next to this file has a project in `in`, and the notes and
//! decisions of `init` about it in `output`. `SNAPSHOTS=overwrite cargo test --test init` updates them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_pipe::scaffold::{FileAction, Scaffolding, WriteMode};
use cargo_pipe::template;
use snapbox::{Assert, Data};

use crate::{files, init};

/// Third-party files, which no check may see and no decision may depend on.
const INSTALLED: &[(&str, &str)] = &[
    ("venv/pyvenv.cfg", ""),
    ("venv/lib/python3.13/site-packages/other/__init__.py", "import os\n"),
    (".tox/py/lib/other.py", "import os\n"),
    ("node_modules/gyp/gyp.py", "import os\n"),
    ("target/CACHEDIR.TAG", ""),
    ("target/debug/build/made.py", "import os\n"),
    ("venv/lib/python3.13/site-packages/other/ruff.toml", "line-length = 40\n"),
];

/// Every shape with its name.
pub(crate) fn shapes() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/init");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut shapes: Vec<(String, PathBuf)> = entries
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    shapes.sort();
    assert!(shapes.len() >= 8, "{shapes:?}");
    shapes
}

/// A copy of a shape, with what is installed in real projects.
pub(crate) fn copy(shape: &Path) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    files(&shape.join("in")).iter().for_each(|(name, bytes)| put(name, bytes));
    INSTALLED.iter().for_each(|(name, text)| put(name, text.as_bytes()));
    root
}

/// Every folder below one.
pub(crate) fn folders(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        open.extend(entries.filter(|path| path.is_dir()));
        found.insert(folder);
    }
    found
}

#[test]
fn the_report_of_each_shape_matches_its_snapshot() {
    for (_, shape) in shapes() {
        let root = copy(&shape);
        let done = init(root.path(), WriteMode::Write).unwrap();
        let settings = fs::read_to_string(root.path().join("pipe.toml")).unwrap();
        Assert::new().action_env("SNAPSHOTS").eq(
            Data::text(describe(&done, &settings)).raw(),
            Data::read_from(&shape.join("output"), None).raw(),
        );
    }
}

#[test]
fn a_dry_run_of_each_shape_reports_the_same_and_writes_nothing() {
    for (name, shape) in shapes() {
        let root = copy(&shape);
        let before = files(root.path());
        let dry = init(root.path(), WriteMode::DryRun).unwrap();
        assert_eq!(files(root.path()), before, "{name}");
        assert_eq!(init(root.path(), WriteMode::Write).unwrap(), dry, "{name}");
    }
}

#[test]
fn existing_files_stay_and_a_second_run_changes_nothing() {
    for (name, shape) in shapes() {
        let root = copy(&shape);
        let before = files(root.path());
        init(root.path(), WriteMode::Write).unwrap();
        let first = files(root.path());
        for (path, bytes) in &before {
            assert_eq!(first.get(path), Some(bytes), "{name}: {path}");
        }
        let again = init(root.path(), WriteMode::Write).unwrap();
        assert_eq!(files(root.path()), first, "{name}");
        assert_eq!(again.notes, [], "{name}");
        for change in again.changes {
            let is_theirs = before.contains_key(&change.location.to_string());
            let expected = if is_theirs { FileAction::Kept } else { FileAction::Unchanged };
            assert_eq!(change.action, expected, "{name}: {}", change.location);
        }
    }
}

#[test]
fn removal_restores_each_shape() {
    for (name, shape) in shapes() {
        let root = copy(&shape);
        let (before, dirs) = (files(root.path()), folders(root.path()));
        init(root.path(), WriteMode::Write).unwrap();
        crate::removal::remove(root.path());
        assert_eq!(files(root.path()), before, "{name}");
        assert_eq!(folders(root.path()), dirs, "{name}");
    }
}

/// The notes and changes, and the settings that differ from the defaults.
fn describe(done: &Scaffolding, settings: &str) -> String {
    let mut text = String::new();
    for note in &done.notes {
        writeln!(text, "{note}").unwrap();
    }
    for change in &done.changes {
        writeln!(text, "{:?} {}", change.action, change.location).unwrap();
    }
    for found in &done.refused {
        let refusal = &found.refusal;
        writeln!(text, "{}:{}: {}: {}", found.path, refusal.line, refusal.option, refusal.fate)
            .unwrap();
    }
    let defaults = template::default_config();
    let defaults: BTreeSet<&str> = defaults.lines().collect();
    let mut section = "";
    for line in settings.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') {
            section = line;
        } else if !defaults.contains(line) {
            writeln!(text, "{section} {line}").unwrap();
        }
    }
    text
}

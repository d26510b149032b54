//! Edits after which mypy misses an error, or reports one that is gone, if it believes its own cache.
//!
//! Each file of `traps` is one: the files of a project, and what an edit changes. There is at least one for
//! each rule of the worker. `cargo xtask soak mypy` also tries those in the folder `more`.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::project::Project;
use crate::python::has_python;

/// The files of a trap: a file without a text is deleted.
type Files = Vec<(String, Option<String>)>;

/// A test for each trap; in a soak, also for those in the folder `more`.
pub(crate) fn trials(is_soak: bool) -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mypy/traps");
    let mut folders = vec![folder.clone()];
    folders.extend(is_soak.then(|| folder.join("more")));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txtar"));
    files.sort();
    files.into_iter().map(trial).collect()
}

fn trial(file: PathBuf) -> Trial {
    let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
    let run = move || {
        spring(&fs::read_to_string(&file).unwrap());
        Ok(())
    };
    Trial::test(format!("traps::{name}"), run).with_ignored_flag(!has_python())
}

/// Makes the project, runs, edits it, and compares with a run that knows nothing.
fn spring(text: &str) {
    let (before, after) = text.split_once("== edit ==\n").unwrap();
    let project = Project::of(&[]);
    apply(&project, read(before));
    project.run();
    apply(&project, read(after));
    project.agrees();
}

fn apply(project: &Project, files: Files) {
    for (path, text) in files {
        match text {
            Some(text) => project.write(&path, &text),
            None => project.remove(&path),
        }
    }
}

/// Reads `-- PATH --`, followed by a text, or `-- PATH -- deleted`.
fn read(text: &str) -> Files {
    let mut files = Files::new();
    for line in text.lines() {
        let head = line.strip_prefix("-- ").and_then(|rest| rest.split_once(" --"));
        match (head, files.last_mut()) {
            (Some((path, "")), _) => files.push((path.to_owned(), Some(String::new()))),
            (Some((path, " deleted")), _) => files.push((path.to_owned(), None)),
            (None, Some((_, Some(content)))) => *content += &format!("{line}\n"),
            _ => panic!("{line}"),
        }
    }
    files
}

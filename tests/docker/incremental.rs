//! What a tool leaves for its next run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Test;
use crate::project::Project;

pub(crate) const TESTS: &[Test] = &[
    ("pylint_lints_what_an_edit_can_change_and_says_the_same", an_edit),
    ("pylint_forgets_what_is_damaged", damage),
];

/// A project whose outcomes are kept.
fn project() -> Project {
    let project = Project::scaffolded().with("CARGO_PIPE_CACHE", "on");
    project.write("src/thing.py", "\"\"\"A thing.\"\"\"\n\n\nclass Thing:\n    \"\"\"It.\"\"\"\n");
    let reader = "\"\"\"Reads.\"\"\"\n\nfrom thing import Thing\n\nprint(Thing().extra)\n";
    project.write("src/reader.py", reader);
    project
}

const WRITER: &str =
    "\"\"\"Writes.\"\"\"\n\nfrom thing import Thing\n\nTHING = Thing()\nTHING.extra = 1\n";

/// The findings of the next run, which are those of a run that knows nothing, and what it did.
fn lint(project: &Project) -> (Vec<String>, String) {
    let found = |args: &[&str]| {
        let findings = project.report(args).found("lint");
        findings.into_iter().map(|found| format!("{found:?}")).collect::<Vec<String>>()
    };
    let findings = found(&["run", "lint"]);
    let why = project.pipe(&["why", "lint"]);
    let start = why.stdout.find("its last run linted").unwrap_or_else(|| panic!("{why:?}"));
    assert_eq!(findings, found(&["run", "lint", "--no-cache"]));
    (findings, why.stdout[start..].to_owned())
}

fn an_edit() {
    let project = project();
    let (before, worked) = lint(&project);
    assert_eq!(worked, "its last run linted every file: nothing is known of an earlier run\n");
    project.write("src/writer.py", WRITER);
    let (after, worked) = lint(&project);
    assert_ne!(after, before);
    assert_eq!(
        worked,
        "its last run linted 3 of 4 files anew:\n\
         \x20 src/reader.py: src/writer.py gives src/thing.py other attributes\n\
         \x20 src/thing.py: src/writer.py gives src/thing.py other attributes\n\
         \x20 src/writer.py: it is new\n"
    );
    fs::remove_file(project.root.join("src/writer.py")).unwrap();
    assert_eq!(lint(&project).0, before);
    project.write(".config/.pylintrc", "[MAIN]\nload-plugins=pylint.extensions.mccabe\n");
    let (_, worked) = lint(&project);
    assert_eq!(worked, "its last run linted every file: nothing is known of an earlier run\n");
}

fn damage() {
    let project = project();
    let (before, _) = lint(&project);
    let states = states(&project);
    assert_eq!(states.len(), 1);
    let mut bytes = fs::read(&states[0]).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&states[0], bytes).unwrap();
    project.write("src/writer.py", WRITER);
    let (after, worked) = lint(&project);
    assert_ne!(after, before);
    assert_eq!(worked, "its last run linted every file: nothing is known of an earlier run\n");
}

fn states(project: &Project) -> Vec<PathBuf> {
    let home = project.root.parent().unwrap().join("home");
    let folder = home.join(".cache/cargo-pipe/results/states");
    let entry = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().path();
    fs::read_dir(Path::new(&folder)).unwrap().map(entry).collect()
}

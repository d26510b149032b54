//! The files that `remove --files` removes, and those that it leaves.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use cargo_pipe::config::layer::Layer;
use cargo_pipe::configure::load_config;
use cargo_pipe::discover;
use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::scaffold::{self, Taken, WriteMode};

use crate::{ALL, files, folder, init};

/// Removes what can be, and returns the files that stay although they were generated.
pub(crate) fn remove(root: &Path) -> Vec<String> {
    let project = discover::find(root).unwrap();
    let (config, _) = load_config(&project, &EnvVars::default(), Layer::default()).unwrap();
    let removals = scaffold::remove(&project.root, &config).unwrap();
    let kept = removals.into_iter().filter(|removal| removal.taken == Taken::Kept);
    kept.map(|removal| removal.location.to_string()).collect()
}

#[test]
fn a_file_that_was_edited_stays_and_is_named() {
    for path in ALL.iter().filter(|path| **path != "pipe.toml") {
        let root = folder(&[]);
        init(root.path(), WriteMode::Write).unwrap();
        let place = root.path().join(path);
        let edited = fs::read_to_string(&place).unwrap() + "# mine\n";
        fs::write(&place, &edited).unwrap();
        assert_eq!(remove(root.path()), [*path]);
        assert_eq!(files(root.path()).keys().collect::<Vec<_>>(), [path]);
        assert_eq!(fs::read_to_string(place).unwrap(), edited);
    }
}

#[test]
fn settings_that_were_edited_stay_and_keep_the_project_one() {
    let root = folder(&[]);
    init(root.path(), WriteMode::Write).unwrap();
    let place = root.path().join("pipe.toml");
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, text.replace("\"10m\"", "\"5m\"")).unwrap();
    assert_eq!(remove(root.path()), ["pipe.toml"]);
    assert!(discover::find(root.path()).is_ok());
}

#[test]
fn a_file_with_other_content_is_not_listed() {
    let own = &[(".config/.pylintrc", "[MAIN]\n"), (".docker/Dockerfile", "FROM scratch\n")];
    let root = folder(own);
    let before = files(root.path());
    init(root.path(), WriteMode::Write).unwrap();
    assert_eq!(remove(root.path()), [""; 0]);
    assert_eq!(files(root.path()), before);
}

#[test]
fn nothing_is_removed_through_a_link() {
    let root = folder(&[(".gitlab-ci.yml", "test:\n  script: [make]\n"), ("src/app.py", "")]);
    let outside = folder(&[]);
    init(root.path(), WriteMode::Write).unwrap();
    let (here, there) = (root.path().join(".gitlab"), outside.path().join("gitlab"));
    fs::rename(&here, &there).unwrap();
    symlink(&there, &here).unwrap();
    let before = files(outside.path());
    assert_eq!(before.len(), 1);
    remove(root.path());
    assert_eq!(files(outside.path()), before);
    assert!(!root.path().join("pipe.toml").exists());
}

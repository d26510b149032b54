//! The files that `sync` updates, refuses and leaves alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cargo_pipe::discover;
use cargo_pipe::scaffold::{self, DriftKind, Edited, WriteMode};

use crate::{ALL, files, folder, init};

/// What differs, as words.
fn drift(root: &Path) -> Vec<(String, DriftKind)> {
    let drifts = scaffold::drift(&discover::find(root).unwrap()).unwrap();
    drifts.into_iter().map(|drift| (drift.location.to_string(), drift.kind)).collect()
}

/// What was brought up to date.
fn sync(root: &Path, edited: Edited) -> Vec<String> {
    let project = discover::find(root).unwrap();
    let drifts = scaffold::drift(&project).unwrap();
    let done = scaffold::sync(&drifts, edited).unwrap();
    done.into_iter().map(|drift| drift.location.to_string()).collect()
}

fn project() -> tempfile::TempDir {
    let root =
        folder(&[(".git/config", "[remote \"origin\"]\n\turl = https://gitlab.example/a.git\n")]);
    init(root.path(), WriteMode::Write).unwrap();
    root
}

fn edit(root: &Path, path: &str, from: &str, to: &str) {
    let place = root.join(path);
    let text = fs::read_to_string(&place).unwrap();
    assert!(text.contains(from), "{path}");
    fs::write(place, text.replace(from, to)).unwrap();
}

#[test]
fn files_from_init_are_up_to_date() {
    assert_eq!(drift(project().path()), []);
}

#[test]
fn another_python_is_written_everywhere_but_into_configs_that_were_edited() {
    let root = project();
    let root = root.path();
    edit(root, ".config/mypy.ini", "[mypy]", "[mypy]\npretty = True");
    edit(root, "pipe.toml", "version = \"3.13\"", "version = \"3.12\"");
    let outdated = |path: &str| (path.to_owned(), DriftKind::Outdated);
    let expected = [
        ".docker/Dockerfile",
        ".config/.pylintrc",
        ".config/black.toml",
        ".config/pyproject.toml",
        ".gitlab-ci.yml",
    ];
    assert_eq!(drift(root), expected.map(outdated));
    assert_eq!(sync(root, Edited::Stay), expected);
    assert_eq!(drift(root), []);
    assert!(
        fs::read_to_string(root.join(".docker/Dockerfile")).unwrap().contains("python:3.12-slim")
    );
}

#[test]
fn an_edited_dockerfile_or_pipeline_is_refused_until_it_is_forced() {
    for path in [".docker/Dockerfile", ".gitlab-ci.yml"] {
        let root = project();
        let root = root.path();
        let before = files(root);
        let place = root.join(path);
        fs::write(&place, fs::read_to_string(&place).unwrap() + "# mine\n").unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o640)).unwrap();
        let edited = files(root);
        assert_eq!(drift(root), [(path.to_owned(), DriftKind::Edited)]);
        assert_eq!(sync(root, Edited::Stay), [""; 0]);
        assert_eq!(files(root), edited);
        assert_eq!(sync(root, Edited::Replace), [path]);
        assert_eq!(files(root), before);
        assert_eq!(fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o640);
    }
}

#[test]
fn a_file_with_other_content_is_never_overwritten() {
    for path in ALL.iter().filter(|path| **path != "pipe.toml") {
        let root = project();
        let root = root.path();
        fs::write(root.join(path), "# mine\n").unwrap();
        // Jobs have to be granted a Dockerfile that is not ours.
        let follows: &[&str] =
            if *path == ".docker/Dockerfile" { &[".gitlab-ci.yml"] } else { &[] };
        let outdated = |path: &&str| ((*path).to_owned(), DriftKind::Outdated);
        assert_eq!(drift(root), follows.iter().map(outdated).collect::<Vec<_>>(), "{path}");
        assert_eq!(sync(root, Edited::Replace), follows);
        assert_eq!(drift(root), [], "{path}");
        assert_eq!(fs::read_to_string(root.join(path)).unwrap(), "# mine\n");
    }
}

#[test]
fn a_pipeline_without_its_first_line_is_the_user_s_and_gets_a_file_to_include() {
    let root = project();
    let root = root.path();
    let place = root.join(".gitlab-ci.yml");
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, text.split_once('\n').unwrap().1).unwrap();
    assert_eq!(drift(root), [(".gitlab/pipe.yml".to_owned(), DriftKind::Missing)]);
    assert_eq!(sync(root, Edited::Replace), [".gitlab/pipe.yml"]);
    assert_eq!(drift(root), []);
}

#[test]
fn jobs_run_in_the_base_image_that_is_locked() {
    let root = project();
    let root = root.path();
    let digest = format!("sha256:{}", "1".repeat(64));
    let lock = format!(
        "[[base]]\nimage = \"python:3.13-slim\"\nplatform = \"linux/amd64\"\ndigest = \"{digest}\"\n\
         layers = \"{}\"\n[base.python]\nversion = \"3.13.5\"\nimplementation = \"cpython\"\n\
         modules = \"00\"\nmissing = []\nsystem = \"debian 13\"\n",
        "0".repeat(64)
    );
    fs::write(root.join(".docker/pipe.lock"), lock).unwrap();
    assert_eq!(drift(root), [(".gitlab-ci.yml".to_owned(), DriftKind::Outdated)]);
    assert_eq!(sync(root, Edited::Stay), [".gitlab-ci.yml"]);
    let text = fs::read_to_string(root.join(".gitlab-ci.yml")).unwrap();
    assert!(text.contains(&format!("  image: python:3.13-slim@{digest}\n")), "{text}");
}

#[test]
fn jobs_name_the_grant_that_a_foreign_base_needs() {
    let root = project();
    let root = root.path();
    edit(root, "pipe.toml", "#image = \"python:", "image = \"mirror.example/python:");
    sync(root, Edited::Stay);
    let text = fs::read_to_string(root.join(".gitlab-ci.yml")).unwrap();
    assert!(text.contains("run-all --engine venv --allow dockerfile\n"), "{text}");
}

#[test]
fn unneeded_files_are_removed_unless_they_were_edited() {
    let root = project();
    let root = root.path();
    edit(root, "pipe.toml", "gitlab = \"", "gitlab = false #\"");
    assert_eq!(drift(root), [(".gitlab-ci.yml".to_owned(), DriftKind::Unneeded)]);
    edit(root, ".gitlab-ci.yml", "\ncargo-pipe:", "\nmine:");
    assert_eq!(drift(root), []);
    edit(root, ".gitlab-ci.yml", "\nmine:", "\ncargo-pipe:");
    assert_eq!(sync(root, Edited::Stay), [".gitlab-ci.yml"]);
    assert!(!root.join(".gitlab-ci.yml").exists());
}

#[test]
fn missing_files_are_written_and_locks_stay_unchanged() {
    let root = project();
    let root = root.path();
    let before = files(root);
    fs::remove_file(root.join(".docker/requirements/ruff.txt")).unwrap();
    fs::remove_file(root.join(".config/.pylintrc")).unwrap();
    let missing = |path: &str| (path.to_owned(), DriftKind::Missing);
    let expected = [".docker/requirements/ruff.txt", ".config/.pylintrc"];
    assert_eq!(drift(root), expected.map(missing));
    assert_eq!(sync(root, Edited::Stay), expected);
    assert_eq!(files(root), before);
    edit(root, ".docker/requirements/ruff.txt", "ruff==", "ruff==0.");
    assert_eq!(drift(root), []);
}

#[test]
fn our_lock_of_a_project_follows_the_one_that_it_has() {
    let locked = include_str!("../fixtures/dependencies/uv.lock");
    let root = folder(&[("uv.lock", locked), ("src/main.py", "import six\n")]);
    let root = root.path();
    let own = ".docker/requirements/project.txt";
    let done = init(root, WriteMode::Write).unwrap();
    let note = done.notes.last().unwrap().to_string();
    let expected =
        "found `uv.lock`: pylint, mypy and your own checks see the packages that it locks";
    assert_eq!(note, expected);
    assert!(fs::read_to_string(root.join(own)).unwrap().contains("\nsix==1.17.0 \\\n"));
    assert_eq!(drift(root), []);
    edit(root, "uv.lock", "version = \"1.17.0\"", "version = \"1.17.1\"");
    assert_eq!(drift(root), [(own.to_owned(), DriftKind::Outdated)]);
    assert_eq!(sync(root, Edited::Stay), [own]);
    assert!(fs::read_to_string(root.join(own)).unwrap().contains("\nsix==1.17.1 \\\n"));
    // Without dependencies it is the user's to delete; `remove --files` takes it with the rest.
    let project = discover::find(root).unwrap();
    let layer = cargo_pipe::config::layer::Layer::default();
    let environment = cargo_pipe::env_vars::EnvVars::default();
    let (config, _) = cargo_pipe::configure::load_config(&project, &environment, layer).unwrap();
    scaffold::remove(root, &config).unwrap();
    assert!(!root.join(own).exists());
}

#[test]
fn a_lock_that_cannot_be_read_stops_sync_and_not_init() {
    let root = folder(&[("uv.lock", "version = 7\n"), ("src/main.py", "import six\n")]);
    init(root.path(), WriteMode::Write).unwrap();
    let error = scaffold::drift(&discover::find(root.path()).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "uv.lock: unsupported lock version 7");
}

#[test]
fn unlocked_dependencies_are_named_and_left_to_be_locked() {
    let root = folder(&[("requirements.txt", "six\n"), ("src/main.py", "import six\n")]);
    let done = init(root.path(), WriteMode::Write).unwrap();
    let note = done.notes.last().unwrap().to_string();
    assert!(note.contains("`requirements.txt`"), "{note}");
    assert_eq!(done.to_lock, ["project"]);
    assert!(!root.path().join(".docker/requirements/project.txt").exists());
}

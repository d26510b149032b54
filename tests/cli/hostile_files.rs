//! Files of a project that are links out of it, pipes, sockets, folders, loops, or too large.
//!
//! Each of them takes the place of each file that a command reads. No command may hang, crash, need
//! gigabytes of memory, or show what a link leads to.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::container::{PROOF, scene as container_scene};
use crate::scene::Scene;

/// The content of a file outside of the project.
const SECRET: &str = "root:$6$SECRET:19000:0:99999:7:::\n";

/// The files of a project that any of the commands reads.
const FILES: &[&str] = &[
    "pipe.toml",
    "Cargo.toml",
    "pyproject.toml",
    ".gitignore",
    "src/.gitignore",
    "src/pyproject.toml",
    "src/main.py",
    ".docker/pipe.lock",
    ".docker/Dockerfile",
    ".docker/requirements/ruff.txt",
    ".docker/requirements/pylint.txt",
    ".docker/requirements/project.txt",
    ".config/.pylintrc",
    ".config/pyproject.toml",
    ".config/mypy.ini",
    ".config/ruff.toml",
    ".config/baseline.jsonl",
    "uv.lock",
    "poetry.lock",
    "pylock.toml",
    "requirements.txt",
    "setup.cfg",
    "tox.ini",
    ".pre-commit-config.yaml",
    ".gitlab-ci.yml",
    ".github/workflows/pipe.yml",
    ".python-version",
    "Makefile",
    ".git/config",
];

/// The commands, without `update`, which asks a package index.
const COMMANDS: &[&str] = &[
    "list",
    "run-all --dry-run",
    "run-all",
    "sync",
    "init --fix-configs",
    "doctor",
    "trust",
    "remove --dry-run",
];

/// Runs every command on a project in which `make` has replaced one file, for each file.
fn attack(make: impl Fn(&Path, &Path)) {
    for name in FILES {
        let scene = Scene::with_project();
        let init = scene.pipe("init").ended();
        assert_eq!(init.status, Some(0), "{init:?}");
        let outside = scene.folder("home").join("shadow");
        fs::write(&outside, SECRET).unwrap();
        let place = scene.project().join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&place);
        make(&place, &outside);
        for command in COMMANDS {
            let ended = scene.pipe(command).within_limits();
            let status = ended.status;
            assert!(matches!(status, Some(0..=3)), "`{command}` with {name}: {ended:?}");
            let shown = format!("{}{}", ended.stdout, ended.stderr);
            assert!(!shown.contains("SECRET"), "`{command}` with {name}: {shown}");
            assert!(!shown.contains("panicked"), "`{command}` with {name}: {shown}");
        }
        assert_eq!(fs::read_to_string(&outside).unwrap(), SECRET, "{name}");
    }
}

#[test]
fn a_link_out_of_the_project_is_never_followed() {
    attack(|place, outside| symlink(outside, place).unwrap());
}

#[test]
fn a_link_to_an_endless_device_is_never_read() {
    attack(|place, _| symlink("/dev/zero", place).unwrap());
}

#[test]
fn a_pipe_is_never_waited_for() {
    attack(|place, _| make_pipe(place));
}

#[test]
fn a_socket_is_never_waited_for() {
    attack(|place, _| drop(UnixListener::bind(place).unwrap()));
}

#[test]
fn a_folder_in_the_place_of_a_file_crashes_nothing() {
    attack(|place, _| fs::create_dir(place).unwrap());
}

#[test]
fn a_link_to_itself_crashes_nothing() {
    attack(|place, _| symlink(place.file_name().unwrap(), place).unwrap());
}

#[test]
fn a_sparse_terabyte_is_never_read() {
    attack(|place, _| File::create(place).unwrap().set_len(1 << 40).unwrap());
}

#[test]
fn a_folder_in_a_thousand_folders_is_checked() {
    let scene = container_scene();
    let deep = scene.project().join("src").join("d/".repeat(1000));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("deep.py"), "").unwrap();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'"));
    let ended = scene.pipe("ruff").ended();
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

#[test]
fn a_linked_gitignore_is_named_and_ignores_nothing() {
    let scene = container_scene();
    let outside = scene.folder("home").join("patterns");
    fs::write(&outside, "*.py\n").unwrap();
    symlink(outside, scene.project().join("src/.gitignore")).unwrap();
    scene.docker().on(&["run", "--name"]).script(&format!("{PROOF}echo '[]'"));
    let ended = scene.pipe("ruff").ended();
    let warning = "`src/.gitignore` is a link, not a regular file, so it ignores nothing";
    assert!(ended.stdout.contains(warning), "{ended:?}");
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

#[test]
fn a_linked_lock_of_the_base_is_named_and_not_shown() {
    let scene = Scene::with_project();
    fs::write(scene.folder("home").join("shadow"), SECRET).unwrap();
    assert_eq!(scene.pipe("init").ended().status, Some(0));
    let lock = scene.project().join(".docker/pipe.lock");
    symlink(scene.folder("home").join("shadow"), lock).unwrap();
    let ended = scene.pipe("ruff").ended();
    let shown = format!("{}{}", ended.stdout, ended.stderr);
    let expected = "`.docker/pipe.lock` leaves the project through the link `.docker/pipe.lock`";
    assert!(shown.contains(expected), "{shown}");
    assert_eq!(ended.status, Some(2), "{shown}");
    let doctor = scene.pipe("doctor").ended();
    assert!(doctor.stdout.contains(expected), "{doctor:?}");
}

#[test]
fn a_sparse_terabyte_among_the_sources_is_named_with_the_setting_that_leaves_it_out() {
    let scene = Scene::with_project().file("src/data.bin", "");
    let data = File::options().write(true).open(scene.project().join("src/data.bin")).unwrap();
    data.set_len(1 << 40).unwrap();
    let ended = scene.pipe("ruff").within_limits();
    let shown = format!("{}{}", ended.stdout, ended.stderr);
    assert!(shown.contains("`src/data.bin` is 1 TiB"), "{shown}");
    assert!(shown.contains("`exclude`"), "{shown}");
    assert_eq!(ended.status, Some(2), "{shown}");
}

#[test]
fn a_gitignore_beyond_a_limit_is_an_error_that_names_it() {
    for (text, part) in [
        ("{a=".repeat(70_000), "has a pattern in line 1 that has 210000 bytes"),
        ("{a=".repeat(1_000), "nests braces more than 8 deep"),
        ("a\n".repeat(10_001), "has 10001 lines"),
        ("a".repeat(32 << 20), "its size is 32 MiB, and the limit is 256 KiB"),
    ] {
        let scene = Scene::with_project().file("src/.gitignore", &text);
        let ended = scene.pipe("ruff").within_limits();
        let shown = format!("{}{}", ended.stdout, ended.stderr);
        assert!(shown.contains("src/.gitignore"), "{shown}");
        assert!(shown.contains(part), "{part}: {shown}");
        assert!(matches!(ended.status, Some(2 | 3)), "{shown}");
    }
}

#[test]
fn a_glob_of_the_configuration_beyond_a_limit_is_refused() {
    for glob in ["{a=".repeat(1_000), "a".repeat(5_000)] {
        for key in ["exclude", "include"] {
            let text = format!("source = [\"src\"]\n{key} = [\"{glob}\"]\n");
            let ended = Scene::with_project().file("pipe.toml", &text).pipe("list").within_limits();
            assert_eq!(ended.status, Some(2), "{}", ended.stderr);
            assert!(ended.stderr.contains("error: the glob `"), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_report_from_a_pipe_is_read_and_one_without_an_end_is_refused() {
    let scene = Scene::with_project();
    let ended = scene.pipe("compare /dev/stdin").redirected("</dev/null");
    assert!(ended.stderr.contains("is not a report"), "{}", ended.stderr);
    let ended = scene.pipe("compare /dev/zero").within_limits();
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("the limit is 256 MiB"), "{}", ended.stderr);
}

fn make_pipe(place: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, place, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

//! Links, pipes, devices, sockets and loops in place of each file that the program opens.
//!
//! The program must neither wait for such a file, nor read without an end, nor show, change or
//! follow what is outside of the project.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::super::arena;
use super::super::cases;
use super::super::scene::{Machine, Scene};
use crate::failure::{Failure, Result};
use crate::process::Command;

/// Files that some command opens.
const FILES: &str = "\
    pipe.toml .docker/pipe.lock .docker/Dockerfile .docker/requirements/pylint.txt \
    .docker/requirements/ruff.txt .docker/requirements .docker .config/.pylintrc \
    .config/mypy.ini .config/black.toml .config/pyproject.toml .config/baseline.jsonl .config \
    .gitignore src/.gitignore src/main.py src/other.py src pyproject.toml requirements.txt \
    uv.lock poetry.lock pylock.toml Pipfile setup.cfg setup.py tox.ini noxfile.py Makefile \
    justfile .pre-commit-config.yaml .gitlab-ci.yml .github/workflows/pipe.yml .python-version \
    Cargo.toml Cargo.lock .cargo/config.toml mypy.ini ruff.toml pytest.ini .git .git/HEAD \
    .git/config .git/index MANIFEST.in README.md requirements-dev.txt .editorconfig";

/// Kinds of what is there instead.
const KINDS: &[&str] = &[
    "link out",
    "absolute link to a folder out",
    "link to zeros",
    "link to a terminal",
    "pipe",
    "socket",
    "link to itself",
    "dangling link",
    "link through a loop",
    "folder",
    "link to a pipe out",
    "device",
    "link to the descriptor",
    "link that goes out and back",
    "unreadable",
    "link to a folder that has it",
];

/// A file outside of the project to which some links lead.
const HIDDEN: &str = "tmp/.hidden";

/// Commands that open files.
const COMMANDS: &[&[&str]] = &[
    &["list"],
    &["run", "ruff"],
    &["run", "--dry-run", "lint", "format", "mypy"],
    &["init"],
    &["sync", "--check"],
    &["sync", "--force"],
    &["doctor"],
    &["why", "ruff"],
    &["run", "--fix", "ruff"],
    &["baseline"],
    &["remove", "--files"],
    &["trust", "--yes"],
    &["run", "ruff", "--changed", "HEAD"],
    &["format"],
];

/// The number of tries.
pub(super) fn cases() -> usize {
    FILES.split_whitespace().count() * KINDS.len() * COMMANDS.len()
}

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let files: Vec<&str> = FILES.split_whitespace().collect();
    let [file, kind, command] =
        cases::split(scene.case, [files.len(), KINDS.len(), COMMANDS.len()]);
    let (file, kind, command) = (files[file], KINDS[kind], COMMANDS[command]);
    scene.name(format!("`{file}` is a {kind}, {}", command.join(" ")));
    scene.build()?;
    if file.starts_with(".git/") || command.contains(&"HEAD") {
        Command::new("git", ["init", "--quiet"]).folder(&scene.folder("project")).read()?;
    }
    replace(scene, file, kind)?;
    let ended = scene.try_pipe(Machine::Bubblewrap, command)?;
    if ended.output.contains("root:x:0") {
        scene.escape("the output has the text of a system file");
    }
    arena::remove(&scene.folder(HIDDEN))?;
    if command.contains(&"remove") {
        // The environments of the project go with it, and the next run builds them again.
        scene.forget_environments();
    }
    if scene.case.is_multiple_of(4) {
        scene.expect_right(Machine::Bubblewrap, &["ruff"])
    } else {
        Ok(())
    }
}

/// Puts something else in the place of a file.
fn replace(scene: &Scene<'_>, file: &str, kind: &str) -> Result<()> {
    let path = scene.path(file);
    let failed = |error| Failure::file(&path, &error);
    let outside = scene.folder("outside");
    // What is outside looks like the original, with a secret in it.
    let original = fs::read_to_string(&path).unwrap_or_default();
    let is_folder = path.is_dir();
    let secret = fs::read_to_string(outside.join("secret.txt")).unwrap_or_default();
    let mut target = outside.join("secret.txt");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    if kind == "link that goes out and back" && path.exists() {
        let inside = scene.path("moved");
        fs::rename(&path, &inside).map_err(failed)?;
        let back = Path::new("../project").join("moved");
        return symlink(relative_to_root(file).join(back), &path).map_err(failed);
    }
    let keeps = scene.random.clone().bool();
    arena::remove(&path)?;
    let link = |target: &Path| symlink(target, &path).map_err(failed);
    match kind {
        "link out" if is_folder => link(&outside),
        "link out" => {
            if keeps {
                target = scene.folder("home/.hidden");
                fs::write(&target, format!("{original}\n# {secret}")).map_err(failed)?;
                fs::rename(&target, scene.folder(HIDDEN)).map_err(failed)?;
                target = scene.folder(HIDDEN);
            }
            link(
                &relative_to_root(file)
                    .join("..")
                    .join(target.strip_prefix(scene.folder("")).unwrap_or(&target)),
            )
        }
        "absolute link to a folder out" => link(&outside),
        "link to zeros" => link(Path::new("/dev/zero")),
        "link to a terminal" => link(Path::new("/dev/tty")),
        "link to the descriptor" => link(Path::new("/proc/self/fd/0")),
        "link to itself" => link(path.file_name().map_or(Path::new("x"), Path::new)),
        "dangling link" => link(Path::new("nowhere/at/all")),
        "link through a loop" => {
            symlink("loop-b", scene.path("loop-a")).map_err(failed)?;
            symlink("loop-a", scene.path("loop-b")).map_err(failed)?;
            link(&relative_to_root(file).join("loop-a/x"))
        }
        "folder" => fs::create_dir_all(path.join("folder")).map_err(failed),
        "link to a folder that has it" => {
            fs::create_dir_all(scene.path("real")).map_err(failed)?;
            link(&relative_to_root(file).join("real"))
        }
        "pipe" => make(&["mkfifo", &path.to_string_lossy()]),
        "link to a pipe out" => {
            let pipe = scene.folder("docker/pipe");
            make(&["mkfifo", &pipe.to_string_lossy()])?;
            link(&pipe)
        }
        // A path may be too long for a socket; then it is made from its folder.
        "socket" => UnixListener::bind(&path).map(drop).map_err(failed),
        "device" => make(&["mknod", &path.to_string_lossy(), "c", "1", "5"]),
        _ => {
            fs::write(&path, original).map_err(failed)?;
            make(&["chmod", "000", &path.to_string_lossy()])
        }
    }
}

/// The way from a file's folder to the root of the project.
fn relative_to_root(file: &str) -> std::path::PathBuf {
    let depth = file.matches('/').count();
    if depth == 0 { ".".into() } else { vec![".."; depth].join("/").into() }
}

/// Runs a program that makes a special file. Without the permission the file is missing.
fn make(words: &[&str]) -> Result<()> {
    let _ = Command::new(words[0], []).arguments(words[1..].iter().copied()).attempt();
    Ok(())
}

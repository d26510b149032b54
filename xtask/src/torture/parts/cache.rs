//! A cache folder in the checkout, as jobs have it, with content that a commit brought.
//!
//! The branch makes results with a tool that finds nothing, and commits them. A fresh clone must
//! find what the tool finds, or refuse the folder, and must execute nothing of it.

use std::fs;

use super::super::arena;
use super::super::scene::{Machine, Scene};
use crate::failure::Result;
use crate::process::Command;

/// Ways to bring the folder into a clone; the first word is the folder that is used as a cache.
const WAYS: &[(&str, &str)] = &[
    (".cache/cargo-pipe", "git add --force .cache"),
    (".cache/cargo-pipe", "printf '.cache/\\n' > .gitignore; git add --force .cache .gitignore"),
    (".cache/cargo-pipe", "git add --force .cache/cargo-pipe/results"),
    (".cache/cargo-pipe", "git add --force .cache/cargo-pipe/environments"),
    (".cache/cargo-pipe", "git add --force .cache/cargo-pipe/projects .cache/cargo-pipe/results"),
    (".cache/cargo-pipe", "mv .cache stuff; ln -s stuff .cache; git add --force stuff .cache"),
    (
        ".cache/cargo-pipe",
        "mv .cache/cargo-pipe stuff; ln -s ../stuff .cache/cargo-pipe; git add --force stuff .cache",
    ),
    (
        ".cache/cargo-pipe",
        "mv .cache/cargo-pipe/results stuff; ln -s ../../stuff .cache/cargo-pipe/results; git add --force stuff .cache",
    ),
    (
        ".cache/cargo-pipe",
        "mv .cache/cargo-pipe/environments stuff; ln -s ../../stuff .cache/cargo-pipe/environments; git add --force stuff .cache",
    ),
    (
        ".cache/cargo-pipe",
        "git -C .cache init --quiet; git -C .cache add --force .; git -C .cache -c user.name=x -c user.email=x@localhost commit --quiet -m x; rm -rf .cache/.git; git add --force .cache",
    ),
    ("src/../.cache/cargo-pipe", "git add --force .cache"),
    ("src/cache", "mv .cache/cargo-pipe src/cache; git add --force src"),
];

/// What the planted tool does in place of the real one.
const TOOLS: &[&str] =
    &["#!/bin/sh\necho '[]'\n", "#!/bin/sh\necho x >> MARKER 2>/dev/null\necho '[]'\n"];

/// The number of tries.
pub(super) fn cases() -> usize {
    WAYS.len() * TOOLS.len() * 2
}

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let [way, tool, machine] = super::super::cases::split(scene.case, [WAYS.len(), TOOLS.len(), 2]);
    let ((folder, way), tool) = (WAYS[way], TOOLS[tool]);
    let machine = [Machine::Bare, Machine::Bubblewrap][machine];
    scene.name(format!("{way} as {folder} ({machine:?})"));
    scene.build()?;
    super::git::commit(scene)?;
    let project = scene.folder("project");
    let place = project.join(".cache/cargo-pipe").to_string_lossy().into_owned();
    let run = |scene: &Scene<'_>, folder: &str| {
        scene.pipe(machine, &["run", "--check", "ruff"]).variable("CARGO_PIPE_CACHE_DIR", folder)
    };
    let ended = scene.run(&run(scene, &place), super::super::scene::LIMIT, &[1])?;
    let tool = tool.replace("MARKER", &scene.marker().to_string_lossy());
    for environment in arena::list(&scene.path(".cache/cargo-pipe/environments")) {
        let program = environment.join("bin/ruff");
        if program.exists() {
            arena::remove(&program)?;
            arena::write_script(&program, &tool)?;
        }
        for path in arena::list(&environment) {
            // So do modules, for a tool that Python starts.
            if path.ends_with("lib") {
                let script = "find \"$0\" -name '*.py' -path '*ruff*' -exec sh -c 'echo \"print([])\" > \"$1\"' sh {} ';'";
                Command::new("sh", ["-c", script, &path.to_string_lossy()]).read()?;
            }
        }
    }
    if ended.status.is_some() {
        fs::remove_dir_all(scene.path(".cache/cargo-pipe/results")).ok();
        let command = run(scene, &place);
        scene.run(&command, super::super::scene::LIMIT, &[0, 1, 2, 3])?;
    }
    let script = format!(
        "{way}\ngit -c user.name=x -c user.email=x@localhost commit --quiet --message cache && \
         cd .. && rm -rf clone && git clone --quiet project clone && rm -rf project && mv clone project"
    );
    Command::new("sh", ["-c", &script]).folder(&project).read()?;
    // What ran while the branch prepared its commit ran for the branch.
    let _ = fs::remove_file(scene.marker());
    let folder = project.join(folder).to_string_lossy().into_owned();
    for _ in 0..2 {
        let command = run(scene, &folder);
        let ended = scene.run(&command, super::super::scene::LIMIT, &[0, 1, 2, 3])?;
        if ended.status == Some(0) {
            scene.escape("a source with a finding passed");
        }
    }
    Ok(())
}

//! Paths that lead out of the project, or mean something else to a program, in each setting.
//!
//! Nothing outside may be shown, changed or checked.

use std::os::unix::fs::symlink;

use super::super::cases;
use super::super::scene::{Machine, Scene};
use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::workspace;

/// Paths, where `OUT` is the folder outside.
const PATHS: &[&str] = &[
    "../outside",
    "../outside/leak.py",
    "OUT",
    "OUT/leak.py",
    "OUT/secret.txt",
    "link",
    "link/leak.py",
    "src/link",
    "src/../../outside",
    "src/../link/leak.py",
    "./../outside",
    "..",
    "../",
    "/",
    "//OUT",
    "/proc/self/root/OUT",
    "/app/../outside",
    "~",
    "~/.bashrc",
    "$HOME",
    "${HOME}",
    "%HOME%",
    "-",
    "--",
    "-x",
    "--config=OUT/leak.py",
    "@OUT/leak.py",
    "src,OUT",
    "src:OUT",
    "src=OUT",
    "src OUT",
    "src\nOUT",
    "src\\\\..\\\\..\\\\outside",
    "file://OUT",
    "src/*/../../../outside",
    "**",
    "../**",
    "OUT/**",
    "{src,OUT}",
    "[!a]",
    "!src",
    "src/",
    "src//",
    "src/.",
    "./src",
    ".",
    "",
    " ",
    " src",
    "src ",
    "{{ src }}",
    "src\u{202e}",
    "src\u{1b}[2J",
    "con",
    "src/main.py/..",
    "src/main.py/../../../outside",
    "nul\\u0000",
    "é",
    "LONG",
    "DEEP",
    ".git",
    ".git/config",
    "pipe.toml",
    ".docker",
    "hard/leak.py",
    "loop",
    "loop/x",
];

/// Settings with a path.
const SETTINGS: &[&str] = &[
    "source = [PATH]\n",
    "config = PATH\n",
    "exclude = [PATH]\n",
    "include = [PATH]\n",
    "baseline = PATH\n",
    "[python]\nrequirements = [PATH]\n",
    "[image]\ndockerfile = PATH\n",
    "[network]\nca-bundle = PATH\n",
    "[checks.ruff]\ntool = \"ruff\"\nsource = [PATH]\n",
    "[checks.ruff]\ntool = \"ruff\"\nconfig = PATH\n",
    "[checks.ruff]\ntool = \"ruff\"\ninputs = [PATH]\n",
    "[checks.ruff]\ntool = \"ruff\"\nexclude = [PATH]\n",
    "[checks.ruff]\ntool = \"ruff\"\ninclude = [PATH]\n",
    "[packages]\nx = PATH\n",
    "[packages.x]\nsource = [PATH]\n",
    "--source",
    "--config",
    "--baseline",
    "--fix --source",
];

/// The number of tries.
pub(super) fn cases() -> usize {
    PATHS.len() * SETTINGS.len()
}

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    let [path, setting] = cases::split(scene.case, [PATHS.len(), SETTINGS.len()]);
    let (path, setting) = (PATHS[path], SETTINGS[setting]);
    scene.name(format!("{setting:?} with {path:?}"));
    scene.build()?;
    let outside = scene.folder("outside");
    workspace::write(
        &outside.join("leak.py"),
        "import SECRET_D41F7C\nimport os\nx = {  'a':1 }\n",
    )?;
    scene.note_outside();
    for (target, link) in
        [(outside.clone(), "link"), (outside.clone(), "src/link"), ("loop".into(), "loop")]
    {
        symlink(&target, scene.path(link)).map_err(|error| Failure::file(&target, &error))?;
    }
    let out = outside.to_string_lossy();
    let path = path.replace("OUT", &out).replace("LONG", &"x".repeat(5000));
    let path = path.replace("DEEP", &"x/".repeat(2000));
    let mut words = vec!["run", "ruff", "format"];
    if let Some(options) = setting.strip_prefix("--") {
        words.extend(["--fix"].iter().filter(|_| options.starts_with("fix")));
        words.push(match options {
            "config" => "--config",
            "baseline" => "--baseline",
            _ => "--source",
        });
        words.push(&path);
    } else {
        let quoted =
            serde_json::to_string(&path).unwrap_or_default().replace("\\\\u0000", "\\u0000");
        scene.write("pipe.toml", setting.replace("PATH", &quoted))?;
        words.push(if scene.case.is_multiple_of(3) { "--fix" } else { "--check" });
    }
    let path_of_git = scene.folder("project");
    if path.contains(".git") {
        Command::new("git", ["init", "--quiet"]).folder(&path_of_git).read()?;
    }
    let ended = scene.try_pipe(Machine::Bubblewrap, &words)?;
    if ended.output.contains("SECRET_D41F7C") {
        scene.escape("a file outside was checked");
    }
    Ok(())
}

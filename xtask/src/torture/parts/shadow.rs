//! Modules of the project with the names of modules that a tool imports.
//!
//! Every module of Python and of the tools' environments is tried. None may be executed: neither on
//! the machine nor in a sandbox, where it would end the tool or change its result.

use std::fs;

use super::super::arena;
use super::super::scene::{LIMIT, Machine, Scene};
use crate::failure::Result;
use crate::process::Command;

/// Names that are no modules of Python or a tool, but that one of them looks for.
const LOOKED_FOR: &str = "sitecustomize usercustomize enchant tomli exceptiongroup colorama \
                          importlib_metadata setuptools pkg_resources numpy six lxml orjson uvloop \
                          IPython jupyter tokenize_rt pylint_plugins _distutils_hack conftest";

pub(super) fn attack(scene: &mut Scene<'_>) -> Result<()> {
    scene.build()?;
    let modules = list_modules(scene)?;
    let module = modules[scene.case % modules.len()].clone();
    let check = ["lint", "lint", "lint", "mypy", "format"][scene.random.usize(..5)];
    let machine = [Machine::Bare, Machine::Bubblewrap][scene.random.usize(..2)];
    let form = ["src/NAME.py", "src/NAME/__init__.py", "NAME.py"][scene.random.usize(..3)];
    let path = form.replace("NAME", &module);
    scene.name(format!("{check} with {path} ({machine:?})"));
    let marker = scene.marker();
    let payload = format!(
        "\"\"\"A shadow.\"\"\"\n\ntry:\n    with open(\"{}\", \"a\") as file:\n        \
         file.write(\"x\")\nexcept OSError:\n    pass\nraise RuntimeError(\"shadow\")\n",
        marker.display()
    );
    scene.write(&path, payload)?;
    if form == "NAME.py" {
        let settings = fs::read_to_string(scene.path("pipe.toml")).unwrap_or_default();
        scene.write("pipe.toml", settings.replace("source = [\"src\"]", "source = [\".\"]"))?;
    }
    // By hand, mypy refuses a module that shadows one of its own.
    let allowed: &[i32] = if check == "mypy" { &[0, 1, 2, 3] } else { &[1] };
    let command = scene.pipe(machine, &["run", "--check", check]);
    let ended = scene.run(&command, LIMIT, &[0, 1, 2, 3])?;
    let asks = ended.status == Some(2) && ended.output.contains("--allow host");
    if ended.status.is_some_and(|status| !allowed.contains(&status)) && !asks {
        scene.lose(format!("a finding was expected, got exit status {:?}", ended.status));
    }
    Ok(())
}

/// Names of every module of Python, of the tools, and of those that they look for, mixed.
fn list_modules(scene: &Scene<'_>) -> Result<Vec<String>> {
    let print = "import sys; print(*sys.stdlib_module_names)";
    let standard = Command::new("python3", ["-c", print]).read()?;
    let mut names: Vec<String> = LOOKED_FOR.split_whitespace().map(str::to_owned).collect();
    names.extend(standard.split_whitespace().map(str::to_owned));
    for environment in arena::list(&scene.folder("cache/environments")) {
        for python in arena::list(&environment.join("lib")) {
            for path in arena::list(&python.join("site-packages")) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let name = name.split('.').next().unwrap_or_default().to_owned();
                let is_module = !name.contains('-') && !name.is_empty();
                if is_module {
                    names.push(name);
                }
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    fastrand::Rng::with_seed(0).shuffle(&mut names);
    Ok(names)
}

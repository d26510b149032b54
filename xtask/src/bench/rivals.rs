//! Other programs that run several commands: make, turbo, prek, pre-commit and tox.
//!
//! Each is configured to run the `docker run` of every check, all at once where it can. Programs
//! that are not installed are named and left out.

use std::path::PathBuf;

use super::package::Project;
use crate::docker::System;
use crate::failure::{Failure, Result};
use crate::process::{self, Command, Measured};
use crate::workspace;

/// A program and its command line.
pub(super) struct Rival {
    /// Its name and version.
    pub(super) name: String,
    command: Command,
}

impl Rival {
    /// Measures a run of every check.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub(super) fn measure(&self) -> Result<Measured> {
        let measured = self.command.measure()?;
        match measured.status {
            0 => Ok(measured),
            status => {
                let Rival { name, command } = self;
                let message = format!("{name} ended with exit status {status}: `{command}`");
                Err(Failure::new(message))
            }
        }
    }
}

/// Configures the programs that are installed for this project.
///
/// # Errors
///
/// When one cannot be installed or configured.
pub(super) fn rivals(
    project: &Project,
    scripts: &[(String, String)],
    system: System,
) -> Result<Vec<Rival>> {
    configure(project, scripts)?;
    let bench = workspace::target()?.join("bench");
    let (python, node) = (bench.join("python"), bench.join("node"));
    if system == System::Install {
        install(&python, &node)?;
    }
    let folders = [python.join("bin"), node.join("node_modules/.bin")];
    let typed = [
        "make --silent --jobs=4",
        "turbo run --no-daemon --output-logs=none lint format mypy ruff",
        "prek run --all-files",
        "pre-commit run --all-files",
        "tox run-parallel --quiet --parallel 4",
    ];
    let mut rivals = Vec::new();
    for words in typed {
        let name = words.split(' ').next().unwrap_or(words);
        let places = folders.iter().map(|folder| folder.join(name));
        let place: Option<PathBuf> = places.into_iter().find(|place| place.is_file());
        let program = match &place {
            Some(place) => place.to_string_lossy().into_owned(),
            None if process::is_installed(name) => name.to_owned(),
            None => {
                eprintln!("bench: {name} is not installed, so it is left out");
                continue;
            }
        };
        let version = Command::new(&program, ["--version"]).read()?;
        let version =
            version.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        rivals.push(Rival {
            name: format!("{name} {}", version.unwrap_or_default()),
            command: Command::new(&program, [])
                .arguments(words.split(' ').skip(1))
                .variable("TURBO_TELEMETRY_DISABLED", "1")
                .folder(&project.folder),
        });
    }
    Ok(rivals)
}

fn install(python: &std::path::Path, node: &std::path::Path) -> Result<()> {
    if !python.join("bin/tox").is_file() {
        let folder = python.to_string_lossy();
        Command::new("python3", ["-m", "venv", &folder]).read()?;
        let pip = format!("{folder}/bin/pip");
        Command::new(&pip, ["install", "--quiet", "pre-commit", "prek", "tox"]).read()?;
    }
    if process::is_installed("npm") && !node.join("node_modules/.bin/turbo").exists() {
        workspace::create_folder(node)?;
        Command::new("npm", ["install", "--no-audit", "--no-fund", "turbo"]).folder(node).read()?;
    }
    Ok(())
}

/// Writes the configuration of each program, which makes it run the scripts.
fn configure(project: &Project, scripts: &[(String, String)]) -> Result<()> {
    let (mut make, mut hooks, mut tox) = (String::new(), String::new(), String::new());
    let mut tasks = Vec::new();
    let mut packaged = Vec::new();
    for (name, script) in scripts {
        let file = format!(".bench-{name}.sh");
        // Turbo does not cache a task that failed, so findings are no failure here. From 125 on,
        // docker itself failed.
        let text = format!("{script} >/dev/null 2>&1\n[ $? -lt 125 ]\n");
        workspace::write(&project.path(&file), &text)?;
        make += &format!("{name}:\n\t@sh {file}\n");
        hooks += &format!(
            "  - {{id: {name}, name: {name}, language: system, entry: sh {file}, \
             pass_filenames: false, always_run: true}}\n"
        );
        tox += &format!(
            "[testenv:{name}]\nskip_install = true\nallowlist_externals = sh\n\
                         pass_env = *\ncommands = sh {file}\n"
        );
        tasks.push(format!("\"{name}\": {{}}"));
        packaged.push(format!("\"{name}\": \"sh {file}\""));
    }
    let names: Vec<&str> = scripts.iter().map(|(name, _)| name.as_str()).collect();
    let all = names.join(" ");
    let files = [
        ("Makefile", format!("all: {all}\n.PHONY: all {all}\n{make}")),
        (".pre-commit-config.yaml", format!("repos:\n- repo: local\n  hooks:\n{hooks}")),
        ("tox.ini", format!("[tox]\nenv_list = {}\nno_package = true\n{tox}", names.join(","))),
        ("turbo.json", format!("{{\"tasks\": {{{}}}}}\n", tasks.join(", "))),
        (
            "package.json",
            format!(
                "{{\"name\": \"bench\", \"private\": true, \"packageManager\": \"npm@10.0.0\", \
                 \"scripts\": {{{}}}}}\n",
                packaged.join(", ")
            ),
        ),
        (
            "package-lock.json",
            "{\"name\": \"bench\", \"lockfileVersion\": 3, \"packages\": {}}\n".to_owned(),
        ),
        (".gitignore", ".turbo/\n.tox/\nnode_modules/\n".to_owned()),
    ];
    for (name, text) in files {
        workspace::write(&project.path(name), &text)?;
    }
    project.command(["git", "add", "--all"]).read().map(|_| ())
}

//! Shows the main job at work on real input.
//!
//! Owns a temporary project made of a real package. Must not know more of the program than its
//! command line says. What the program prints is the demonstration; its exit status 1 means that
//! the package has findings, which is what should be seen.

use std::path::Path;

use crate::docker;
use crate::failure::{Failure, Result};
use crate::fixtures;
use crate::process::Command;
use crate::workspace;

/// Scaffolds a project around a package's sources and runs every check on it: without containers
/// where there is no docker engine, and none was to be installed.
///
/// # Errors
///
/// When the checks could not be done, or an engine was to be installed and could not be.
pub(crate) fn run(system: docker::System) -> Result<()> {
    let (image, engine) = match (docker::run(system), system) {
        (Ok(image), _) => (image, "docker"),
        (Err(failure), docker::System::Install) => return Err(failure),
        (Err(failure), docker::System::Keep) => {
            say(&format!("{failure}"));
            say("so the checks run without containers, in virtual environments");
            (docker::BASE_IMAGE.to_owned(), "venv")
        }
    };
    fixtures::run()?;
    let Some(package) = fixtures::packages()?.into_iter().next() else {
        return Err(Failure::new("no package is pinned"));
    };
    let project = workspace::target()?.join("demo");
    workspace::remove_folder(&project)?;
    copy(&package.folder()?.join(&package.name), &project.join("src").join(&package.name))?;

    let folder = project.to_string_lossy();
    Command::cargo("build --quiet --package cargo-pipe-ci").run()?;
    pipe(&["init", &folder])?;
    if image != docker::BASE_IMAGE {
        name_image(&project.join("pipe.toml"), &image)?;
    }
    let status = pipe(&["--project", &folder, "--engine", engine, "run-all"])?;
    match status {
        0 => say("all checks passed"),
        1 => say(&format!(
            "these are real findings in {} as its authors published it, so exit status 1 is right",
            package.name
        )),
        _ => {
            return Err(Failure::new(format!(
                "the checks could not be done: exit status {status}"
            )));
        }
    }
    say(&format!(
        "the project is in {folder}; `cargo run -- --project {folder} list` shows its checks"
    ));
    Ok(())
}

/// Runs the program as built here, and shows what is typed for it.
fn pipe(arguments: &[&str]) -> Result<i32> {
    say(&format!("cargo pipe {}", arguments.join(" ")));
    let status = Command::cargo("run --quiet --package cargo-pipe-ci --")
        .arguments(arguments.iter().copied())
        .status()?;
    if arguments[0] == "init" && status != 0 {
        return Err(Failure::new(format!("`cargo pipe init` ended with exit status {status}")));
    }
    Ok(status)
}

/// Puts the image under `[python]`, where the scaffold names the official one.
fn name_image(configuration: &Path, image: &str) -> Result<()> {
    let text = workspace::read(configuration)?;
    workspace::write(configuration, &text.replace(docker::BASE_IMAGE, image))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for file in workspace::files_below(from)? {
        let target = to.join(file.strip_prefix(from).unwrap_or(&file));
        if let Some(folder) = target.parent() {
            workspace::create_folder(folder)?;
        }
        std::fs::copy(&file, &target).map_err(|error| Failure::file(&file, &error))?;
    }
    Ok(())
}

fn say(text: &str) {
    eprintln!("demo: {text}");
}

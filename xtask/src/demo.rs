//! Shows the program at work on a real package.
//!
//! The output of the program is the demonstration. Its exit status 1 is right: the package has
//! findings.

use std::path::Path;

use crate::docker;
use crate::failure::{Failure, Result};
use crate::fixtures;
use crate::process::Command;
use crate::workspace;

/// Scaffolds a project around a package's sources and runs every check on it.
///
/// Without a docker engine, and without permission to install one, the checks run in virtual
/// environments.
///
/// # Errors
///
/// When the checks cannot be run, or an engine cannot be installed.
pub(crate) fn run(system: docker::System) -> Result<()> {
    let (image, engine) = match (docker::run(system), system) {
        (Ok(image), _) => (image, "docker"),
        (Err(failure), docker::System::Install) => return Err(failure),
        (Err(failure), docker::System::Keep) => {
            say(&format!("{failure}"));
            say("the checks run in virtual environments instead of containers");
            (docker::BASE_IMAGE.to_owned(), "venv")
        }
    };
    fixtures::run()?;
    let Some(package) = fixtures::packages()?.into_iter().next() else {
        return Err(Failure::new("`tests/fixtures/packages.txt` pins no package"));
    };
    let project = workspace::target()?.join("demo");
    workspace::remove_folder(&project)?;
    copy(&package.folder()?.join(&package.name), &project.join("src").join(&package.name))?;

    let folder = project.to_string_lossy();
    Command::cargo("build --quiet --package cargo-pipe-ci").run()?;
    pipe(&["init", &folder])?;
    if image != docker::BASE_IMAGE {
        set_image(&project.join("pipe.toml"), &image)?;
    }
    let status = pipe(&["--project", &folder, "--engine", engine, "run-all"])?;
    match status {
        0 => say("all checks passed"),
        1 => say(&format!(
            "exit status 1 is right: these are real findings in {} as its authors published it",
            package.name
        )),
        _ => {
            return Err(Failure::new(format!("the checks could not be run: exit status {status}")));
        }
    }
    say(&format!(
        "the project is in {folder}; `cargo run -- --project {folder} list` shows its checks"
    ));
    Ok(())
}

/// Runs the program as built here, and shows its command line.
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

/// Replaces the official image under `[python]`.
fn set_image(configuration: &Path, image: &str) -> Result<()> {
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

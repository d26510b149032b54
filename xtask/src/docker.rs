//! Makes an engine and the base images available.
//!
//! Owns the order of looking: what is there is used, what can be pulled is pulled, and only on
//! request is the system changed. Must not know what the engine is for. The name under which the
//! base image can be used goes back to the task that asked.

mod daemon;
mod packages;
mod stand_in;

use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::process::{self, Command};

/// The image that projects with the default configuration start from.
pub(crate) const BASE_IMAGE: &str = "python:3.13-slim";

/// How long a pull may take: a slow network's, not that of one that swallows every packet.
const PULL_LIMIT: Duration = Duration::from_secs(120);

/// May the system be changed?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// Packages, services and images are used as they are; images may be pulled.
    Keep,
    /// Packages may be installed, an engine started and stand-ins of images built.
    Install,
}

/// Makes everything available and returns the name of the base image.
///
/// # Errors
///
/// When something is missing that may not or cannot be had, with what to type.
pub(crate) fn run(system: System) -> Result<String> {
    packages::complete(system)?;
    let engine = daemon::running(system)?;
    if engine.is_ours {
        say(&format!("engine {} is running, started by this task", engine.version));
    } else {
        say(&format!("engine {} is running, started by somebody else", engine.version));
    }
    let name = base_image(system, &engine)?;
    if name != BASE_IMAGE {
        say(
            "the engine is not ours, so the official name stays free; this is how to use the image",
        );
        say(&format!("in `pipe.toml`: `[python]`, `image = \"{name}\"`"));
    }
    Ok(name)
}

fn base_image(system: System, engine: &daemon::Engine) -> Result<String> {
    if let Some(name) = stand_in::names(engine).into_iter().find(|name| is_local(name)) {
        say(&format!("image {name} is here"));
        return Ok(name);
    }
    say(&format!("pulling {BASE_IMAGE}"));
    let refusal =
        match Command::new("docker", ["pull", "--quiet", BASE_IMAGE]).attempt_for(PULL_LIMIT) {
            Ok(Some(output)) if output.status.success() => {
                say(&format!("image {BASE_IMAGE} is pulled"));
                return Ok(BASE_IMAGE.to_owned());
            }
            Ok(Some(output)) => process::last_lines(&String::from_utf8_lossy(&output.stderr)),
            Ok(None) => format!("no answer within {} s", PULL_LIMIT.as_secs()),
            Err(error) => error.to_string(),
        };
    if system == System::Keep {
        let message = format!("image `{BASE_IMAGE}` is not here and cannot be pulled: {refusal}");
        return Err(packages::for_install(&message));
    }
    say(&format!("{BASE_IMAGE} cannot be pulled: {refusal}"));
    stand_in::build(engine)
}

/// Installs packages that a task needs beside an engine, if any is missing.
///
/// # Errors
///
/// When one may not or cannot be installed.
pub(crate) fn complete_with(missing: &[&str], system: System) -> Result<()> {
    match (missing, system) {
        ([], _) => Ok(()),
        (_, System::Install) => packages::install(missing),
        (_, System::Keep) => Err(Failure::new(format!("not installed: {}", missing.join(", ")))
            .hint("add `--install`, or install them yourself")),
    }
}

/// Makes an official image available: one that is here or can be pulled, else, in an engine of our
/// own alone, another one under its name.
///
/// # Errors
///
/// When it is not to be had.
pub(crate) fn stand_in_for(official: &str, image: &str) -> Result<()> {
    if is_local(official) {
        return Ok(());
    }
    let pull = Command::new("docker", ["pull", "--quiet", official]).attempt_for(PULL_LIMIT);
    if matches!(pull, Ok(Some(output)) if output.status.success()) {
        return Ok(());
    }
    if !daemon::running(System::Keep)?.is_ours {
        return Err(Failure::new(format!("image `{official}` is not here and cannot be pulled")));
    }
    Command::new("docker", ["tag", image, official]).read().map(|_| ())
}

fn is_local(image: &str) -> bool {
    Command::new("docker", ["image", "inspect", "--format", "{{.Id}}", image])
        .attempt()
        .is_ok_and(|output| output.status.success())
}

/// Fails if the base image is here under another name than its own, which the tests use.
///
/// # Errors
///
/// As [`run`], and in that case.
pub(crate) fn run_for_tests() -> Result<()> {
    let name = run(System::Install)?;
    if name == BASE_IMAGE {
        return Ok(());
    }
    Err(Failure::new(format!("the tests use `{BASE_IMAGE}`, and only `{name}` is here")).hint(
        format!(
            "this engine is not the gate's own, so that name is yours to give; until you type \
         `docker rmi {BASE_IMAGE}` it hides the official image: `docker tag {name} {BASE_IMAGE}`"
        ),
    ))
}

/// Tells what was found or done.
fn say(text: &str) {
    eprintln!("docker: {text}");
}

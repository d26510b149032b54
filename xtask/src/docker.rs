//! Makes a docker engine and the base images available.
//!
//! An engine or image that is present is used, an image that can be pulled is pulled, and the
//! system is changed only on request. The task gets the name under which it can use the base image.

mod daemon;
mod packages;
mod rust_image;
mod stand_in;

use std::time::Duration;

pub(crate) use self::packages::Origin;
use crate::failure::{Failure, Result};
use crate::process::{self, Command};

/// The image that projects with the default configuration start from.
pub(crate) const BASE_IMAGE: &str = "python:3.13-slim";

/// The time limit of a pull: enough for a slow network, not for one that drops every packet.
const PULL_LIMIT: Duration = Duration::from_secs(120);

/// Whether the system may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// Packages and services are used as they are; images may be pulled.
    Keep,
    /// Packages may be installed, an engine started and stand-ins of images built.
    Install,
}

/// Makes everything available and returns the name of the base image.
///
/// # Errors
///
/// When something is missing that may not or cannot be installed. The hint says what to type.
pub(crate) fn run(system: System) -> Result<String> {
    packages::complete(system)?;
    let engine = daemon::find_or_start(system)?;
    if engine.is_ours {
        say(&format!("engine {} is running, started by this task", engine.version));
    } else {
        say(&format!("engine {} is running, not started by this task", engine.version));
    }
    let name = base_image(system, &engine)?;
    if system == System::Install {
        rust_image::complete(&engine)?;
    }
    if name != BASE_IMAGE {
        say("this task did not start the engine, so the official name stays free");
        say(&format!(
            "to use the image, write `image = \"{name}\"` under `[python]` in `pipe.toml`"
        ));
    }
    Ok(name)
}

fn base_image(system: System, engine: &daemon::Engine) -> Result<String> {
    if let Some(name) = stand_in::names(engine).into_iter().find(|name| is_local(name)) {
        say(&format!("image {name} is present"));
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
        let message = format!("image `{BASE_IMAGE}` is missing and cannot be pulled: {refusal}");
        return Err(packages::suggest_install(&message));
    }
    say(&format!("{BASE_IMAGE} cannot be pulled: {refusal}"));
    stand_in::build(engine)
}

/// Installs packages that a task needs in addition to an engine, if any is missing.
///
/// # Errors
///
/// When one may not or cannot be installed.
pub(crate) fn complete_with(missing: &[&str], origin: Origin, system: System) -> Result<()> {
    match (missing, system) {
        ([], _) => Ok(()),
        (_, System::Install) => packages::install(missing, origin),
        (_, System::Keep) => Err(Failure::new(format!("not installed: {}", missing.join(", ")))
            .hint("add `--install`, or install them yourself")),
    }
}

/// Makes an official image available.
///
/// If it is missing and cannot be pulled, another image gets its name, but only in an engine that
/// this task started.
///
/// # Errors
///
/// When it cannot be made available.
pub(crate) fn stand_in_for(official: &str, image: &str) -> Result<()> {
    if is_local(official) {
        return Ok(());
    }
    let pull = Command::new("docker", ["pull", "--quiet", official]).attempt_for(PULL_LIMIT);
    if matches!(pull, Ok(Some(output)) if output.status.success()) {
        return Ok(());
    }
    if !daemon::find_or_start(System::Keep)?.is_ours {
        return Err(Failure::new(format!("image `{official}` is missing and cannot be pulled")));
    }
    Command::new("docker", ["tag", image, official]).read().map(|_| ())
}

fn is_local(image: &str) -> bool {
    Command::new("docker", ["image", "inspect", "--format", "{{.Id}}", image])
        .attempt()
        .is_ok_and(|output| output.status.success())
}

/// Makes an engine available for the tests, which use the base image by its own name.
///
/// # Errors
///
/// As [`run`], and if the base image has another name.
pub(crate) fn run_for_tests() -> Result<()> {
    let name = run(System::Install)?;
    if name == BASE_IMAGE {
        return Ok(());
    }
    Err(Failure::new(format!("the tests need `{BASE_IMAGE}`, and only `{name}` is present")).hint(
        format!(
            "`docker tag {name} {BASE_IMAGE}` gives it that name, which hides the official image \
             until `docker rmi {BASE_IMAGE}`"
        ),
    ))
}

fn say(text: &str) {
    eprintln!("docker: {text}");
}

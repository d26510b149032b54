//! Runs the built files in two containers that have nothing of this machine.
//!
//! One holds the binary alone. The other has Python and no network, and pip installs the wheel
//! there as in a CI job.

use std::path::Path;

use super::PROGRAM;
use crate::docker::{self, System};
use crate::failure::{Failure, Result};
use crate::process::Command;

/// An image that holds the binary alone.
const ALONE: &str = "cargo-pipe.local/dist:alone";

/// Runs the files of this folder.
///
/// # Errors
///
/// When no engine answers, or a file does not run.
pub(super) fn run(folder: &Path, binary: &str, version: &str) -> Result<()> {
    let base = docker::run(System::Keep)?;
    let expected = format!("{PROGRAM} {version}");
    let place = folder.to_string_lossy();
    let archive = Command::new("tar", ["--create", "--directory", &place, binary]).read_bytes()?;
    Command::new("docker", ["import", "-", ALONE]).input(archive).read()?;
    let alone = format!("/{binary}");
    let version =
        Command::new("docker", ["run", "--rm", "--network", "none", ALONE, &alone, "--version"])
            .read();
    let removed = Command::new("docker", ["image", "rm", ALONE]).read();
    compare_version(&version?, &expected, "the binary")?;
    removed?;
    let mount = format!("type=bind,source={place},target=/dist,readonly");
    let install = "python3 -m pip install --quiet --no-index --find-links /dist --no-deps \
                   --target /tmp/pipe cargo-pipe-ci && /tmp/pipe/bin/cargo-pipe --version";
    let version = Command::new(
        "docker",
        ["run", "--rm", "--network", "none", "--mount", &mount, &base, "sh", "-c", install],
    )
    .read()?;
    compare_version(&version, &expected, "the wheel's binary")?;
    eprintln!("dist: the binary runs alone, and the wheel installs into {base}");
    Ok(())
}

fn compare_version(version: &str, expected: &str, what: &str) -> Result<()> {
    if version == expected {
        return Ok(());
    }
    Err(Failure::new(format!("{what} prints `{version}`, expected `{expected}`")))
}

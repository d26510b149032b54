//! Runs what was made where nothing of this machine is.
//!
//! Owns two containers: one with the binary and nothing else, one with Python and no network, where
//! pip installs the wheel as a job of CI does. Must not know how the files were made.

use std::path::Path;

use super::PROGRAM;
use crate::docker::{self, System};
use crate::failure::{Failure, Result};
use crate::process::Command;

/// An image that holds the binary alone.
const ALONE: &str = "cargo-pipe.local/dist:alone";

/// Tries the files of this folder.
///
/// # Errors
///
/// When there is no engine, or one of them does not run.
pub(super) fn run(folder: &Path, binary: &str, version: &str) -> Result<()> {
    let base = docker::run(System::Keep)?;
    let expected = format!("{PROGRAM} {version}");
    let place = folder.to_string_lossy();
    let archive = Command::new("tar", ["--create", "--directory", &place, binary]).read_bytes()?;
    Command::new("docker", ["import", "-", ALONE]).input(archive).read()?;
    let alone = format!("/{binary}");
    let told =
        Command::new("docker", ["run", "--rm", "--network", "none", ALONE, &alone, "--version"])
            .read();
    let removed = Command::new("docker", ["image", "rm", ALONE]).read();
    same(&told?, &expected, "the binary")?;
    removed?;
    let mount = format!("type=bind,source={place},target=/dist,readonly");
    let install = "python3 -m pip install --quiet --no-index --find-links /dist --no-deps \
                   --target /tmp/pipe cargo-pipe-ci && /tmp/pipe/bin/cargo-pipe --version";
    let told = Command::new(
        "docker",
        ["run", "--rm", "--network", "none", "--mount", &mount, &base, "sh", "-c", install],
    )
    .read()?;
    same(&told, &expected, "the wheel's binary")?;
    eprintln!("dist: the binary runs alone, and the wheel installs into {base}");
    Ok(())
}

fn same(told: &str, expected: &str, what: &str) -> Result<()> {
    match told == expected {
        true => Ok(()),
        false => Err(Failure::new(format!("{what} says `{told}` in place of `{expected}`"))),
    }
}

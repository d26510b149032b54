//! Finds the Rust toolchain of this machine that has the release of the project.
//!
//! It searches the toolchains of rustup and then PATH. rustup itself is not started, because it would
//! install what a project names. Each candidate has to tell its release before it is used.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{EngineError, EngineOptions};
use crate::env_vars::EnvVars;
use crate::process::{self, Cancel, Emitter, Invocation, Until};

/// The time limit of the answer of a candidate.
const LIMIT: Duration = Duration::from_secs(20);

/// Finds the folder of the toolchain with this release.
pub(super) fn find(
    release: &str,
    settings: &EngineOptions,
    cancel: &Cancel,
    emitter: &Emitter<'_>,
) -> Result<PathBuf, EngineError> {
    for folder in candidates(release, &settings.variables) {
        let rustc = folder.join("bin/rustc");
        let invocation = Invocation {
            only: Some([].into()),
            folder: Some(settings.folder.clone()),
            ..Invocation::new(&rustc, ["--version", "--verbose"].map(OsString::from))
        };
        let until = Until { cancel: Some(cancel), limit: LIMIT };
        match process::run(&invocation, until, emitter) {
            Ok(output) if is_release(release, &String::from_utf8_lossy(&output.stdout)) => {
                return Ok(folder);
            }
            Err(error @ process::ProcessError::Stopped) => return Err(error.into()),
            _ => {}
        }
    }
    Err(EngineError::NoToolchain(release.to_owned()))
}

/// The folders that could be that of the toolchain: those of rustup whose names begin with the release,
/// then its others, and those of the programs on PATH that are no proxies of rustup.
fn candidates(release: &str, variables: &EnvVars) -> Vec<PathBuf> {
    let home = variables.get("HOME").map(|home| Path::new(home).join(".rustup"));
    let rustup = variables.get("RUSTUP_HOME").map(PathBuf::from).or(home);
    let folders = rustup.and_then(|rustup| std::fs::read_dir(rustup.join("toolchains")).ok());
    let entries = folders.into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    let is_named = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        name.strip_prefix(release).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    found.sort_by_key(|folder| (!is_named(folder), folder.clone()));
    if !release.starts_with(|c: char| c.is_ascii_digit()) {
        // Only its name tells the day of a nightly toolchain.
        found.retain(is_named);
    }
    let programs = which::which_in_all("rustc", variables.get("PATH"), "/");
    for program in programs.into_iter().flatten() {
        let Ok(program) = program.canonicalize() else { continue };
        let is_proxy = program.with_file_name("rustup").exists();
        let folder = program.parent().and_then(Path::parent);
        found.extend(folder.filter(|_| !is_proxy).map(Path::to_owned));
    }
    found.retain(|folder| folder.join("bin/cargo").is_file());
    found
}

/// Whether the answer of a compiler names this release. Those of nightly and beta are named by a day,
/// which the answer does not have.
fn is_release(release: &str, answer: &str) -> bool {
    let found = answer.lines().find_map(|line| line.strip_prefix("release: "));
    match release.split_once('-') {
        Some((channel, _)) => found.is_some_and(|found| found.contains(&format!("-{channel}"))),
        None => found == Some(release),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_has_the_release_that_it_tells() {
        let answer =
            |release: &str| format!("rustc {release} (x 2026-01-01)\nrelease: {release}\n");
        for (wanted, found, fits) in [
            ("1.95.0", "1.95.0", true),
            ("1.95.0", "1.95.1", false),
            ("1.95.0", "1.95.0-beta.1", false),
            ("nightly-2026-01-31", "1.96.0-nightly", true),
            ("nightly-2026-01-31", "1.96.0", false),
            ("beta-2026-01-31", "1.96.0-beta.3", true),
        ] {
            assert_eq!(is_release(wanted, &answer(found)), fits, "{wanted} {found}");
        }
    }
}

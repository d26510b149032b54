//! The packages that tests check, as their authors published them.
//!
//! Owns the folder `target/fixtures`, where each package lies unpacked once, complete or not at
//! all. Must not know what is found in them. Pins and hashes stand in
//! `tests/fixtures/packages.txt`; pip, in a container, fetches and verifies.

use std::fs;
use std::path::{Path, PathBuf};

use crate::docker;
use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::workspace;

const PINS: &str = "tests/fixtures/packages.txt";

/// A package at a version, with the hash of its sources.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    version: String,
    /// The pin as pip reads it.
    requirement: String,
}

impl Package {
    /// Where its sources are once [`run`] has been there.
    ///
    /// # Errors
    ///
    /// When cargo cannot say where it builds.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        Ok(workspace::target()?.join("fixtures").join(format!("{}-{}", self.name, self.version)))
    }
}

/// Fetches what is not there yet.
///
/// # Errors
///
/// When a pin cannot be read, fetched or unpacked, or its hash is wrong.
pub(crate) fn run() -> Result<()> {
    let mut missing = Vec::new();
    for package in packages()? {
        let folder = package.folder()?;
        match folder.is_dir() {
            true => say(&format!("{} {} is here", package.name, package.version)),
            false => missing.push((package, folder)),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let image = &docker::run(docker::System::Keep)?;
    std::thread::scope(|scope| {
        let fetches: Vec<_> = missing
            .iter()
            .map(|(package, folder)| scope.spawn(move || fetch(package, folder, image)))
            .collect();
        fetches.into_iter().try_for_each(|fetch| {
            fetch.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

/// Every pinned package, in the order of the pins.
///
/// # Errors
///
/// When the pins cannot be read.
pub(crate) fn packages() -> Result<Vec<Package>> {
    let text = workspace::read(&workspace::root().join(PINS))?;
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(parse).collect()
}

fn parse(line: &str) -> Result<Package> {
    let pin = line.split_once(" --hash=sha256:").and_then(|(pin, _)| pin.split_once("=="));
    let Some((name, version)) = pin else {
        return Err(Failure::new(format!("`{PINS}`: no pin with a hash: `{line}`"))
            .hint("a line is `NAME==VERSION --hash=sha256:HASH`"));
    };
    Ok(Package { name: name.to_owned(), version: version.to_owned(), requirement: line.to_owned() })
}

/// Fetches into a folder beside the final one, which it takes the name of when it is complete.
fn fetch(package: &Package, folder: &Path, image: &str) -> Result<()> {
    let archive = download(package, image)?;
    let partial = folder.with_extension(format!("partial-{}", std::process::id()));
    workspace::remove_folder(&partial)?;
    workspace::create_folder(&partial)?;
    let unpack =
        Command::new("tar", ["--extract", "--gzip", "--strip-components=1", "--no-same-owner"])
            .folder(&partial)
            .input(archive)
            .read();
    let result = unpack.and_then(|_| match fs::rename(&partial, folder) {
        // Another task was quicker, with the same files.
        Err(_) if folder.is_dir() => Ok(()),
        result => result.map_err(|error| Failure::file(folder, &error)),
    });
    workspace::remove_folder(&partial)?;
    result?;
    say(&format!("{} {} is fetched", package.name, package.version));
    Ok(())
}

/// The archive with the package's sources.
///
/// It leaves the container through its output, because an engine may see no folder of ours. To
/// learn the package's own requirements, pip asks its build backend, which is therefore fetched
/// too; the container is where that code runs.
fn download(package: &Package, image: &str) -> Result<Vec<u8>> {
    let script = "python3 -m pip download --quiet --no-deps --no-binary \"$0\" --require-hashes \
                  --disable-pip-version-check \
                  --dest /tmp/sources --requirement /dev/stdin >&2 && cat /tmp/sources/*.tar.gz";
    let arguments = ["run", "--rm", "--interactive", "--pull", "never"];
    Command::new("docker", arguments)
        .arguments(VARIABLES.iter().flat_map(|name| ["--env", name]))
        .arguments([image, "sh", "-c", script, &package.name])
        .input(package.requirement.as_str())
        .read_bytes()
}

/// How pip finds its index from inside a network that has its own.
const VARIABLES: &[&str] = &[
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

fn say(text: &str) {
    eprintln!("fixtures: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_without_hash_is_refused() {
        assert!(parse("httpx==0.28.1").is_err());
        assert!(parse("httpx --hash=sha256:00").is_err());
    }

    #[test]
    fn every_pin_can_be_read() {
        let packages = packages().unwrap();
        assert!(packages.len() >= 2);
        for package in packages {
            let hash = package.requirement.rsplit(':').next().unwrap();
            assert_eq!(hash.len(), 64, "{}", package.requirement);
        }
    }
}

//! Fetches the packages that tests check, as their authors published them.
//!
//! Each lies unpacked in `target/fixtures`, complete or not at all. `tests/fixtures/packages.txt`
//! pins them by version and hash; pip downloads and verifies them in a container.

use std::fs;
use std::path::{Path, PathBuf};

use crate::docker;
use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::workspace;

const PINS: &str = "tests/fixtures/packages.txt";

/// A pinned package: its version and the hash of its sources.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    version: String,
    /// The pin in the form that pip reads.
    requirement: String,
}

impl Package {
    /// The folder of its sources once [`run`] has fetched them.
    ///
    /// # Errors
    ///
    /// When cargo cannot read the workspace.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        Ok(workspace::target()?.join("fixtures").join(format!("{}-{}", self.name, self.version)))
    }
}

/// Fetches every package that is missing.
///
/// # Errors
///
/// When a pin cannot be read, fetched or unpacked, or its hash is wrong.
pub(crate) fn run() -> Result<()> {
    let mut missing = Vec::new();
    for package in packages()? {
        let folder = package.folder()?;
        if folder.is_dir() {
            say(&format!("{} {} is present", package.name, package.version));
        } else {
            missing.push((package, folder));
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
        return Err(Failure::new(format!("invalid pin in `{PINS}`: `{line}`"))
            .hint("a line is `NAME==VERSION --hash=sha256:HASH`"));
    };
    Ok(Package { name: name.to_owned(), version: version.to_owned(), requirement: line.to_owned() })
}

/// Fetches a package into a temporary folder, which gets its final name once it is complete.
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
        // Another task has fetched the same files in the meantime.
        Err(_) if folder.is_dir() => Ok(()),
        result => result.map_err(|error| Failure::file(folder, &error)),
    });
    workspace::remove_folder(&partial)?;
    result?;
    say(&format!("{} {} is fetched", package.name, package.version));
    Ok(())
}

/// Downloads the archive with the package's sources.
///
/// The container prints the archive to standard output, because the engine may not see the folders
/// of this machine. pip runs the build backend of the package to learn its requirements, which is
/// another reason for the container.
fn download(package: &Package, image: &str) -> Result<Vec<u8>> {
    let script = "python3 -m pip download --quiet --no-deps --no-binary \"$0\" --require-hashes \
                  --disable-pip-version-check \
                  --dest /tmp/sources --requirement /dev/stdin >&2 && cat /tmp/sources/*.tar.gz";
    in_container(image, script, &package.name, &package.requirement)
}

/// Runs a script with pip in a container and returns its standard output.
///
/// The script gets the requirement on standard input, and the name of its package as `$0`.
///
/// # Errors
///
/// When it fails.
pub(crate) fn in_container(
    image: &str,
    script: &str,
    package: &str,
    requirement: &str,
) -> Result<Vec<u8>> {
    let arguments = ["run", "--rm", "--interactive", "--pull", "never"];
    Command::new("docker", arguments)
        .arguments(index_variables())
        .arguments([image, "sh", "-c", script, package])
        .input(requirement)
        .read_bytes()
}

/// The options of docker by which pip in a container finds the index of its network.
pub(crate) fn index_variables() -> impl Iterator<Item = &'static str> {
    VARIABLES.iter().flat_map(|name| ["--env", name])
}

/// The source distribution of a pinned package, which is downloaded once.
///
/// # Errors
///
/// When it cannot be downloaded.
pub(crate) fn fetch_archive(name: &str, requirement: &str, image: &str) -> Result<Vec<u8>> {
    let mut package = parse(requirement)?;
    let folder = workspace::target()?.join("archives");
    let path = folder.join(format!("{}-{}.tar.gz", package.name, package.version));
    if let Ok(archive) = fs::read(&path) {
        return Ok(archive);
    }
    workspace::create_folder(&folder)?;
    name.clone_into(&mut package.name);
    let archive = download(&package, image)?;
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    let written = fs::write(&partial, &archive).and_then(|()| fs::rename(&partial, &path));
    written.map_err(|error| Failure::file(&path, &error))?;
    Ok(archive)
}

/// Variables by which pip finds an index or a proxy of its own network.
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

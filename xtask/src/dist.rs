//! Builds what is published for the platform of this machine: a binary, a wheel that carries it, and
//! their hashes.
//!
//! On Linux the binary is static, so that it runs on any distribution. [`platform`] names the files,
//! [`wheel`] packs the binary, and [`trial`] runs the files in containers that have nothing of this
//! machine. `.github/workflows/release.yml` builds all platforms and publishes them; [`release`]
//! checks its tag.

mod platform;
mod release;
mod trial;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use self::platform::Platform;
pub(crate) use self::release::Release;
use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::workspace;

/// How the binary is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// As published.
    Release,
    /// Without optimisation, for trials and not for publishing.
    Quick,
}

impl Build {
    /// The name of the profile, and of the folder below `target`.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Build::Release => ("release", "dist"),
            Build::Quick => ("quick", "dist-quick"),
        }
    }
}

/// Whether the files are run once they are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Keep,
    Try,
}

/// The name of the program and of its file.
const PROGRAM: &str = "cargo-pipe";

/// Builds the files of a release, if its tag belongs to this version, and returns their folder.
///
/// # Errors
///
/// Those of [`run`], and when the tag or the repository is a different one.
pub(crate) fn run_for(release: &Release, kind: Build, then: Then) -> Result<PathBuf> {
    release::check(&workspace::package()?, release)?;
    run(kind, then)
}

/// Builds the files into a folder of `target` and returns that folder.
///
/// # Errors
///
/// When the binary cannot be built, a file cannot be written, or a trial fails.
pub(crate) fn run(kind: Build, then: Then) -> Result<PathBuf> {
    let target = workspace::target()?;
    let (profile, name) = kind.names();
    let folder = target.join(name);
    workspace::remove_folder(&folder)?;
    workspace::create_folder(&folder)?;
    let platform = Platform::of_this_machine()?;
    let binary = build(&platform, profile, &target)?;
    let package = workspace::package()?;
    let version = package.version.to_string();
    let files = [
        (platform.binary(&version), binary.clone()),
        wheel::pack(&wheel::Contents {
            version: &version,
            summary: package.description.as_deref().unwrap_or_default(),
            license: package.license.as_deref().unwrap_or_default(),
            readme: &workspace::read(&workspace::root().join("README.md"))?,
            tags: &platform.wheel_tags(),
            binary: &binary,
        })?,
    ];
    let mut sums = String::new();
    for (name, bytes) in &files {
        let place = folder.join(name);
        fs::write(&place, bytes).map_err(|error| Failure::file(&place, &error))?;
        sums += &format!("{}  {name}\n", hex(bytes));
        eprintln!("dist: {} ({} KiB)", place.display(), bytes.len() >> 10);
    }
    make_executable(&folder.join(&files[0].0))?;
    workspace::write(&folder.join("SHA256SUMS"), &sums)?;
    if then == Then::Try {
        trial::run(&folder, &files[0].0, &version)?;
    }
    Ok(folder)
}

fn build(platform: &Platform, profile: &str, target: &Path) -> Result<Vec<u8>> {
    // With `--target` the flags do not reach build scripts and macros, which cannot be static.
    Command::cargo("build --locked --quiet --package cargo-pipe-ci --bin cargo-pipe")
        .arguments(["--profile", profile, "--target", &platform.target])
        .variable("RUSTFLAGS", platform.flags)
        .run()?;
    let place: PathBuf = target.join(&platform.target).join(profile).join(PROGRAM);
    fs::read(&place).map_err(|error| Failure::file(&place, &error))
}

fn make_executable(place: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(place, fs::Permissions::from_mode(0o755))
        .map_err(|error| Failure::file(place, &error))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

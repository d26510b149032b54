//! Builds what is published: a static binary, a wheel that carries it, and their hashes.
//!
//! The binary is static, so that it runs on any Linux. [`wheel`] packs it, and [`trial`] runs the
//! files in containers that have nothing of this machine.

mod trial;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

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
        (format!("{PROGRAM}-{version}-{}-linux", platform.processor), binary.clone()),
        wheel::pack(&wheel::Contents {
            version: &version,
            summary: package.description.as_deref().unwrap_or_default(),
            license: package.license.as_deref().unwrap_or_default(),
            readme: &workspace::read(&workspace::root().join("README.md"))?,
            processor: &platform.processor,
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

/// Platform that a binary is built for.
struct Platform {
    processor: String,
    triple: String,
    flags: &'static str,
}

impl Platform {
    /// The platform of this machine, with musl if its target is installed, else with a static
    /// glibc.
    fn of_this_machine() -> Result<Platform> {
        let version = Command::new("rustc", ["--version", "--verbose"]).read()?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let processor = host.split('-').next().unwrap_or_default().to_owned();
        if !host.contains("-linux-") {
            return Err(Failure::new(format!("cannot build a static binary for `{host}`"))
                .hint("run it on Linux"));
        }
        let musl = format!("{processor}-unknown-linux-musl");
        let libraries =
            Command::new("rustc", ["--print", "target-libdir", "--target", &musl]).read()?;
        if Path::new(&libraries).is_dir() {
            return Ok(Platform { processor, triple: musl, flags: "-C strip=symbols" });
        }
        let flags = "-C target-feature=+crt-static -C strip=symbols";
        Ok(Platform { processor, triple: host.to_owned(), flags })
    }
}

fn build(platform: &Platform, profile: &str, target: &Path) -> Result<Vec<u8>> {
    // With `--target` the flags do not reach build scripts and macros, which cannot be static.
    Command::cargo("build --locked --quiet --package cargo-pipe-ci --bin cargo-pipe")
        .arguments(["--profile", profile, "--target", &platform.triple])
        .variable("RUSTFLAGS", platform.flags)
        .run()?;
    let place: PathBuf = target.join(&platform.triple).join(profile).join(PROGRAM);
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

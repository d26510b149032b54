//! Makes what is published: a static binary, a wheel that carries it, and their hashes.
//!
//! Owns how the binary is built so that it runs on any Linux, and where the files go. Must not know
//! who installs them. [`wheel`] packs, [`trial`] runs what was made where nothing of this machine is.

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
    /// As it is published.
    Release,
    /// The same but for its speed, to be tried and not to be published.
    Quick,
}

impl Build {
    /// The profile's name, and that of the folder below `target`.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Build::Release => ("release", "dist"),
            Build::Quick => ("quick", "dist-quick"),
        }
    }
}

/// What is done with the files once they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Keep,
    Try,
}

/// The program's name, and that of its file.
const PROGRAM: &str = "cargo-pipe";

/// Makes the files in a folder of `target`, which is returned.
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
    let made = [
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
    for (name, bytes) in &made {
        let place = folder.join(name);
        fs::write(&place, bytes).map_err(|error| Failure::file(&place, &error))?;
        sums += &format!("{}  {name}\n", hex(bytes));
        eprintln!("dist: {} ({} KiB)", place.display(), bytes.len() >> 10);
    }
    executable(&folder.join(&made[0].0))?;
    workspace::write(&folder.join("SHA256SUMS"), &sums)?;
    if then == Then::Try {
        trial::run(&folder, &made[0].0, &version)?;
    }
    Ok(folder)
}

/// What a binary is built for.
struct Platform {
    processor: String,
    triple: String,
    flags: &'static str,
}

impl Platform {
    /// This machine's, with musl where its target is installed, else with a static glibc.
    fn of_this_machine() -> Result<Platform> {
        let told = Command::new("rustc", ["--version", "--verbose"]).read()?;
        let host = told.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let processor = host.split('-').next().unwrap_or_default().to_owned();
        if !host.contains("-linux-") {
            return Err(Failure::new(format!("there is no static binary for `{host}`"))
                .hint("run it on Linux"));
        }
        let musl = format!("{processor}-unknown-linux-musl");
        let libraries =
            Command::new("rustc", ["--print", "target-libdir", "--target", &musl]).read()?;
        Ok(match Path::new(&libraries).is_dir() {
            true => Platform { processor, triple: musl, flags: "-C strip=symbols" },
            false => Platform {
                processor,
                triple: host.to_owned(),
                flags: "-C target-feature=+crt-static -C strip=symbols",
            },
        })
    }
}

fn build(platform: &Platform, profile: &str, target: &Path) -> Result<Vec<u8>> {
    // With a named target, the flags do not reach build scripts and macros, which cannot be static.
    Command::cargo("build --locked --quiet --package cargo-pipe-ci --bin cargo-pipe")
        .arguments(["--profile", profile, "--target", &platform.triple])
        .variable("RUSTFLAGS", platform.flags)
        .run()?;
    let place: PathBuf = target.join(&platform.triple).join(profile).join(PROGRAM);
    fs::read(&place).map_err(|error| Failure::file(&place, &error))
}

fn executable(place: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(place, fs::Permissions::from_mode(0o755))
        .map_err(|error| Failure::file(place, &error))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

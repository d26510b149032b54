//! The programs that an engine consists of, and the Debian packages they come from.
//!
//! Owns what must be installed and how: from Debian 13, on Debian 12 too, where its own packages
//! are too old to build images. Must not know how the programs are used. Changes the system only
//! on request; otherwise the failure says what to type.

use std::path::Path;

use super::{System, say};
use crate::failure::{Failure, Result};
use crate::process::{self, Command};
use crate::workspace;

/// The release that packages are taken from.
const RELEASE: &str = "trixie";

const SOURCES: &str = "/etc/apt/sources.list.d/cargo-pipe-trixie.sources";
const PREFERENCES: &str = "/etc/apt/preferences.d/cargo-pipe-trixie";

/// Makes sure of the docker CLI, its builder and the sandbox of the venv engine.
///
/// # Errors
///
/// When one is missing and may not or cannot be installed.
pub(super) fn complete(system: System) -> Result<()> {
    let mut missing = Vec::new();
    if !process::is_installed("docker") {
        missing.extend(["docker-cli", "docker-buildx"]);
    } else if !has_builder() {
        missing.push("docker-buildx");
    }
    if system == System::Install && !process::is_installed("bwrap") {
        missing.push("bubblewrap");
    }
    if missing.is_empty() {
        return Ok(());
    }
    match system {
        System::Keep if missing == ["docker-buildx"] => Err(for_install(
            "docker cannot build images: its plugin `buildx` is missing",
        )),
        System::Keep => Err(for_install("docker is not installed")),
        System::Install => install(&missing),
    }
}

/// Installs packages, if any is missing.
///
/// # Errors
///
/// On other systems than Debian 12 and 13, without root, and when apt fails.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    let release = can_install()?;
    say(&format!("installing {}", packages.join(", ")));
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    if release != RELEASE {
        workspace::write(Path::new(SOURCES), &sources())?;
        workspace::write(Path::new(PREFERENCES), &preferences())?;
        arguments.extend(["--target-release", RELEASE]);
    }
    arguments.extend(packages);
    apt(["update"])?;
    apt(arguments)
}

/// A failure whose hint says how to get what is missing here.
pub(super) fn for_install(message: &str) -> Failure {
    Failure::new(message).hint(match can_install() {
        Ok(_) => "`cargo xtask docker --install` installs packages, starts an engine and builds \
                  images that cannot be pulled"
            .to_owned(),
        Err(_) if is_debian() => {
            "as root: `cargo xtask docker --install`, or start the engine that is installed: \
             `sudo systemctl start docker`"
                .to_owned()
        }
        Err(_) => "install Docker Engine with buildx and start it, then repeat the command: \
                   https://docs.docker.com/engine/install/"
            .to_owned(),
    })
}

/// The release of Debian that this is, if packages can be installed here.
fn can_install() -> Result<String> {
    let release = release().filter(|release| ["bookworm", "trixie"].contains(&release.as_str()));
    let Some(release) = release else {
        return Err(
            Failure::new("packages can be installed on Debian 12 and 13 only").hint(
                "install Docker Engine with buildx and start it, then repeat the command without \
             `--install`: https://docs.docker.com/engine/install/",
            ),
        );
    };
    if !process::is_root() {
        return Err(Failure::new("installing packages needs root").hint(
            "`sudo --preserve-env=PATH cargo xtask docker --install`, then repeat the command",
        ));
    }
    Ok(release)
}

fn is_debian() -> bool {
    release().is_some()
}

fn release() -> Option<String> {
    let text = workspace::read(Path::new("/etc/os-release")).ok()?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    value("ID=").filter(|id| id.trim_matches('"') == "debian")?;
    value("VERSION_CODENAME=").map(|name| name.trim_matches('"').to_owned())
}

fn has_builder() -> bool {
    Command::new("docker", ["buildx", "version"])
        .attempt()
        .is_ok_and(|output| output.status.success())
}

fn apt<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<()> {
    Command::new("apt-get", ["-q"])
        .arguments(arguments)
        .variable("DEBIAN_FRONTEND", "noninteractive")
        .read()
        .map(|_| ())
}

/// The mirror that this machine uses, which may be the only one it reaches.
pub(super) fn mirror() -> String {
    Command::new(
        "apt-get",
        [
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
        ],
    )
    .read()
    .unwrap_or_default()
    .lines()
    .find(|address| address.trim_end_matches('/').ends_with("/debian"))
    .map_or("http://deb.debian.org/debian", |address| {
        address.trim_end_matches('/')
    })
    .to_owned()
}

fn sources() -> String {
    format!(
        "Types: deb\nURIs: {}\nSuites: {RELEASE}\nComponents: main\n\
         Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
        mirror()
    )
}

/// Below the priority of every other package: nothing is taken from here that is not asked for.
fn preferences() -> String {
    format!("Package: *\nPin: release n={RELEASE}\nPin-Priority: 100\n")
}

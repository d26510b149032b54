//! Installs the programs of a docker engine from Debian's packages.
//!
//! They come from Debian 13. Debian 12 gets them from there too, because its own packages are too
//! old to build images; what else a task needs may come from its own. Without permission to install, the failure says what to type.

use std::path::Path;

use super::{System, say};
use crate::failure::{Failure, Result};
use crate::process::{self, Command};
use crate::workspace;

/// The release that packages come from.
const RELEASE: &str = "trixie";

/// The release that a package is installed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Debian 13, because packages of Debian 12 are too old.
    Newer,
    /// That of the machine, so that no other package is replaced.
    Own,
}

/// Packages of a whole engine: without `iptables` no container has a network.
pub(super) const ENGINE: &[&str] = &["docker.io", "docker-cli", "docker-buildx", "iptables"];

const SOURCES: &str = "/etc/apt/sources.list.d/cargo-pipe-trixie.sources";
const PREFERENCES: &str = "/etc/apt/preferences.d/cargo-pipe-trixie";
/// Below the priority of every other source, so that only requested packages come from here.
const PREFERENCE: &str = "Package: *\nPin: release n=trixie\nPin-Priority: 100\n";

/// Makes the docker CLI and its builder available.
///
/// If packages may be installed, this includes bubblewrap, the sandbox of the venv engine,
/// strace, with which a test shows that a cache hit starts no process, and vim, which reads findings.
///
/// # Errors
///
/// When one is missing and may not or cannot be installed.
pub(super) fn complete(system: System) -> Result<()> {
    let mut missing = Vec::new();
    if !process::is_installed("docker") {
        missing.extend(ENGINE);
    } else if !has_builder() {
        missing.push("docker-buildx");
    }
    if system == System::Install {
        for (program, package) in [("bwrap", "bubblewrap"), ("strace", "strace")] {
            if !process::is_installed(program) {
                missing.push(package);
            }
        }
    }
    if system == System::Install && !process::is_installed("vim") {
        install(&["vim"], Origin::Own)?;
    }
    if missing.is_empty() {
        return Ok(());
    }
    match system {
        System::Keep if missing == ["docker-buildx"] => {
            Err(suggest_install("docker cannot build images: its plugin `buildx` is missing"))
        }
        System::Keep => Err(suggest_install("docker is not installed")),
        System::Install => install(&missing, Origin::Newer),
    }
}

/// Installs packages, if any is missing.
///
/// # Errors
///
/// On systems other than Debian 12 and 13, without root, and when apt fails.
pub(super) fn install(packages: &[&str], origin: Origin) -> Result<()> {
    require_install()?;
    say(&format!("installing {}", packages.join(", ")));
    // Packages of the other release may have replaced `/etc/os-release`. Then our source of
    // packages shows that this machine is an older Debian.
    let is_older = release().as_deref() != Some(RELEASE) || Path::new(SOURCES).exists();
    if is_older && origin == Origin::Newer {
        workspace::write(Path::new(SOURCES), &sources())?;
        workspace::write(Path::new(PREFERENCES), PREFERENCE)?;
    }
    apt(["update"])?;
    let mut options = vec!["install", "--yes", "--no-install-recommends"];
    if origin == Origin::Newer {
        options.extend(["--target-release", RELEASE]);
    }
    apt(options.into_iter().chain(packages.iter().copied()))
}

/// A failure whose hint says how to install what is missing.
pub(super) fn suggest_install(message: &str) -> Failure {
    match require_install() {
        Ok(()) => Failure::new(message).hint(
            "`cargo xtask docker --install` installs packages, starts an engine and builds images \
             that cannot be pulled",
        ),
        Err(failure) => failure.about(message),
    }
}

/// Fails if packages cannot be installed here; the hint says what to do instead.
fn require_install() -> Result<()> {
    let supported = |release: String| ["bookworm", "trixie"].contains(&release.as_str());
    if !release().is_some_and(supported) {
        return Err(Failure::new("packages can be installed on Debian 12 and 13 only").hint(
            "install Docker Engine with its plugin buildx, start it, and repeat the command: \
             https://docs.docker.com/engine/install/",
        ));
    }
    if !process::is_root() {
        return Err(Failure::new("installing packages and starting an engine needs root")
            .hint(format!("`sudo {} docker --install`, then repeat the command", this_program())));
    }
    Ok(())
}

/// The path of this program. Under sudo cargo would create files in `target` that belong to root.
fn this_program() -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "target/debug/xtask".into());
    program.to_string_lossy().into_owned()
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

/// The mirror that this machine uses, which may be the only one that it can reach.
pub(super) fn mirror() -> String {
    Command::new("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"])
        .read()
        .unwrap_or_default()
        .lines()
        .find(|address| address.trim_end_matches('/').ends_with("/debian"))
        .map_or("http://deb.debian.org/debian", |address| address.trim_end_matches('/'))
        .to_owned()
}

fn sources() -> String {
    format!(
        "Types: deb\nURIs: {}\nSuites: {RELEASE}\nComponents: main\n\
         Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
        mirror()
    )
}

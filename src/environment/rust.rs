//! The Rust toolchain of an environment, and the packages that it has from the package registry.
//!
//! Both are read from the project's files as text: a cargo that runs on this machine would execute
//! programs that `.cargo/config.toml` and `rust-toolchain.toml` name. The hashes in `Cargo.lock` protect
//! every package, wherever it is downloaded from.

mod skeleton;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::recipe::RecipeError;
use crate::check::Grant;
use crate::config::Config;
use crate::config::rust::is_one_release;
use crate::hash::{Hash, HashBuilder};
use crate::plan::RustCompilation;
use crate::project::ProjectPath;
use crate::read::{self, ReadError, SizeLimit};

pub use skeleton::Skeleton;

/// The script that downloads packages.
pub const DOWNLOADER: &str = include_str!("../../templates/crates.py");

/// The lock of a Rust project.
const LOCK: &str = "Cargo.lock";

/// The files in which rustup looks for the toolchain of a project, in its order.
const TOOLCHAIN_FILES: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];

/// The addresses of the public package registry in locks.
const REGISTRIES: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

/// The number of hexadecimal digits of a package's hash.
const CHECKSUM_DIGITS: usize = 64;

/// The toolchain and the packages of an environment for Rust code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RustRecipe {
    /// The release of the toolchain, such as `1.95.0`.
    pub toolchain: String,
    /// The image with the toolchain.
    pub image: String,
    /// The packages that its checks compile; none if they compile nothing.
    pub packages: Option<RustPackages>,
}

/// The packages of a `Cargo.lock`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RustPackages {
    /// The lock.
    pub lock: ProjectPath,
    /// Those of the package registry.
    pub crates: BTreeSet<RegistryCrate>,
    /// The names of the others, which are the project's own.
    pub own: BTreeSet<String>,
    /// Their compilation.
    pub compilation: RustCompilation,
}

/// A package from the registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct RegistryCrate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 hash of its archive, in hexadecimal digits.
    pub checksum: String,
}

#[derive(Deserialize)]
struct LockFile {
    #[serde(default)]
    package: Vec<LockedPackage>,
}

#[derive(Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

#[derive(Deserialize)]
struct ToolchainFile {
    toolchain: ToolchainSection,
}

#[derive(Deserialize)]
struct ToolchainSection {
    channel: Option<String>,
}

impl RustRecipe {
    /// Reads the toolchain and the lock for the code in `folder`.
    ///
    /// # Errors
    ///
    /// When one of them is missing or invalid, or the image needs a grant.
    pub fn read(
        root: &Path,
        config: &Config,
        folder: &ProjectPath,
        compilation: Option<&RustCompilation>,
        grants: &BTreeSet<Grant>,
    ) -> Result<RustRecipe, RecipeError> {
        let toolchain = match &config.rust.toolchain {
            Some(toolchain) => toolchain.clone(),
            None => find_toolchain(root, folder)?,
        };
        let image = config.rust.image_of(&toolchain);
        if !is_official(&image) && !grants.contains(&Grant::Dockerfile) {
            return Err(RecipeError::RustNotGranted(image));
        }
        let packages = match compilation {
            None => None,
            Some(compilation) => Some(RustPackages::read(root, folder, compilation)?),
        };
        Ok(RustRecipe { toolchain, image, packages })
    }

    /// The packages as the downloader reads them: a line with name, version and hash for each.
    #[must_use]
    pub fn list(&self) -> String {
        let line = |it: &RegistryCrate| format!("{} {} {}\n", it.name, it.version, it.checksum);
        let packages = self.packages.iter();
        packages.flat_map(|packages| &packages.crates).map(line).collect()
    }

    /// The part of the hash of an environment.
    #[must_use]
    pub fn hash(&self) -> Hash {
        HashBuilder::new("rust").with(&self.toolchain).with(self.list()).hash()
    }

    /// The versions of its packages, by their names.
    #[must_use]
    pub fn versions(&self) -> BTreeMap<String, String> {
        let mut versions: BTreeMap<String, String> = BTreeMap::new();
        let packages = self.packages.iter();
        for RegistryCrate { name, version, .. } in packages.flat_map(|it| &it.crates) {
            versions
                .entry(name.clone())
                .and_modify(|others| *others = format!("{others}, {version}"))
                .or_insert_with(|| version.clone());
        }
        versions
    }
}

impl RustPackages {
    fn read(
        root: &Path,
        folder: &ProjectPath,
        compilation: &RustCompilation,
    ) -> Result<RustPackages, RecipeError> {
        let (lock, text) = read_nearest(root, folder, &[LOCK])?
            .ok_or_else(|| RecipeError::NoCargoLock(folder.clone()))?;
        let (crates, own) = parse_lock(&text)
            .map_err(|message| RecipeError::CargoLock { path: lock.clone(), message })?;
        Ok(RustPackages { lock, crates, own, compilation: compilation.clone() })
    }
}

/// The release that the toolchain file of a folder, or of one above, names.
fn find_toolchain(root: &Path, folder: &ProjectPath) -> Result<String, RecipeError> {
    let Some((path, text)) = read_nearest(root, folder, &TOOLCHAIN_FILES)? else {
        return Err(RecipeError::NoToolchain);
    };
    let channel = match toml::from_str::<ToolchainFile>(&text) {
        Ok(file) => file.toolchain.channel.unwrap_or_default(),
        // The old notation: the name alone.
        Err(_) => text.trim().to_owned(),
    };
    match is_one_release(&channel) {
        true => Ok(channel),
        false => Err(RecipeError::ManyReleases { path, channel }),
    }
}

/// The first of these files in a folder, or in the nearest one above.
fn read_nearest(
    root: &Path,
    folder: &ProjectPath,
    names: &[&str],
) -> Result<Option<(ProjectPath, String)>, RecipeError> {
    let above = folder.folders_above().collect::<Vec<_>>();
    let folders = std::iter::once(folder.clone()).chain(above.into_iter().rev());
    for folder in folders.chain([ProjectPath::root()]) {
        for path in names.iter().filter_map(|name| folder.child(name)) {
            match read::read_project_text(root, &path, SizeLimit::Lock) {
                Ok(text) => return Ok(Some((path, text))),
                Err(error) if error.is_missing() => {}
                Err(ReadError::Outside(error)) => return Err(error.into()),
                Err(error) => {
                    return Err(RecipeError::Unreadable { path, source: error.into() });
                }
            }
        }
    }
    Ok(None)
}

/// The packages of a lock that come from the registry, and the names of the others.
fn parse_lock(text: &str) -> Result<(BTreeSet<RegistryCrate>, BTreeSet<String>), String> {
    let file: LockFile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let (mut crates, mut own) = (BTreeSet::new(), BTreeSet::new());
    for LockedPackage { name, version, source, checksum } in file.package {
        // Both become part of a path and of an address.
        let is_plain = |text: &str, others: &str| {
            text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
        };
        if !is_plain(&name, "-_") || !is_plain(&version, ".+-") {
            let package = format!("{name} {version}");
            return Err(format!("invalid package: `{}`", package.escape_debug()));
        }
        let Some(source) = source else {
            own.insert(name);
            continue;
        };
        if !REGISTRIES.contains(&source.as_str()) {
            let source = source.escape_debug();
            return Err(format!("`{name}` comes from `{source}`, not from crates.io"));
        }
        let is_hash = |text: &String| {
            text.len() == CHECKSUM_DIGITS && text.chars().all(|c| c.is_ascii_hexdigit())
        };
        let checksum =
            checksum.filter(is_hash).ok_or_else(|| format!("`{name}` has no valid checksum"))?;
        crates.insert(RegistryCrate { name, version, checksum });
    }
    Ok((crates, own))
}

/// Whether an image is the official one of Rust.
#[must_use]
pub fn is_official(image: &str) -> bool {
    super::recipe::is_official_image(image, "rust")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "3bd1574e617a9a6c1f8f8181bd7e841e1f20e4277607ef28945765188d6284d4";

    fn package(source: &str, name: &str, version: &str, checksum: &str) -> String {
        format!(
            "[[package]]\nname = '{name}'\nversion = '{version}'\nsource = '{source}'\n\
             checksum = '{checksum}'\n\n"
        )
    }

    #[test]
    fn the_packages_of_the_registry_are_those_of_a_lock() {
        let text = format!(
            "version = 4\n[[package]]\nname = 'own'\nversion = '0.1.0'\n{}{}",
            package(REGISTRIES[0], "itoa", "1.0.19", HASH),
            package(REGISTRIES[1], "a_b-c", "2.0.0-rc.1+x", HASH),
        );
        let (crates, own) = parse_lock(&text).unwrap();
        assert_eq!(own, BTreeSet::from(["own".to_owned()]));
        let names: Vec<&str> = crates.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["a_b-c", "itoa"]);
    }

    #[test]
    fn another_source_and_a_name_that_leads_elsewhere_are_refused() {
        for (text, message) in [
            (package("git+https://example.org/x#abc", "x", "1.0.0", HASH), "not from crates.io"),
            (package(REGISTRIES[0], "../x", "1.0.0", HASH), "invalid package"),
            (package(REGISTRIES[0], "x", "1.0.0/..", HASH), "invalid package"),
            (package(REGISTRIES[0], "x", "1.0.0 x", HASH), "invalid package"),
            (package(REGISTRIES[0], "x", "1.0.0", "abc"), "no valid checksum"),
        ] {
            let error = parse_lock(&text).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}

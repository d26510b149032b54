//! Builds a base image from Debian's packages where no registry can be reached.
//!
//! It gets the official name only in an engine that this task started. In any other engine, people
//! could take it for the original.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::daemon::{self, Engine};
use super::{BASE_IMAGE, Origin, packages, say};
use crate::failure::{Failure, Result};
use crate::process::{self, Command};
use crate::workspace;

/// The release whose `python3` is that of [`BASE_IMAGE`].
const RELEASE: &str = "trixie";
const PACKAGES: &str = "python3,python3-venv,python3-pip,ca-certificates";

/// All trusted certificates in one file, at the same place in the image and on the host.
const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
/// The folder for certificates of an organisation, from which the bundle is rebuilt.
const LOCAL_CERTIFICATES: &str = "usr/local/share/ca-certificates";

/// The names that the base image may have in this engine, the best one first.
pub(super) fn names(engine: &Engine) -> Vec<String> {
    let mut names = vec![BASE_IMAGE.to_owned()];
    if !engine.is_ours {
        names.push(foreign_name());
    }
    names
}

/// Builds the stand-in and returns its name.
///
/// # Errors
///
/// When packages cannot be fetched or the engine refuses the image.
pub(super) fn build(engine: &Engine) -> Result<String> {
    let name = if engine.is_ours { BASE_IMAGE.to_owned() } else { foreign_name() };
    if !process::is_installed("debootstrap") {
        packages::install(&["debootstrap"], Origin::Newer)?;
    }
    say(&format!("building {name} from Debian's packages; this takes a minute"));
    let folder = Path::new(daemon::FOLDER).join("stand-in");
    let root = folder.join("root");
    workspace::remove_folder(&folder)?;
    workspace::create_folder(&root)?;
    let result = install_into(&root).and_then(|()| import(&folder, &root, &name));
    workspace::remove_folder(&folder)?;
    result?;
    say(&format!("image {name} is built"));
    Ok(name)
}

fn foreign_name() -> String {
    format!("cargo-pipe.local/{BASE_IMAGE}")
}

fn install_into(root: &Path) -> Result<()> {
    let mirror = packages::mirror();
    let include = format!("--include={PACKAGES}");
    let root_name = root.to_string_lossy();
    Command::new("debootstrap", ["--variant=minbase", &include, RELEASE, &root_name, &mirror])
        .read()?;
    add_certificates(root)?;
    // In the official image the program is called `python`, and pip may install into it.
    let python =
        Command::new("sh", ["-c", "rm -f \"$0\"/usr/lib/python3*/EXTERNALLY-MANAGED", &root_name]);
    python.read()?;
    let link = root.join("usr/bin/python");
    symlink("python3", &link).map_err(|error| Failure::file(&link, &error))
}

/// Adds the certificates of the host, because a proxy may stand between containers and the package
/// index.
fn add_certificates(root: &Path) -> Result<()> {
    let host = Path::new("/");
    let mut texts = vec![workspace::read(&root.join(BUNDLE))?];
    texts.extend(workspace::read(&host.join(BUNDLE)));
    for path in local_certificates(host) {
        let text = workspace::read(&path)?;
        let inside = path.strip_prefix(host).unwrap_or(&path);
        workspace::write(&root.join(inside), &text)?;
        texts.push(text);
    }
    workspace::write(&root.join(BUNDLE), &union(&texts))
}

fn local_certificates(host: &Path) -> Vec<PathBuf> {
    let mut files = workspace::files_below(&host.join(LOCAL_CERTIFICATES)).unwrap_or_default();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "crt"));
    files
}

/// Each certificate once, in the order they come.
fn union(texts: &[String]) -> String {
    const END: &str = "-----END CERTIFICATE-----";
    let mut seen = BTreeSet::new();
    let mut bundle = String::new();
    for block in texts.iter().flat_map(|text| text.split_inclusive(END)) {
        let Some(start) = block.find("-----BEGIN CERTIFICATE-----") else {
            continue;
        };
        let certificate = block[start..].trim();
        if certificate.ends_with(END) && seen.insert(certificate) {
            bundle.push_str(certificate);
            bundle.push('\n');
        }
    }
    bundle
}

fn import(folder: &Path, root: &Path, name: &str) -> Result<()> {
    let archive = folder.join("root.tar").to_string_lossy().into_owned();
    Command::new(
        "tar",
        ["--directory", &root.to_string_lossy(), "--create", "--file", &archive, "."],
    )
    .read()?;
    let label = format!("LABEL dev.cargo-pipe.stand-in={BASE_IMAGE}");
    let changes = ["--change", "CMD [\"python3\"]", "--change", &label];
    Command::new("docker", ["import"]).arguments(changes).arguments([&*archive, name]).read()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_holds_each_certificate_once() {
        let one = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
        let two = "# Organisation\n-----BEGIN CERTIFICATE-----\nBB==\n-----END CERTIFICATE-----";
        let bundle = union(&[one.to_owned(), format!("{two}\n{one}"), two.to_owned()]);
        assert_eq!(bundle.matches("AA==").count(), 1);
        assert_eq!(bundle.matches("BB==").count(), 1);
        assert!(bundle.ends_with("-----END CERTIFICATE-----\n"));
    }

    #[test]
    fn the_official_name_is_given_only_in_an_engine_of_this_task() {
        let engine = |is_ours| Engine { version: "26.1.5".to_owned(), is_ours };
        assert_eq!(names(&engine(true)), [BASE_IMAGE]);
        assert_eq!(names(&engine(false)), [BASE_IMAGE, "cargo-pipe.local/python:3.13-slim"]);
    }
}

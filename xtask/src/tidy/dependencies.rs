//! Checks that the library without the feature `cli` has no packages for terminals.
//!
//! `cargo deny` cannot: cargo unifies the features of the library with those that xtask turns on.
//! Licences and sources of packages are checked in [`crate::deny`].

use std::collections::BTreeSet;

use crate::failure::Result;
use crate::process::Command;

/// Packages for terminals, command lines and watching files, which a build script or another library
/// must not get.
const TERMINAL: &[&str] =
    &["anstream", "anstyle", "annotate-snippets", "clap", "clap_builder", "indicatif", "notify"];

/// Complains about packages for terminals that the library uses without feature `cli`.
///
/// # Errors
///
/// When cargo cannot list the packages.
pub(super) fn check() -> Result<Vec<String>> {
    let tree = Command::cargo(
        "tree --locked --package cargo-pipe-ci --no-default-features --edges normal --prefix none \
         --format {p}",
    )
    .read()?;
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let complain = |name: &&str| format!("Cargo.toml: `{name}` is built without feature `cli`");
    Ok(TERMINAL.iter().filter(|name| names.contains(*name)).map(complain).collect())
}

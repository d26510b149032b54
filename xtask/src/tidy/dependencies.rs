//! Checks the packages that are built into the program: their licences, and where they may be used.

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::workspace;

/// Licences that only ask to be named. Of a choice, one is enough.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages for terminals and command lines, which a build script or another library must not get.
const TERMINAL: &[&str] =
    &["anstream", "anstyle", "annotate-snippets", "clap", "clap_builder", "indicatif"];

/// Complains about licences and about packages in the wrong place.
///
/// # Errors
///
/// When cargo cannot list the packages.
pub(super) fn check() -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .current_dir(workspace::root())
        .other_options(["--locked".to_owned()])
        .exec()
        .map_err(|error| Failure::new(error.to_string()))?;
    let mut complaints = licences(&metadata);
    complaints.extend(terminal()?);
    Ok(complaints)
}

fn licences(metadata: &Metadata) -> Vec<String> {
    let complain = |package: &Package| {
        let licence = package.license.as_deref().unwrap_or("none");
        (!is_acceptable(licence))
            .then(|| format!("Cargo.lock: licence of `{}`: {licence}", package.name))
    };
    metadata.packages.iter().filter_map(complain).collect()
}

/// `A OR B` needs one of both, `A AND B` both; in old packages `/` is a choice.
fn is_acceptable(licence: &str) -> bool {
    let plain = licence.replace('/', " OR ").replace(['(', ')'], " ");
    let term = |term: &str| {
        let name = term.split(" WITH ").next().unwrap_or(term).trim();
        LICENCES.contains(&name)
    };
    // An expression with both words has its choices in parentheses, joined by `AND`.
    plain.split(" AND ").all(|choice| choice.split(" OR ").any(term))
}

/// Complains about packages for terminals that the library uses without feature `cli`.
fn terminal() -> Result<Vec<String>> {
    let tree = Command::cargo(
        "tree --locked --package cargo-pipe-ci --no-default-features --edges normal --prefix none \
         --format {p}",
    )
    .read()?;
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let complain = |name: &&str| format!("Cargo.toml: `{name}` is built without feature `cli`");
    Ok(TERMINAL.iter().filter(|name| names.contains(*name)).map(complain).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_licence_of_a_choice_is_enough() {
        assert!(is_acceptable("GPL-3.0 OR MIT"));
        assert!(is_acceptable("MIT/Apache-2.0"));
        assert!(is_acceptable("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT"));
        assert!(is_acceptable("(MIT OR Apache-2.0) AND Unicode-3.0"));
    }

    #[test]
    fn every_licence_of_several_must_be_acceptable() {
        assert!(!is_acceptable("MIT AND GPL-3.0"));
        assert!(!is_acceptable("none"));
    }
}

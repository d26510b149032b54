//! Rules for what is built together with us.
//!
//! Must not know what a package is used for; complaints go to [`super`].

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::workspace;

/// Licences whose terms a binary of ours meets by naming them. Of a choice, one is enough.
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

/// What knows a terminal or a command line: never below a build script or another library.
const TERMINAL: &[&str] =
    &["anstream", "anstyle", "annotate-snippets", "clap", "clap_builder", "indicatif"];

/// Packages that may not be where they are.
///
/// # Errors
///
/// When cargo cannot say what is built.
pub(super) fn complaints() -> Result<Vec<String>> {
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
    // An expression with both words has its choices in brackets, joined by `AND`.
    plain.split(" AND ").all(|choice| choice.split(" OR ").any(term))
}

/// The library's own tree, without the command line.
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
    fn of_a_choice_one_licence_is_enough() {
        assert!(is_acceptable("GPL-3.0 OR MIT"));
        assert!(is_acceptable("MIT/Apache-2.0"));
        assert!(is_acceptable("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT"));
        assert!(is_acceptable("(MIT OR Apache-2.0) AND Unicode-3.0"));
    }

    #[test]
    fn of_several_every_licence_must_do() {
        assert!(!is_acceptable("MIT AND GPL-3.0"));
        assert!(!is_acceptable("none"));
    }
}

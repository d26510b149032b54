//! Which Python something is, as far as that can change a finding.
//!
//! Owns the probe's program, what it tells, and its hash: two interpreters of one identity have the
//! same standard library by name and release. It must not know where the program runs; the engines
//! do, and the lock of the base keeps what it told.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, HashBuilder};

/// The program that tells; run with `-I -S -c`.
pub(crate) const PROGRAM: &str = include_str!("../../templates/probe.py");

/// What the program tells.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ProbeOutput {
    /// The program itself, no link and no environment's.
    pub(crate) executable: PathBuf,
    /// The folder that its standard library is below.
    pub(crate) prefix: PathBuf,
    /// What it is.
    pub(crate) probe: Probe,
}

/// What an interpreter is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Probe {
    /// The full version, such as `3.13.5`.
    pub version: String,
    /// The implementation, such as `cpython`.
    pub implementation: String,
    /// The SHA-256 of the names of all modules of the standard library that are there.
    pub modules: String,
    /// The top-level modules of the standard library that are not there, sorted.
    pub missing: Vec<String>,
    /// The operating system around it, such as `debian 13`.
    pub system: String,
}

impl Probe {
    /// The base's identity where no image has one.
    pub(crate) fn identity(&self) -> Hash {
        let Probe { version, implementation, modules, missing: _, system } = self;
        HashBuilder::new("interpreter")
            .with(version)
            .with(implementation)
            .with(modules)
            .with(system)
            .hash()
    }

    /// What this one has otherwise than another one, each in a few words.
    pub(crate) fn differences(&self, other: &Probe) -> Vec<String> {
        let mut differences = Vec::new();
        let mut differs = |what: &str, here: &str, there: &str| {
            if here != there {
                differences.push(format!("{what} `{here}` for `{there}`"));
            }
        };
        differs("Python", &self.version, &other.version);
        differs("implementation", &self.implementation, &other.implementation);
        differs("system", &self.system, &other.system);
        if self.modules != other.modules {
            differences.push(self.modules_for(other));
        }
        differences
    }

    fn modules_for(&self, other: &Probe) -> String {
        let only = |missing: &[String], there: &[String]| -> Vec<String> {
            let only = missing.iter().filter(|name| !there.contains(name));
            only.map(|name| format!("`{name}`")).collect()
        };
        let (more, less) =
            (only(&other.missing, &self.missing), only(&self.missing, &other.missing));
        let parts = [("with", more), ("without", less)];
        let told: Vec<String> = parts
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(word, names)| format!("{word} {}", names.join(", ")))
            .collect();
        match told.as_slice() {
            [] => "other modules of the standard library".to_owned(),
            told => format!("a standard library {}", told.join(" and ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(version: &str, missing: &[&str]) -> Probe {
        Probe {
            version: version.to_owned(),
            implementation: "cpython".to_owned(),
            modules: missing.concat(),
            missing: missing.iter().map(|name| (*name).to_owned()).collect(),
            system: "debian 13".to_owned(),
        }
    }

    #[test]
    fn a_difference_names_the_version_and_the_modules() {
        let (here, there) = (probe("3.13.0", &["_gdbm"]), probe("3.13.5", &["tkinter"]));
        assert_eq!(
            here.differences(&there),
            [
                "Python `3.13.0` for `3.13.5`",
                "a standard library with `tkinter` and without `_gdbm`"
            ]
        );
        assert!(here.differences(&here).is_empty());
        assert_ne!(here.identity(), there.identity());
    }
}

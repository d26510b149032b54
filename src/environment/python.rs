//! Describes a Python interpreter, as far as it can change a finding.
//!
//! The probe script prints the description, and the lock of the base records it. Two interpreters
//! with one identity have the same release and the same standard library modules.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, HashBuilder};

/// The script that prints a [`ProbeOutput`]; run with `-I -S -c`.
pub(crate) const PROBE_SCRIPT: &str = include_str!("../../templates/probe.py");

/// The output of the probe script.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ProbeOutput {
    /// The interpreter itself, with links and virtual environments resolved.
    pub(crate) executable: PathBuf,
    /// The folder that contains its standard library.
    pub(crate) prefix: PathBuf,
    /// Its description.
    pub(crate) probe: Probe,
}

/// The description of an interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Probe {
    /// The full version, such as `3.13.5`.
    pub version: String,
    /// The implementation, such as `cpython`.
    pub implementation: String,
    /// The SHA-256 of the names of all standard library modules that it has.
    pub modules: String,
    /// The top-level modules of the standard library that it lacks, sorted.
    pub missing: Vec<String>,
    /// The operating system, such as `debian 13`.
    pub system: String,
}

impl Probe {
    /// The identity of a base without an image.
    pub(crate) fn identity(&self) -> Hash {
        let Probe { version, implementation, modules, missing: _, system } = self;
        HashBuilder::new("interpreter")
            .with(version)
            .with(implementation)
            .with(modules)
            .with(system)
            .hash()
    }

    /// The differences from another interpreter, each in a few words.
    pub(crate) fn differences(&self, other: &Probe) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, here: &str, there: &str| {
            if here != there {
                differences.push(format!("{what} `{here}` instead of `{there}`"));
            }
        };
        compare("Python", &self.version, &other.version);
        compare("implementation", &self.implementation, &other.implementation);
        compare("system", &self.system, &other.system);
        if self.modules != other.modules {
            differences.push(self.compare_modules(other));
        }
        differences
    }

    fn compare_modules(&self, other: &Probe) -> String {
        let only = |missing: &[String], there: &[String]| -> Vec<String> {
            let only = missing.iter().filter(|name| !there.contains(name));
            only.map(|name| format!("`{name}`")).collect()
        };
        let (more, less) =
            (only(&other.missing, &self.missing), only(&self.missing, &other.missing));
        let parts = [("with", more), ("without", less)];
        let named: Vec<String> = parts
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(word, names)| format!("{word} {}", names.join(", ")))
            .collect();
        match named.as_slice() {
            [] => "different standard library modules".to_owned(),
            named => format!("a standard library {}", named.join(" and ")),
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
                "Python `3.13.0` instead of `3.13.5`",
                "a standard library with `tkinter` and without `_gdbm`"
            ]
        );
        assert!(here.differences(&here).is_empty());
        assert_ne!(here.identity(), there.identity());
    }
}

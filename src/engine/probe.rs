//! Which Python something is, as far as that can change a finding.
//!
//! Owns the probe's program, what it tells, and its hash: two interpreters of one identity have the
//! same standard library by name and release. It must not know where the program runs; the engines
//! do, and the lock of the base keeps what it told.

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, Recipe};

/// The program that tells; run with `-I -S -c`.
pub(super) const PROGRAM: &str = include_str!("../../templates/probe.py");

/// What an interpreter is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Probe {
    /// The full version, such as `3.13.5`.
    pub(super) version: String,
    /// The implementation, such as `cpython`.
    pub(super) implementation: String,
    /// The SHA-256 of the names of all modules of the standard library that are there.
    pub(super) modules: String,
    /// The top-level modules of the standard library that are not there, sorted.
    pub(super) missing: Vec<String>,
    /// The operating system around it, such as `debian 13`.
    pub(super) system: String,
}

impl Probe {
    /// The base's identity where no image has one.
    pub(super) fn identity(&self) -> Hash {
        let Probe { version, implementation, modules, missing: _, system } = self;
        Recipe::new("interpreter")
            .with(version)
            .with(implementation)
            .with(modules)
            .with(system)
            .hash()
    }
}

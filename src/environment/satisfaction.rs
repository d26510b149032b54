//! Compares a lock with what the configuration of its checks says.

use crate::config::ToolPackages;
use crate::lock::Lock;
use crate::requirement::{Requirement, normalize};
use crate::tools::Tool;

/// A requirement that a lock does not satisfy.
pub(super) struct Mismatch {
    /// The package that is locked, if it is, as in `black 24.4.2`.
    pub(super) locked: Option<String>,
    pub(super) required: String,
}

/// Finds the first setting of a check that its lock does not satisfy. A lock may have several versions
/// of a package, each for some platforms or Pythons.
pub(super) fn find_unsatisfied(
    lock: &Lock,
    tool: &dyn Tool,
    packages: &ToolPackages,
) -> Option<Mismatch> {
    let own = packages.version.iter().map(|version| version.of(tool.lock()));
    for required in own.chain(packages.requirements.iter().cloned()) {
        let requirement = Requirement::parse(&required)?;
        let name = normalize(requirement.name);
        let range = requirement.range();
        let locked: Vec<_> =
            lock.packages.iter().filter(|package| normalize(&package.name) == name).collect();
        let fits = |version: &str| range.as_ref().is_none_or(|range| range.contains(version));
        let wrong = locked.iter().find(|package| !fits(&package.version));
        if wrong.is_some() || locked.is_empty() {
            let locked = wrong.map(|package| format!("{} {}", package.name, package.version));
            return Some(Mismatch { locked, required });
        }
    }
    None
}

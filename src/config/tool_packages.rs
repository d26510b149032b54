//! The packages of a tool's environment: which release of the tool, and which plugins.
//!
//! Checks with the same tool and equal settings share a lock. Without settings it is the bundled lock
//! of the tool, or a newer one that `cargo pipe update` wrote.

use super::{Check, Config, Work};
use crate::tools::{self, Tool};
use crate::version::VersionRange;

/// The packages that a check with a tool of the catalogue is installed with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolPackages {
    /// The name of their lock, without `.txt`.
    pub lock: String,
    /// The accepted releases of the tool; the tested one and newer ones if absent.
    pub version: Option<VersionRange>,
    /// The plugins and other packages in addition to the tool, sorted.
    pub requirements: Vec<String>,
    /// The day after which no release is used, such as `2023-05-01`.
    pub exclude_newer: Option<String>,
}

impl ToolPackages {
    /// Packages that have no lock yet: [`name_locks`] names it.
    pub(super) fn new(version: Option<VersionRange>, mut requirements: Vec<String>) -> Self {
        requirements.sort();
        requirements.dedup();
        ToolPackages { version, requirements, ..ToolPackages::default() }
    }

    /// The same without releases that are newer than this day.
    pub(super) fn excluding_newer(self, day: Option<String>) -> Self {
        ToolPackages { exclude_newer: day, ..self }
    }

    /// Whether neither a version nor a plugin is set, so that the bundled lock fits.
    #[must_use]
    pub fn is_bundled(&self) -> bool {
        self.has_settings_of(&ToolPackages::default())
    }

    /// The requirements from which the lock is resolved.
    #[must_use]
    pub fn to_requirements(&self, tool: &dyn Tool) -> Vec<String> {
        let own = match &self.version {
            Some(version) => version.of(tool.lock()),
            None => tools::requirement(tool),
        };
        let companions = tool.companions().iter().map(|it| (*it).to_owned());
        std::iter::once(own).chain(companions).chain(self.requirements.iter().cloned()).collect()
    }

    fn has_settings_of(&self, other: &ToolPackages) -> bool {
        self.version == other.version
            && self.requirements == other.requirements
            && self.exclude_newer == other.exclude_newer
    }
}

impl Config {
    /// The tool whose packages are in this lock, the first check with it, and its settings.
    #[must_use]
    pub fn find_tool_of_lock(
        &self,
        lock: &str,
    ) -> Option<(&'static dyn Tool, &Check, &ToolPackages)> {
        self.checks.iter().find_map(|check| match &check.work {
            Work::Tool { tool, packages, .. } if packages.lock == lock => {
                Some((tools::find(tool)?, check, packages))
            }
            _ => None,
        })
    }
}

/// Names the lock of each check with a tool. The lock is named after the package where all checks with
/// it have the same settings. Where settings differ, that name is for the checks without any, and each
/// other lock has the name of its first check.
pub fn name_locks(checks: &mut [Check]) {
    for index in 0..checks.len() {
        let Some((package, packages)) = packages_of(&checks[index]) else { continue };
        let same_tool = |check: &&Check| packages_of(check).is_some_and(|it| it.0 == package);
        let is_only = checks
            .iter()
            .filter(same_tool)
            .filter_map(packages_of)
            .all(|(_, other)| other.has_settings_of(packages));
        let first = checks[..=index].iter().find(|check| {
            same_tool(check) && packages_of(check).is_some_and(|it| it.1.has_settings_of(packages))
        });
        let lock = match first {
            Some(first) if !is_only && !packages.is_bundled() => own_name(package, first),
            _ => package.to_owned(),
        };
        if let Work::Tool { packages, .. } = &mut checks[index].work {
            packages.lock = lock;
        }
    }
}

fn packages_of(check: &Check) -> Option<(&'static str, &ToolPackages)> {
    match &check.work {
        Work::Tool { tool, packages, .. } => Some((tools::find(tool)?.lock(), packages)),
        Work::Rust { .. } | Work::Command { .. } => None,
    }
}

/// The name of a lock after its check. The dot keeps it apart from the locks that have the name of a
/// package, and from those of all checks.
fn own_name(package: &str, check: &Check) -> String {
    let name = &check.name;
    if let Some(owner) = check.id.package() {
        return format!("{package}.{owner}.{name}");
    }
    let is_taken = RESERVED_LOCKS.contains(&name.as_str())
        || tools::TOOLS.iter().any(|tool| tool.lock() == name.as_str());
    if is_taken { format!("{package}.{name}") } else { name.to_string() }
}

/// Names of locks that belong to no check.
pub(super) const RESERVED_LOCKS: &[&str] = &["base", "build", "project", "rust"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layer::{Layer, parse};
    use crate::config::merge::Layers;
    use crate::config::validate::{ValidationContext, validate};
    use crate::project::Manifest;

    fn locks(text: &str) -> Vec<(String, String)> {
        let layer = |text: &str| -> Layer { parse(&Manifest::PipeToml, text).unwrap().unwrap() };
        let mut defaults = layer(&crate::template::default_config());
        defaults.jobs = layer("jobs = 4").jobs;
        let layers = Layers { defaults, file: layer(text), ..Layers::default() };
        let names: Vec<&str> = tools::TOOLS.iter().map(|tool| tool.name()).collect();
        let context = ValidationContext { manifest: "pipe.toml", text, tools: &names };
        let config = validate(layers.merge(), &context).unwrap().config;
        let lock = |check: &Check| Some((check.name.to_string(), check.lock()?.to_owned()));
        config.checks.iter().filter_map(lock).collect()
    }

    fn lock_of(text: &str, check: &str) -> String {
        locks(text).into_iter().find(|(name, _)| name == check).unwrap().1
    }

    #[test]
    fn checks_with_the_same_tool_and_settings_share_a_lock_of_its_name() {
        let two = "[checks.ruff]\nversion = '0.12.0'\n\
                   [checks.format]\ntool = 'ruff-format'\nversion = '==0.12.0'\n";
        assert_eq!((lock_of(two, "ruff"), lock_of(two, "format")), ("ruff".into(), "ruff".into()));
        assert_eq!(lock_of("[checks.lint]\nrequirements = ['a']\n", "lint"), "pylint");
    }

    #[test]
    fn a_check_with_other_settings_has_a_lock_of_its_own_name() {
        let text = "[checks.old]\ntool = 'black'\nversion = '22.12'\n\
                    [checks.older]\ntool = 'black'\nversion = '22.12.0'\nrequirements = ['a', 'b']\n\
                    [checks.oldest]\ntool = 'black'\nversion = '22.12.0'\nrequirements = ['b', 'a']\n";
        for (check, lock) in
            [("format", "black"), ("old", "old"), ("older", "older"), ("oldest", "older")]
        {
            assert_eq!(lock_of(text, check), lock, "{check}");
        }
    }

    #[test]
    fn a_check_with_the_name_of_another_lock_does_not_take_that_lock() {
        let text = "[checks.mypy]\nversion = '1.8'\n\
                    [checks.strict]\ntool = 'mypy'\n\
                    [checks.project]\ntool = 'mypy'\nversion = '1.9'\n";
        let found = ["mypy", "strict", "project"].map(|check| lock_of(text, check));
        assert_eq!(found, ["mypy.mypy", "mypy", "mypy.project"]);
    }
}

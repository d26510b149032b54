//! The release of a tool: when it came out, and what it can be installed with.
//!
//! A tool whose release the configuration chooses is installed as it was at its time: with dependencies
//! that came out until [`WINDOW`] after it, and on a Python of that time if it parses sources with it.
//! Newer dependencies can break it, and a later `update` gives the same packages.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::UpdateError;
use super::resolver::{Resolver, Wish};
use crate::config::python::minor;
use crate::lock::{Lock, PythonRange};
use crate::requirement::normalize;
use crate::run::Context;
use crate::tools::Tool;
use crate::version::VersionRange;

/// The time after a release in which its dependencies are fixed for it, and in which the Pythons come out
/// that it was prepared for.
const WINDOW: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The days on which minor versions of Python came out, from PEP 537, 569, 596, 619, 664, 693, 719, 745
/// and 790.
const PYTHONS: &[(u32, &str)] = &[
    (7, "2018-06-27"),
    (8, "2019-10-14"),
    (9, "2020-10-05"),
    (10, "2021-10-04"),
    (11, "2022-10-24"),
    (12, "2023-10-02"),
    (13, "2024-10-07"),
    (14, "2025-10-07"),
    (15, "2026-10-01"),
];

/// The packages of a tool.
pub(super) struct ResolvedTool {
    pub(super) lock: Lock,
    /// The day after which no release is used, because the release of the tool is that old.
    pub(super) until: Option<String>,
}

/// A list of packages in the format of PEP 751.
#[derive(Deserialize)]
struct PackageList {
    #[serde(default)]
    packages: Vec<ListedPackage>,
}

#[derive(Deserialize)]
struct ListedPackage {
    name: String,
    #[serde(default)]
    wheels: Vec<Wheel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Wheel {
    upload_time: Option<toml::value::Datetime>,
}

/// Resolves the packages of a tool in this range of releases.
pub(super) fn resolve_tool(
    resolver: &Resolver,
    context: Context<'_>,
    tool: &dyn Tool,
    range: Option<&VersionRange>,
    wish: &Wish<'_>,
) -> Result<ResolvedTool, UpdateError> {
    let end = match range {
        Some(range) => release_time(resolver, context, tool, range, wish)?.map(|it| it + WINDOW),
        None => None,
    };
    let is_old = |end: &SystemTime| *end < SystemTime::now();
    let until = end.filter(is_old).filter(|_| wish.until.is_none());
    let parses = tool.parses_with_python() && !tool.runs_project();
    let newest = end.filter(|_| parses).and_then(newest_python);
    let capped = newest.filter(|newest| Some(*newest) < minor(wish.python));
    let python = capped.map_or_else(|| wish.python.to_owned(), |newest| format!("3.{newest}"));
    let wish = &Wish { python: &python, ..*wish };
    let limited = Wish { until: until.or(wish.until), ..*wish };
    let (resolved, until) = match resolve(resolver, context, tool, &limited) {
        // A plugin can be newer than the tool.
        Err(error) if until.is_some() && error.is_without_solution() => {
            (resolve(resolver, context, tool, wish), None)
        }
        resolved => (resolved, until),
    };
    let (mut lock, python) = resolved?;
    lock.pythons = PythonRange { oldest: minor(&python), newest };
    let day = |end: SystemTime| humantime::format_rfc3339(end).to_string()[..10].to_owned();
    Ok(ResolvedTool { lock, until: until.map(day) })
}

/// Resolves requirements for the wanted Python and all newer ones, or for the first newer one that the
/// tool supports. Tests of a project must run on its own.
fn resolve(
    resolver: &Resolver,
    context: Context<'_>,
    tool: &dyn Tool,
    wish: &Wish<'_>,
) -> Result<(Lock, String), UpdateError> {
    let wanted = wish.python;
    let first = resolver.resolve(context, wish);
    let error = match first {
        Err(error) if error.needs_other_python() && !tool.runs_project() => error,
        first => return Ok((first?, wanted.to_owned())),
    };
    let newer = PYTHONS.iter().filter(|(python, _)| Some(*python) > minor(wanted));
    for (python, _) in newer {
        let python = format!("3.{python}");
        match resolver.resolve(context, &Wish { python: &python, ..*wish }) {
            Err(error) if error.needs_other_python() => {}
            resolved => return Ok((resolved?, python)),
        }
    }
    Err(error)
}

/// The time at which the release of a tool came out that a range chooses; none if the index has no times,
/// or no release that fits.
fn release_time(
    resolver: &Resolver,
    context: Context<'_>,
    tool: &dyn Tool,
    range: &VersionRange,
    wish: &Wish<'_>,
) -> Result<Option<SystemTime>, UpdateError> {
    let requirements = [range.of(tool.lock())];
    // The newest Python, because any will do.
    let python = PYTHONS.last().map_or_else(String::new, |(python, _)| format!("3.{python}"));
    let wish = Wish { requirements: &requirements, python: &python, ..*wish };
    let listed = match resolver.list(context, &wish) {
        Ok(listed) => listed,
        Err(UpdateError::Unresolved { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let list: PackageList = toml::from_str(&listed).unwrap_or(PackageList { packages: Vec::new() });
    let own = list.packages.iter().filter(|it| normalize(&it.name) == normalize(tool.lock()));
    Ok(own.filter_map(|package| package.wheels.iter().filter_map(Wheel::time).min()).max())
}

impl Wheel {
    fn time(&self) -> Option<SystemTime> {
        humantime::parse_rfc3339_weak(&self.upload_time?.to_string()).ok()
    }
}

/// The newest Python that had come out at a time; none if that was the newest of all.
fn newest_python(time: SystemTime) -> Option<u32> {
    let is_out = |day: &str| {
        humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).is_ok_and(|came_out| came_out <= time)
    };
    let last = PYTHONS.iter().rposition(|(_, day)| is_out(day))?;
    (last + 1 < PYTHONS.len()).then(|| PYTHONS[last].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_supports_the_pythons_of_its_time() {
        let newest = |day: &str| {
            newest_python(humantime::parse_rfc3339(&format!("{day}T12:00:00Z")).unwrap())
        };
        assert_eq!(newest("2022-12-09"), Some(11));
        assert_eq!(newest("2023-10-02"), Some(12));
        assert_eq!(newest("2026-09-30"), Some(14));
        assert_eq!(newest("2026-10-01"), None);
    }
}

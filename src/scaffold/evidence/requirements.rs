//! Chooses the packages that a check needs from those that a job or a hook installs.

use super::packages;
use super::tasks::RunScope;
use crate::tools::{TOOLS, Tool};

/// Programs that are installed to run others, which no check imports.
const PROGRAMS: &[&str] = &[
    "build",
    "coverage",
    "hatch",
    "nox",
    "pdm",
    "pip",
    "poetry",
    "pre-commit",
    "prek",
    "setuptools",
    "tox",
    "tox-uv",
    "twine",
    "uv",
    "wheel",
];

/// The installed packages that can change the result of a tool: all that a hook names, and of those
/// that a job installs, what a tool imports or looks at.
pub(super) fn find_relevant(tool: &dyn Tool, scope: &RunScope) -> Vec<String> {
    let is_relevant = |name: &str| {
        let is_own = name != tool.lock() && name.contains(tool.lock());
        let is_checker = |tool: &&dyn Tool| tool.lock() == name && !tool.runs_project();
        let is_program = PROGRAMS.contains(&name) || TOOLS.iter().any(is_checker);
        scope.is_hook || is_own || (tool.sees_project() && !is_program)
    };
    let mut requirements = Vec::new();
    for text in &scope.installs.packages {
        let Some((name, _)) = packages::parse(text) else { continue };
        if name != tool.lock() && is_relevant(&name) && !requirements.contains(text) {
            requirements.push(text.clone());
        }
    }
    requirements
}

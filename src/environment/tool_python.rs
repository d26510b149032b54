//! The Python that a tool runs on, where its release does not support that of the project.
//!
//! `cargo pipe update` finds out which versions a release supports and records them in its lock, so that
//! a run needs no package index for this choice.

use std::path::Path;

use super::recipe;
use crate::config::python::minor;
use crate::config::{Check, Config, EngineChoice, Work};
use crate::lock::{Lock, PythonRange};
use crate::template::DEFAULT_PYTHON;
use crate::tools::{self, Tool};

/// Sets the Python that each check with a tool runs on: the one that it is for if the release in its
/// lock supports that, otherwise the newest one that it does. A check that names a Python, or that runs
/// the project's own code, stays on it.
pub fn choose_pythons(root: &Path, config: &mut Config) {
    let has_others = config.python.has_every_image() || config.engine == EngineChoice::Venv;
    if !has_others || config.shares_job_image() {
        return;
    }
    let chosen: Vec<Option<String>> =
        config.checks.iter().map(|check| choose(root, config, check)).collect();
    for (check, chosen) in config.checks.iter_mut().zip(chosen) {
        check.runs_on = chosen.unwrap_or_else(|| check.python.clone());
    }
}

fn choose(root: &Path, config: &Config, check: &Check) -> Option<String> {
    let range = supported(root, config, check)?;
    let (wanted, usual) = (minor(&check.python)?, minor(DEFAULT_PYTHON)?);
    Some(format!("3.{}", range.choose(wanted, usual)))
}

/// The versions that the release of a check's tool supports; none for a check that stays on its Python.
fn supported(root: &Path, config: &Config, check: &Check) -> Option<PythonRange> {
    let tool = movable_tool(check)?;
    let lock = match recipe::named_lock(root, config, check.lock()?) {
        Ok(lock) => lock,
        // `init` writes the bundled one.
        Err(_) => Lock::parse(tool.lock_template()).ok()?,
    };
    Some(lock.pythons)
}

/// The tool of a check that can run on another Python than it checks for.
fn movable_tool(check: &Check) -> Option<&'static dyn Tool> {
    let Work::Tool { tool, .. } = &check.work else { return None };
    tools::find(tool).filter(|tool| !check.names_python && !tool.runs_project())
}

/// The Python that an option of the tool of a check has to name, because it runs on a newer one.
#[must_use]
pub fn target(root: &Path, config: &Config, check: &Check) -> Option<String> {
    let (wanted, actual) = (minor(&check.python)?, minor(&check.runs_on)?);
    if actual <= wanted {
        // An older release does not know a newer Python.
        return None;
    }
    let option = movable_tool(check)?.target_option()?;
    let oldest = supported(root, config, check)?.oldest.filter(|_| !option.any_older);
    Some(format!("3.{}", wanted.max(oldest.unwrap_or_default())))
}

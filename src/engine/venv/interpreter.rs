//! Finds the Python of virtual environments.
//!
//! It searches PATH, pyenv and uv for the exact minor version, and then for the nearest one that
//! the locks support. Each candidate has to describe itself before it is used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{EngineError, EngineOptions};
use crate::config::python::minor;
use crate::env_vars::EnvVars;
use crate::environment::python;
use crate::process::{self, Cancel, Emitter, Invocation, Until};

/// The minor versions of Python 3 that the locks support.
pub(super) const SUPPORTED: std::ops::RangeInclusive<u32> = 10..=15;

/// The time limit of a candidate's description.
const LIMIT: Duration = Duration::from_secs(20);

/// An interpreter, as it describes itself.
pub(super) type Interpreter = python::ProbeOutput;

impl Interpreter {
    /// Finds the interpreter with the wanted minor version, or with the nearest one.
    pub(super) fn find(
        settings: &EngineOptions,
        cancel: &Cancel,
        emitter: &Emitter<'_>,
    ) -> Result<Interpreter, EngineError> {
        let minor = minor(&settings.python);
        let mut candidates: Vec<u32> = minor.into_iter().chain(SUPPORTED).collect();
        let wanted = minor.unwrap_or(*SUPPORTED.end());
        // The nearest first; of two at the same distance, the newer one.
        candidates.sort_by_key(|minor| (minor.abs_diff(wanted), u32::MAX - minor));
        candidates.dedup();
        find_first(&candidates, settings, cancel, emitter)?
            .ok_or_else(|| EngineError::NoPython(settings.python.clone()))
    }

    /// Finds the interpreter with exactly this minor version.
    pub(super) fn find_exact(
        version: &str,
        settings: &EngineOptions,
        cancel: &Cancel,
        emitter: &Emitter<'_>,
    ) -> Result<Interpreter, EngineError> {
        let minor: Vec<u32> = minor(version).into_iter().collect();
        find_first(&minor, settings, cancel, emitter)?
            .ok_or_else(|| EngineError::NoOtherPython(version.to_owned()))
    }

    /// Whether it is of this major and minor version, such as `3.13`.
    pub(super) fn is(&self, version: &str) -> bool {
        self.probe.version.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'))
    }

    fn is_minor(&self, minor: u32) -> bool {
        self.is(&format!("3.{minor}"))
    }
}

/// The first interpreter that has one of these minor versions.
fn find_first(
    minors: &[u32],
    settings: &EngineOptions,
    cancel: &Cancel,
    emitter: &Emitter<'_>,
) -> Result<Option<Interpreter>, EngineError> {
    let places = SearchPlaces::from_variables(&settings.variables);
    for minor in minors {
        for program in places.programs(*minor) {
            let found = probe(&program, settings, cancel, emitter)?;
            if let Some(found) = found.filter(|found| found.is_minor(*minor)) {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

/// All programs that could be the interpreter, without starting any.
pub(super) fn candidates(variables: &EnvVars) -> Vec<PathBuf> {
    let places = SearchPlaces::from_variables(variables);
    let programs: BTreeSet<PathBuf> = SUPPORTED.flat_map(|minor| places.programs(minor)).collect();
    programs.into_iter().collect()
}

/// The places that are searched for interpreters.
struct SearchPlaces {
    path: String,
    /// Folders with a subfolder for each version.
    versions: Vec<PathBuf>,
}

impl SearchPlaces {
    fn from_variables(variables: &EnvVars) -> SearchPlaces {
        let home = variables.get("HOME").map(PathBuf::from);
        let below = |home: &Option<PathBuf>, path: &str| home.as_ref().map(|home| home.join(path));
        let pyenv = variables.get("PYENV_ROOT").map(PathBuf::from).or(below(&home, ".pyenv"));
        let uv = variables
            .get("UV_PYTHON_INSTALL_DIR")
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(variables.get("XDG_DATA_HOME")?).join("uv/python")))
            .or(below(&home, ".local/share/uv/python"));
        SearchPlaces {
            path: variables.get("PATH").unwrap_or_default().to_owned(),
            versions: [pyenv.map(|root| root.join("versions")), uv].into_iter().flatten().collect(),
        }
    }

    /// The programs that could be Python of this minor version, the most likely first.
    fn programs(&self, minor: u32) -> Vec<PathBuf> {
        let name = format!("python3.{minor}");
        let on_path = |name: &str| -> Vec<PathBuf> {
            which::which_in_all(name, Some(&self.path), "/")
                .map(Iterator::collect)
                .unwrap_or_default()
        };
        let mut programs = on_path(&name);
        for folder in &self.versions {
            programs.extend(newest_first(folder).map(|version| version.join("bin").join(&name)));
        }
        programs.extend(["python3", "python"].into_iter().flat_map(on_path));
        programs.retain(|program| program.is_file());
        programs
    }
}

/// The version folders in a folder, sorted by the numbers in their names, the newest first.
fn newest_first(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    let numbers = |path: &PathBuf| -> Vec<u32> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
    };
    versions.sort_by_key(numbers);
    versions.into_iter().rev()
}

/// Runs the probe script with a program; none if the program is not a Python.
fn probe(
    program: &Path,
    settings: &EngineOptions,
    cancel: &Cancel,
    emitter: &Emitter<'_>,
) -> Result<Option<Interpreter>, EngineError> {
    let invocation = Invocation {
        // A version manager's shim would choose by the project's files in the project's folder.
        folder: Some(settings.folder.clone()),
        ..Invocation::new(program, ["-I", "-S", "-c", python::PROBE_SCRIPT])
    };
    let until = Until { cancel: Some(cancel), limit: LIMIT };
    match process::run(&invocation, until, emitter) {
        Ok(output) if output.code == 0 => Ok(serde_json::from_slice(&output.stdout).ok()),
        Err(error @ process::ProcessError::Stopped) => Err(error.into()),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["3.13.2", "3.13.10", "3.9.18", "cpython-3.13.11-linux"] {
            std::fs::create_dir(folder.path().join(version)).unwrap();
        }
        let names: Vec<String> = newest_first(folder.path())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["cpython-3.13.11-linux", "3.13.10", "3.13.2", "3.9.18"]);
    }
}

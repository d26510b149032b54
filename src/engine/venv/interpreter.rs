//! The Python that virtual environments are made from.
//!
//! Owns where it is looked for: the exact minor version on PATH, with pyenv and with uv, and else
//! the nearest one that the locks support. Each candidate is asked what it is before it is believed.
//! It must not make an environment of it; [`super::install`] does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{EngineError, EngineOptions};
use crate::config::load::EnvVars;
use crate::environment::python;
use crate::process::{self, Cancel, Emitter, Invocation, Until};

/// The minor versions of Python 3 that the locks are made for.
const SUPPORTED: std::ops::RangeInclusive<u32> = 10..=15;

/// How long a candidate may take to say what it is.
const LIMIT: Duration = Duration::from_secs(20);

/// An interpreter that was found.
pub(super) type Interpreter = python::ProbeOutput;

impl Interpreter {
    /// Finds the interpreter of this major and minor version, or the nearest one.
    pub(super) fn find(
        settings: &EngineOptions,
        cancel: &Cancel,
        emitter: &Emitter<'_>,
    ) -> Result<Interpreter, EngineError> {
        let minor = minor(&settings.python);
        let mut candidates: Vec<u32> = minor.into_iter().chain(SUPPORTED).collect();
        let wanted = minor.unwrap_or(*SUPPORTED.end());
        // The nearest first; of two that are as near, the newer one.
        candidates.sort_by_key(|minor| (minor.abs_diff(wanted), u32::MAX - minor));
        candidates.dedup();
        let places = Places::of(&settings.variables);
        for minor in candidates {
            for program in places.programs(minor) {
                let found = ask(&program, settings, cancel, emitter)?;
                if let Some(found) = found.filter(|found| found.is_minor(minor)) {
                    return Ok(found);
                }
            }
        }
        Err(EngineError::NoPython(settings.python.clone()))
    }

    /// Whether it is of this major and minor version, such as `3.13`.
    pub(super) fn is(&self, version: &str) -> bool {
        self.probe.version.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'))
    }

    fn is_minor(&self, minor: u32) -> bool {
        self.is(&format!("3.{minor}"))
    }
}

fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("3.")?.parse().ok()
}

/// Every program that could be the interpreter, without asking any.
pub(super) fn candidates(variables: &EnvVars) -> Vec<PathBuf> {
    let places = Places::of(variables);
    let programs: BTreeSet<PathBuf> = SUPPORTED.flat_map(|minor| places.programs(minor)).collect();
    programs.into_iter().collect()
}

/// Where interpreters are looked for.
struct Places {
    path: String,
    /// Folders with one folder for each version.
    versions: Vec<PathBuf>,
}

impl Places {
    fn of(variables: &EnvVars) -> Places {
        let home = variables.get("HOME").map(PathBuf::from);
        let below = |home: &Option<PathBuf>, path: &str| home.as_ref().map(|home| home.join(path));
        let pyenv = variables.get("PYENV_ROOT").map(PathBuf::from).or(below(&home, ".pyenv"));
        let uv = variables
            .get("UV_PYTHON_INSTALL_DIR")
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(variables.get("XDG_DATA_HOME")?).join("uv/python")))
            .or(below(&home, ".local/share/uv/python"));
        Places {
            path: variables.get("PATH").unwrap_or_default().to_owned(),
            versions: [pyenv.map(|root| root.join("versions")), uv].into_iter().flatten().collect(),
        }
    }

    /// The programs that could be Python of this minor version, the likeliest first.
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

/// The folders of versions in a folder, the newest first as far as their names tell.
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

/// Asks a program what Python it is; none if it is none.
fn ask(
    program: &Path,
    settings: &EngineOptions,
    cancel: &Cancel,
    emitter: &Emitter<'_>,
) -> Result<Option<Interpreter>, EngineError> {
    let invocation = Invocation {
        // A version manager's stand-in must not look at what the project wants.
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
    fn versions_are_numbers_and_not_text() {
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

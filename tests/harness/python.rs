//! Environments with the locked release of a tool, each installed once for all tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use cargo_pipe::hash::Hash;

use crate::start;

/// Whether there is a Python to make environments of.
pub(crate) fn has_python() -> bool {
    static HAS_PYTHON: LazyLock<bool> = LazyLock::new(|| {
        let output = start::command("python3").arg("--version").output();
        output.is_ok_and(|output| output.status.success())
    });
    *HAS_PYTHON
}

/// The Python of an environment with the packages of this lock in `templates/requirements`.
pub(crate) fn locked_python(lock: &str) -> PathBuf {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/requirements");
    installed_python(&templates.join(format!("{lock}.txt")))
}

/// The Python of an environment with the packages of a lock, made where there is none yet.
pub(crate) fn installed_python(requirements: &Path) -> PathBuf {
    let pins = fs::read(requirements).unwrap();
    let lock = requirements.file_stem().unwrap().to_string_lossy();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join(format!("fixtures/{lock}-{}", Hash::of(&pins).short()));
    let python = folder.join("bin/python3");
    // Only one of several test processes installs it.
    let _ = fs::create_dir_all(folder.parent().unwrap());
    let file = fs::File::create(folder.with_extension("lock")).unwrap();
    file.lock().unwrap();
    if !python.exists() {
        let made = tempfile::tempdir_in(target).unwrap();
        install(made.path(), requirements);
        // Environments with the packages in place of their own can be anywhere.
        fs::rename(made.keep(), &folder).unwrap();
    }
    python
}

fn install(folder: &Path, requirements: &Path) {
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
    };
    run(start::command("python3").args(["-m", "venv"]).arg(folder));
    run(start::command(folder.join("bin/python3"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--require-hashes", "--requirement"])
        .arg(requirements));
}

/// The folder of an installed package.
pub(crate) fn package_folder(python: &Path, name: &str) -> PathBuf {
    let lib = python.parent().unwrap().with_file_name("lib");
    let version = fs::read_dir(lib).unwrap().next().unwrap().unwrap().path();
    version.join("site-packages").join(name)
}

/// Where the sources of a fetched package are.
pub(crate) fn fetched_sources(package: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("fixtures");
    let fetched = fs::read_dir(&fixtures).into_iter().flatten().map(|entry| entry.unwrap().path());
    let is_of = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.rsplit_once('-').is_some_and(|(name, _)| name == package)
    };
    let mut folders =
        fetched.filter(is_of).flat_map(|it| [it.join(package), it.join("src").join(package)]);
    folders
        .find(|folder| folder.is_dir())
        .unwrap_or_else(|| panic!("{package} not found: run `cargo xtask fixtures` to fetch it"))
}

/// Copies a folder with everything in it.
pub(crate) fn copy_tree(source: &Path, target: &Path) {
    fs::create_dir_all(target).unwrap();
    for entry in fs::read_dir(source).unwrap() {
        let (place, target) = entry.map(|it| (it.path(), target.join(it.file_name()))).unwrap();
        if place.is_dir() {
            copy_tree(&place, &target);
        } else {
            fs::copy(&place, &target).unwrap();
        }
    }
}

/// Lists the Python files below a folder, by their paths from the root.
pub(crate) fn list_sources(folder: &Path, prefix: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            list_sources(&entry.path(), &format!("{name}/"), files);
        } else if name.ends_with(".py") || name.ends_with(".pyi") {
            files.push(name);
        }
    }
}

/// The random edits of a package that a soak asks for: `cargo xtask soak NAME PACKAGE --seed N --edits M`
/// sets the variables.
pub(crate) struct Soak {
    pub(crate) seed: u64,
    pub(crate) edits: u32,
    pub(crate) package: String,
}

impl Soak {
    /// One edit of httpx, unless something else is asked for.
    pub(crate) fn requested() -> Soak {
        Soak {
            seed: variable("CARGO_PIPE_TEST_SEED").map_or(1, |text| text.parse().unwrap()),
            edits: variable("CARGO_PIPE_TEST_EDITS").map_or(1, |text| text.parse().unwrap()),
            package: variable("CARGO_PIPE_TEST_PACKAGE").unwrap_or_else(|| "httpx".to_owned()),
        }
    }
}

/// A variable of this process.
#[expect(clippy::disallowed_methods, reason = "a soak says what it wants this way")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

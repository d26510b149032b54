//! Places for tries that are used one after the other: environments are built once for each.
//!
//! A place is a folder with a project, a home, temporary files, a cache and a folder that stands for
//! the rest of the machine. All but the environments in the cache is made again for every try.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use cargo_pipe::hash::Hash;
use serde_json::Value;
use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::process::Command;
use crate::workspace;

/// The places of one thread's tries.
#[derive(Debug)]
pub(super) struct Arena {
    folder: TempDir,
    pub(super) program: PathBuf,
}

/// A source with a finding for each tool, so that a wrong pass is noticed.
const SOURCE: &str = "\"\"\"A module with a finding for each tool.\"\"\"\n\nimport os\n\n\
                      NUMBER: int = \"none\"\nWORD = {  'a':1 }\n";

/// What each place has of its own.
const FOLDERS: &[&str] = &["project", "home", "tmp", "outside", "docker"];

impl Arena {
    /// Creates arenas around a program.
    ///
    /// # Errors
    ///
    /// When no docker engine answers, no folder can be created, or the program makes no project.
    pub(super) fn create_all(program: &Path, count: usize) -> Result<Vec<Arena>> {
        let fake = compile_fake()?;
        if Command::new("docker", ["version"]).read().is_err() {
            let hint = "`cargo xtask docker --install` starts one";
            return Err(Failure::new("no docker engine answers").hint(hint));
        }
        // `/tmp` is missing in some tries.
        let base = Path::new("/var/tmp");
        let base = if base.is_dir() { base.to_owned() } else { std::env::temp_dir() };
        let create = |_| {
            let folder = tempfile::Builder::new().prefix("cpt-").tempdir_in(&base);
            let folder = folder.map_err(|error| Failure::file(&base, &error))?;
            // A copy, because a build could replace the program meanwhile.
            let copy = folder.path().join("cargo-pipe");
            fs::copy(program, &copy).map_err(|error| Failure::file(program, &error))?;
            let arena = Arena { folder, program: copy };
            let root = arena.root();
            fs::copy(&fake, root.join("fake-docker"))
                .map_err(|error| Failure::file(&fake, &error))?;
            write_script(&root.join("bare/bwrap"), "#!/bin/sh\nexit 1\n")?;
            let template = root.join("template").to_string_lossy().into_owned();
            Command::new(&program.to_string_lossy(), ["init", &template])
                .variable("HOME", &root.to_string_lossy())
                .read()?;
            workspace::write(&root.join("template/src/main.py"), SOURCE)?;
            workspace::write(&root.join("template/src/other.py"), "\"\"\"Clean.\"\"\"\n")?;
            Ok(arena)
        };
        (0..count).map(create).collect()
    }

    /// Its folder.
    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of a place.
    pub(super) fn place(&self, place: usize) -> PathBuf {
        self.root().join(format!("p{place}"))
    }

    /// Makes a place as it is at the start of a try, and keeps only its environments.
    ///
    /// # Errors
    ///
    /// When a folder cannot be removed or created.
    pub(super) fn prepare(&self, place: usize) -> Result<()> {
        let root = self.place(place);
        for folder in FOLDERS {
            remove(&root.join(folder))?;
            workspace::create_folder(&root.join(folder))?;
        }
        for entry in list(&root.join("cache")) {
            if entry.file_name().is_some_and(|name| name != "environments") {
                remove(&entry)?;
            }
        }
        workspace::create_folder(&root.join("cache"))?;
        workspace::create_folder(&root.join("docker/replies"))?;
        let fake = root.join("docker/docker");
        fs::hard_link(self.root().join("fake-docker"), &fake)
            .map_err(|error| Failure::file(&fake, &error))?;
        workspace::write(&root.join("outside/secret.txt"), &format!("{SECRET}\n"))?;
        workspace::write(&root.join("home/.bashrc"), "# Nothing.\n")?;
        self.restore_project(place)
    }

    /// Makes the project of a place again.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn restore_project(&self, place: usize) -> Result<()> {
        let project = self.place(place).join("project");
        remove(&project)?;
        copy(&self.root().join("template"), &project)
    }

    /// The file with the right results of a place.
    pub(super) fn results(&self, place: usize) -> PathBuf {
        self.place(place).join("results.json")
    }
}

impl Drop for Arena {
    /// Removes the images that the engine keeps for the arena's projects.
    fn drop(&mut self) {
        for place in list(self.root()) {
            let Ok(root) = fs::canonicalize(place.join("project")) else { continue };
            let id = Hash::of(root.as_os_str().as_encoded_bytes()).short();
            let reference = format!("reference=cargo-pipe/*:project-{id}");
            let format = "{{.Repository}}:{{.Tag}}";
            let list = ["image", "ls", "--filter", &reference, "--format", format];
            let images = Command::new("docker", list).read().unwrap_or_default();
            for image in images.lines() {
                let _ = Command::new("docker", ["image", "rm", image]).attempt();
            }
        }
    }
}

/// Text of a file outside of the project, which no output may have.
pub(super) const SECRET: &str = "SECRET-d41f7c";

/// The parts of a report that two runs on the same files share.
pub(super) fn results_of(report: &Value) -> BTreeMap<String, Value> {
    let mut results = BTreeMap::new();
    for check in report["checks"].as_array().into_iter().flatten() {
        let name = check["name"].as_str().unwrap_or_default().to_owned();
        let status = check.get("outcome").or(check.get("status")).cloned();
        results.insert(name, serde_json::json!([status, check["findings"]]));
    }
    results
}

/// Every file below a folder: its size, mode and time of change.
pub(super) fn survey(folder: &Path) -> BTreeMap<PathBuf, (u64, u32, i64)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in list(&folder) {
            let Ok(metadata) = path.symlink_metadata() else { continue };
            if metadata.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|it| it != "lock" && it != "pyc") {
                let nanoseconds = metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec();
                found.insert(path, (metadata.size(), metadata.mode(), nanoseconds));
            }
        }
    }
    found
}

/// The entries of a folder; none where it cannot be read.
pub(super) fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Removes a file or folder, even if its depth or its mode makes that hard.
///
/// # Errors
///
/// When it is still there.
pub(super) fn remove(path: &Path) -> Result<()> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    let removed = if metadata.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    if removed.is_ok() {
        return Ok(());
    }
    let path = path.to_string_lossy();
    Command::new("sh", ["-c", "chmod -R u+rwx \"$0\"; rm -rf \"$0\"", &path]).read().map(drop)
}

/// Copies a folder with its links and modes.
///
/// # Errors
///
/// When a file cannot be copied.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    workspace::create_folder(to)?;
    for path in list(from) {
        let target = to.join(path.file_name().unwrap_or_default());
        let failed = |error| Failure::file(&target, &error);
        let kind = path.symlink_metadata().map_err(failed)?.file_type();
        if kind.is_dir() {
            copy(&path, &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&path).map_err(failed)?, &target).map_err(failed)?;
        } else {
            fs::copy(&path, &target).map_err(failed)?;
        }
    }
    Ok(())
}

/// Writes a program.
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn write_script(path: &Path, text: &str) -> Result<()> {
    workspace::write(path, text)?;
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, mode).map_err(|error| Failure::file(path, &error))
}

/// Compiles the program that stands in for docker.
fn compile_fake() -> Result<PathBuf> {
    let source = workspace::root().join("tests/fake-docker/docker.rs");
    let output = workspace::target()?.join("torture/fake-docker");
    let is_older = |source: &Path| {
        let time = |path: &Path| path.metadata().and_then(|it| it.modified()).ok();
        time(&output) < time(source)
    };
    if is_older(&source) {
        workspace::create_folder(&workspace::target()?.join("torture"))?;
        let options = ["--edition", "2024", "-C", "opt-level=1", "--crate-name", "docker", "-o"];
        Command::new("rustc", options)
            .arguments([&*output.to_string_lossy(), &*source.to_string_lossy()])
            .read()?;
    }
    Ok(output)
}

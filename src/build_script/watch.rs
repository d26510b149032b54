//! The files that make cargo rerun a build script.
//!
//! A folder is watched as a whole, so that new files count, unless cargo or a compiler writes below
//! it, because then every build would be a change.

use std::fs;
use std::path::{Path, PathBuf};

use super::Place;
use super::lines::Lines;
use crate::discover;
use crate::env_vars::NAMES;
use crate::pipeline::Pipeline;
use crate::plan::{FileSet, Plan};
use crate::project::ProjectPath;
use crate::snapshot::Inventory;
use crate::template::GENERATED;

/// Variables other than our own that select an engine or change our behaviour.
const VARIABLES: &[&str] = &["CI", "DOCKER_CONTEXT", "DOCKER_HOST"];

/// Watches the files that cargo pipe generated.
pub(super) fn generated(pipeline: &Pipeline, lines: &mut Lines) {
    let config = &pipeline.config.config;
    let placement = discover::placement(&pipeline.project.root);
    let files = GENERATED.iter().filter_map(|file| file.locate(&placement, config));
    files.for_each(|file| lines.watch(&file.on_disk()));
}

/// Watches every file that can change a plan's verdict.
pub(super) fn checked(pipeline: &Pipeline, plan: &Plan, place: &Place, lines: &mut Lines) {
    NAMES.iter().chain(VARIABLES).for_each(|name| lines.watch_variable(name));
    let root = &pipeline.project.root;
    let written = written(root, place, pipeline.environment.get("CARGO_TARGET_DIR"));
    for step in &plan.steps {
        for path in paths(root, &step.file_set, &written) {
            lines.watch(&path);
        }
        if let Some(config) = &step.config {
            lines.watch(&config.path.on_disk(root));
        }
    }
    lines.watch(&root.join(".gitignore"));
    lines.watch(&root.join("pyproject.toml"));
    let dockerfile = pipeline.config.image.dockerfile.on_disk(root);
    let beside = |name: &str| dockerfile.parent().unwrap_or(root).join(name);
    lines.watch(&beside("pipe.lock"));
    let locks = fs::read_dir(beside("requirements")).into_iter().flatten().flatten();
    locks.for_each(|lock| lines.watch(&lock.path()));
    lines.watch(&dockerfile);
}

/// The folders that builds write to.
fn written(root: &Path, place: &Place, target: Option<&str>) -> Vec<PathBuf> {
    let targets = place.manifest.ancestors().take_while(|folder| folder.starts_with(root));
    targets
        .map(|folder| folder.join("target"))
        .chain(target.map(|target| place.manifest.join(target)))
        .chain([place.out.clone()])
        .filter_map(|folder| fs::canonicalize(folder).ok())
        .collect()
}

/// The outermost folders that builds do not write below, and the files outside of such folders.
fn paths(root: &Path, file_set: &FileSet, written: &[PathBuf]) -> Vec<PathBuf> {
    let is_quiet = |path: &Path| !written.iter().any(|folder| folder.starts_with(path));
    let (quiet, busy): (Vec<PathBuf>, Vec<PathBuf>) =
        file_set.paths.iter().map(|path| path.on_disk(root)).partition(|path| is_quiet(path));
    let covered = if busy.is_empty() { Ok(Vec::new()) } else { Inventory::list(root, file_set) };
    let below_busy = |path: &ProjectPath| {
        let file = path.on_disk(root);
        let base = busy.iter().find(|folder| file.starts_with(folder))?;
        let outermost = file
            .ancestors()
            .take_while(|folder| folder.starts_with(base))
            .filter(|folder| is_quiet(folder))
            .last();
        outermost.map(Path::to_owned)
    };
    // The check reports a folder that cannot be listed.
    quiet.into_iter().chain(covered.iter().flatten().filter_map(below_busy)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        (folder, root)
    }

    fn watched(root: &Path, path: &str) -> Vec<String> {
        let file_set =
            FileSet { paths: vec![ProjectPath::new(path).unwrap()], ..FileSet::default() };
        let place = Place { manifest: root.join("crate"), out: root.join("target/debug/out") };
        let mut paths: Vec<String> = paths(root, &file_set, &written(root, &place, None))
            .iter()
            .map(|path| path.strip_prefix(root).unwrap().display().to_string())
            .collect();
        paths.dedup();
        paths
    }

    #[test]
    fn a_folder_is_watched_whole() {
        let (_folder, root) = project(&["src/a/b.py", "src/c.py", "target/debug/out/x"]);
        assert_eq!(watched(&root, "src"), ["src"]);
    }

    #[test]
    fn a_folder_that_holds_what_cargo_writes_is_taken_apart() {
        let files = ["a/b/c.py", "main.py", "target/CACHEDIR.TAG", "target/debug/out/x.py"];
        let (_folder, root) = project(&files);
        assert_eq!(watched(&root, "."), ["a", "main.py"]);
    }

    #[test]
    fn the_target_folder_of_a_crate_alone_is_known_too() {
        let (_folder, root) =
            project(&["crate/target/CACHEDIR.TAG", "crate/py/a.py", "target/debug/out/x"]);
        assert_eq!(watched(&root, "crate"), ["crate/py"]);
    }
}

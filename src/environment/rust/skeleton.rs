//! A Rust project without its code, in which only its dependencies are compiled.
//!
//! It has the manifests of the project, and an empty program in the place of each target. What cargo
//! builds there comes from the locked packages alone, so that checks of any state of the code can start
//! from it. cargo takes the files of the project's own packages for unchanged, because they are as old;
//! the script therefore removes what cargo remembers of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::RustPackages;
use crate::container::{TARGET, working_directory};
use crate::hash::{Hash, HashBuilder};
use crate::plan::{FileSet, RustCompilation};
use crate::project::ProjectPath;
use crate::read::{self, SizeLimit};
use crate::snapshot::{Inventory, SnapshotError};

/// The content of a target without code: that of a library, a program, a test or a build script.
const EMPTY: &str = "fn main() {}\n";

/// The folders in which cargo looks for further targets of a package, each a file or a folder with a
/// `main.rs`.
const FURTHER: [&str; 4] = ["src/bin", "tests", "examples", "benches"];

/// The other places in which cargo looks for targets.
const USUAL: [&str; 3] = ["build.rs", "src/lib.rs", "src/main.rs"];

/// A project in which only dependencies are compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skeleton {
    /// The files, by their paths in the project.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The shell script that compiles it in a job, and leaves the result in [`TARGET`].
    pub script: String,
}

impl Skeleton {
    /// Reads the manifests below the folder of a lock.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn read(root: &Path, packages: &RustPackages) -> Result<Skeleton, SnapshotError> {
        let RustPackages { lock, own, compilation, .. } = packages;
        let folder = lock.folders_above().last().unwrap_or_else(ProjectPath::root);
        let file_set = FileSet {
            paths: vec![folder],
            exclude: compilation.exclude.clone(),
            hidden: vec![".toml".to_owned()],
            generated: vec![lock.clone()],
            ..FileSet::default()
        };
        let listed: BTreeSet<ProjectPath> = Inventory::list(root, &file_set)?.into_iter().collect();
        let mut files = BTreeMap::new();
        for path in &listed {
            let is_config = path.as_str().ends_with(".cargo/config.toml");
            if path.file_name() != "Cargo.toml" && path != lock && !is_config {
                continue;
            }
            // cargo itself reports what it cannot read.
            let Ok(text) = read::read_project_text(root, path, SizeLimit::Lock) else { continue };
            if path.file_name() == "Cargo.toml" {
                let targets = find_targets(path, &text, &listed);
                files.extend(targets.into_iter().map(|path| (path, EMPTY.as_bytes().to_vec())));
            }
            files.insert(path.to_string(), text.into_bytes());
        }
        Ok(Skeleton { files, script: script(own, compilation) })
    }

    /// Everything that decides what is compiled, apart from the toolchain and the packages.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let mut builder = HashBuilder::new("skeleton").with(&self.script);
        for (path, content) in &self.files {
            builder.add(path);
            builder.add(content);
        }
        builder.hash()
    }
}

/// The files of the targets of a package: those that the manifest names, and those that cargo finds.
fn find_targets(
    manifest: &ProjectPath,
    text: &str,
    listed: &BTreeSet<ProjectPath>,
) -> BTreeSet<String> {
    let folder = manifest.folders_above().last().unwrap_or_else(ProjectPath::root);
    let is_target = |path: &&ProjectPath| {
        let inside = path.below(&folder);
        let inside = inside.as_str();
        USUAL.contains(&inside)
            || FURTHER.iter().any(|further| {
                let rest = inside.strip_prefix(further).and_then(|rest| rest.strip_prefix('/'));
                rest.is_some_and(|rest| match rest.split_once('/') {
                    None => rest.ends_with(".rs"),
                    Some((_, name)) => name == "main.rs",
                })
            })
    };
    let below = listed.iter().filter(|path| path.starts_with(&folder));
    let mut targets: BTreeSet<String> = below.filter(is_target).map(ToString::to_string).collect();
    let manifest: toml::Table = text.parse().unwrap_or_default();
    targets.extend(
        named_targets(&manifest)
            .iter()
            .filter_map(|path| Some(folder.join(path).ok()?.to_string())),
    );
    targets
}

/// The paths of targets that a manifest names.
fn named_targets(manifest: &toml::Table) -> Vec<String> {
    let path = |table: &toml::Value| Some(table.get("path")?.as_str()?.to_owned());
    let lists = ["bin", "test", "example", "bench"];
    let listed = lists.iter().filter_map(|key| manifest.get(*key)?.as_array());
    let build = manifest.get("package").and_then(|package| package.get("build")?.as_str());
    let library = manifest.get("lib").and_then(path);
    listed.flatten().filter_map(path).chain(build.map(str::to_owned)).chain(library).collect()
}

/// The script that compiles a skeleton. A dependency that cannot be compiled fails the check, which tells
/// why.
fn script(own: &BTreeSet<String>, compilation: &RustCompilation) -> String {
    let quoted = |text: &str| shlex::try_quote(text).map(|it| it.into_owned()).unwrap_or_default();
    let mut lines = vec![format!("cd {}", quoted(&working_directory(&compilation.folder)))];
    let variables = compilation.env.iter();
    lines.extend(variables.map(|(name, value)| format!("export {name}={}", quoted(value))));
    lines.push(format!("export CARGO_TARGET_DIR={TARGET}"));
    let words: Vec<String> = compilation.command.iter().map(|word| quoted(word)).collect();
    lines.push(format!("{} >&2 || true", words.join(" ")));
    // A fingerprint has the name of the package and 16 hexadecimal digits.
    lines.extend(own.iter().map(|name| {
        let pattern = format!("*/.fingerprint/{name}-{}", "?".repeat(16));
        format!("find {TARGET} -depth -type d -path {} -exec rm -r {{}} +", quoted(&pattern))
    }));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ProjectPath {
        ProjectPath::new(text).unwrap()
    }

    fn compilation(root: &Path) -> Skeleton {
        let compilation = RustCompilation {
            folder: path("a b"),
            command: vec!["cargo".to_owned(), "check".to_owned(), "it's".to_owned()],
            env: BTreeMap::from([("RUSTFLAGS".to_owned(), "-C x=y".to_owned())]),
            exclude: Vec::new(),
        };
        let own = BTreeSet::from(["demo".to_owned()]);
        let (lock, crates) = (path("a b/Cargo.lock"), BTreeSet::new());
        Skeleton::read(root, &RustPackages { lock, crates, own, compilation }).unwrap()
    }

    #[test]
    fn a_skeleton_has_the_manifests_and_an_empty_file_for_each_target() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let place = root.path().join("a b").join(file);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, text).unwrap();
        };
        write("Cargo.toml", "[package]\nbuild = 'other.rs'\n[[bin]]\npath = 'odd/x.rs'\n");
        for file in
            ["src/lib.rs", "src/part.rs", "src/bin/one.rs", "tests/a/main.rs", "tests/a/b.rs"]
        {
            write(file, "secret();\n");
        }
        for file in ["Cargo.lock", ".cargo/config.toml", "member/Cargo.toml", "data.txt"] {
            write(file, "\n");
        }
        let before = compilation(root.path());
        let names: Vec<&str> =
            before.files.keys().map(|it| it.strip_prefix("a b/").unwrap()).collect();
        assert_eq!(
            names,
            [
                ".cargo/config.toml",
                "Cargo.lock",
                "Cargo.toml",
                "member/Cargo.toml",
                "odd/x.rs",
                "other.rs",
                "src/bin/one.rs",
                "src/lib.rs",
                "tests/a/main.rs"
            ]
        );
        assert!(before.files.values().all(|text| !text.starts_with(b"secret")));

        write("src/lib.rs", "changed();\n");
        write("src/new.rs", "\n");
        assert_eq!(compilation(root.path()).hash(), before.hash(), "no code is compiled");
        write("Cargo.toml", "[package]\n");
        assert_ne!(compilation(root.path()).hash(), before.hash());
    }

    #[test]
    fn the_script_forgets_the_packages_of_the_project() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("a b")).unwrap();
        assert_eq!(
            compilation(root.path()).script,
            "cd '/app/a b'\nexport RUSTFLAGS='-C x=y'\nexport CARGO_TARGET_DIR=/opt/target\n\
             cargo check \"it's\" >&2 || true\n\
             find /opt/target -depth -type d -path '*/.fingerprint/demo-????????????????' -exec rm -r {} +\n"
        );
    }
}

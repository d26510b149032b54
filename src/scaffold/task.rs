//! Gives a Cargo workspace the task `cargo xtask pipe`.
//!
//! Owns what a workspace needs for that: a package `xtask`, its membership, a dependency and an
//! alias. What is there stays as it is, comments included; what is missing is added to it. Must not
//! know what the task does, and cannot edit its code: [`Tasked::call`] says where a call is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use globset::Glob;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value, value};

use super::manifest::WantedFile;
use super::{Change, FileAction, ScaffoldError, WriteMode, write};
use crate::config::load::EnvVars;
use crate::event::Silent;
use crate::process::{self, Emitter, Invocation, Until};
use crate::project::{ProjectPath, discover};
use crate::template::{Ownership, VERSION};

/// The package that is depended on.
const PACKAGE: &str = "cargo-pipe-ci";
/// The name of a task runner and of its alias.
const XTASK: &str = "xtask";
/// What the alias stands for.
const ALIAS: &str = "run --quiet --package xtask --";
/// How a task runner calls us.
const CALL: &str = "cargo_pipe::xtask";
/// How long cargo may take to say what a workspace has.
const LIMIT: Duration = Duration::from_secs(60);

/// What became of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tasked {
    /// What became of each file.
    pub changes: Vec<Change>,
    /// The source of a task runner that does not call us yet.
    pub call: Option<ProjectPath>,
}

/// What a workspace gets.
pub struct Task {
    root: PathBuf,
    files: Vec<File>,
    call: Option<ProjectPath>,
}

/// A file with what it says now, if it is there, and what it is to say.
struct File {
    path: ProjectPath,
    before: Option<String>,
    after: String,
}

/// Finds out what the workspace in `root` lacks. Nothing is written.
///
/// # Errors
///
/// When there is no workspace, or cargo cannot read it.
pub fn task(root: &Path, environment: &EnvVars) -> Result<Task, ScaffoldError> {
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    if !root.join("Cargo.toml").is_file() {
        return Err(ScaffoldError::NoWorkspace(root));
    }
    let metadata = metadata(&root, environment)?;
    if metadata.workspace_root.as_std_path() != root {
        return Err(ScaffoldError::Member(metadata.workspace_root.into_std_path_buf()));
    }
    let config = match root.join(".cargo/config").is_file() {
        true => ".cargo/config",
        false => ".cargo/config.toml",
    };
    let alias = File::read(&root, config)?;
    let mut task = Task { root, files: Vec::new(), call: None };
    let named = runner(&alias.document(&task.root)?).unwrap_or_else(|| XTASK.to_owned());
    match metadata.workspace_packages().into_iter().find(|package| *package.name == named) {
        Some(package) => task.extend(package)?,
        None => task.create()?,
    }
    task.edit(alias, |document| {
        let aliases = table(document.as_table_mut(), "alias");
        if let Some(aliases) = aliases.filter(|aliases| !aliases.contains_key(XTASK)) {
            aliases.insert(XTASK, value(ALIAS));
        }
    })?;
    Ok(task)
}

impl Task {
    /// Writes it, or says what would be written.
    ///
    /// # Errors
    ///
    /// When a file would end up outside, changed meanwhile, or the disk refuses something.
    pub fn carry_out(self, mode: WriteMode) -> Result<Tasked, ScaffoldError> {
        let mut tasked = Tasked { changes: Vec::new(), call: self.call };
        for file in self.files {
            let action = file.carry_out(&self.root, mode)?;
            tasked.changes.push(Change { path: file.path, action });
        }
        Ok(tasked)
    }

    /// A new task runner.
    fn create(&mut self) -> Result<(), ScaffoldError> {
        let manifest = include_str!("../../templates/xtask/manifest.toml");
        let files = [
            ("xtask/Cargo.toml", manifest.replace("{VERSION}", VERSION)),
            ("xtask/src/main.rs", include_str!("../../templates/xtask/main.rs").to_owned()),
        ];
        for (path, text) in files {
            let file = File::read(&self.root, path)?;
            let after = file.before.clone().unwrap_or(text);
            self.files.push(File { after, ..file });
        }
        let workspace = File::read(&self.root, "Cargo.toml")?;
        self.edit(workspace, |document| {
            let Some(workspace) = table(document.as_table_mut(), "workspace") else { return };
            let members = workspace.entry("members").or_insert_with(|| value(Array::new()));
            if let Some(members) = members.as_array_mut().filter(|members| !has(members, XTASK)) {
                push(members, XTASK);
            }
        })
    }

    /// A task runner that is there.
    fn extend(&mut self, package: &Package) -> Result<(), ScaffoldError> {
        let inside = |path: &Path| {
            let relative = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            relative.map(str::to_owned).ok_or_else(|| ScaffoldError::Member(path.to_owned()))
        };
        let manifest = File::read(&self.root, &inside(package.manifest_path.as_std_path())?)?;
        let program = package.targets.iter().find(|target| target.is_bin());
        let source = program.map(|program| inside(program.src_path.as_std_path())).transpose()?;
        if let Some(source) = source.map(|source| File::read(&self.root, &source)).transpose()? {
            let calls = source.before.as_ref().is_some_and(|text| text.contains(CALL));
            self.call = (!calls).then_some(source.path);
        }
        self.edit(manifest, |document| {
            let Some(dependencies) = table(document.as_table_mut(), "dependencies") else { return };
            let is_ours = |(name, item): (&str, &Item)| {
                let package = item.as_table_like().and_then(|item| item.get("package"));
                package.and_then(Item::as_str).unwrap_or(name) == PACKAGE
            };
            if !dependencies.iter().any(is_ours) {
                dependencies.insert(PACKAGE, value(VERSION));
            }
        })
    }

    fn edit(
        &mut self,
        file: File,
        edit: impl FnOnce(&mut DocumentMut),
    ) -> Result<(), ScaffoldError> {
        let mut document = file.document(&self.root)?;
        edit(&mut document);
        self.files.push(File { after: document.to_string(), ..file });
        Ok(())
    }
}

impl File {
    fn read(root: &Path, path: &str) -> Result<File, ScaffoldError> {
        let path = ProjectPath::new(path).map_err(|error| ScaffoldError::Disk {
            doing: "name",
            path: root.join(path),
            error: std::io::Error::other(error),
        })?;
        let place = discover::inside(root, &path)?;
        let before = match place.exists() {
            true => Some(fs::read_to_string(&place).map_err(ScaffoldError::disk("read", &place))?),
            false => None,
        };
        Ok(File { path, before, after: String::new() })
    }

    fn document(&self, root: &Path) -> Result<DocumentMut, ScaffoldError> {
        let text = self.before.as_deref().unwrap_or_default();
        text.parse().map_err(|error: toml_edit::TomlError| {
            let error = std::io::Error::other(error.message().to_owned());
            ScaffoldError::disk("understand", &self.path.on_disk(root))(error)
        })
    }

    fn carry_out(&self, root: &Path, mode: WriteMode) -> Result<FileAction, ScaffoldError> {
        match (&self.before, mode) {
            (Some(before), _) if *before == self.after => Ok(FileAction::Unchanged),
            (Some(_), WriteMode::DryRun) => Ok(FileAction::Extended),
            (Some(before), WriteMode::Write) => {
                write::replace(&self.path.on_disk(root), before, &self.after)?;
                Ok(FileAction::Extended)
            }
            (None, WriteMode::DryRun) => Ok(FileAction::Written),
            (None, WriteMode::Write) => {
                let (path, text) = (self.path.clone(), self.after.clone());
                write::write(root, &WantedFile { path, text, keep: Ownership::Once, mode: 0o644 })
            }
        }
    }
}

/// What cargo says of a workspace. It reads manifests for that, and nothing else.
fn metadata(root: &Path, environment: &EnvVars) -> Result<Metadata, ScaffoldError> {
    let cargo = which::which(environment.get("CARGO").unwrap_or("cargo"))
        .map_err(|error| ScaffoldError::Cargo(format!("there is no `cargo`: {error}")))?;
    let mut invocation = Invocation::new(
        cargo,
        ["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"],
    );
    invocation.args.push(root.join("Cargo.toml").into());
    let mut nobody = Silent;
    let until = Until { cancel: None, limit: LIMIT };
    let output = process::run(&invocation, until, &Emitter::new(&mut nobody))
        .map_err(|error| ScaffoldError::Cargo(error.to_string()))?;
    if output.code != 0 {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(ScaffoldError::Cargo(said));
    }
    MetadataCommand::parse(String::from_utf8_lossy(&output.stdout))
        .map_err(|error| ScaffoldError::Cargo(error.to_string()))
}

/// The package that the alias of a task runner runs.
fn runner(config: &DocumentMut) -> Option<String> {
    let words: Vec<&str> = match config.get("alias")?.get(XTASK)?.as_value()? {
        Value::String(words) => words.value().split_whitespace().collect(),
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let flag = words.iter().position(|word| ["-p", "--package"].contains(word));
    let behind = flag.and_then(|at| words.get(at + 1).copied());
    let joined = words.iter().find_map(|word| word.strip_prefix("--package="));
    behind.or(joined).map(str::to_owned)
}

/// The table of this name, made if it is not there; none where something else has the name.
fn table<'a>(parent: &'a mut Table, name: &str) -> Option<&'a mut dyn TableLike> {
    parent.entry(name).or_insert_with(|| Item::Table(Table::new())).as_table_like_mut()
}

/// Whether one of these members is the folder, or a glob that covers it.
fn has(members: &Array, folder: &str) -> bool {
    let covers = |glob: &str| {
        let glob = glob.trim_start_matches("./").trim_end_matches('/');
        Glob::new(glob).is_ok_and(|glob| glob.compile_matcher().is_match(folder))
    };
    members.iter().filter_map(Value::as_str).any(covers)
}

/// Adds a text to a list: on a line of its own, where the others have that.
fn push(list: &mut Array, text: &str) {
    let prefix = list.iter().last().and_then(|last| last.decor().prefix()?.as_str());
    match prefix.and_then(|prefix| prefix.rsplit_once('\n')) {
        Some((_, indentation)) => {
            let indentation = format!("\n{indentation}");
            list.push_formatted(Value::from(text).decorated(indentation, ""));
        }
        None => list.push(text),
    }
}

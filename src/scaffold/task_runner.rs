//! Adds the task `cargo xtask pipe` to a Cargo workspace.
//!
//! The workspace needs a package `xtask`, its membership, a dependency and an alias. What exists stays as
//! it is, comments included, and what is missing is added. The code of an existing task runner cannot be
//! edited: [`TaskRunnerChanges::call`] names the file in which the call is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use globset::Glob;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value, value};

use super::required_files::RequiredFile;
use super::{Change, FileAction, ScaffoldError, WriteMode, write};
use crate::config::glob::exceeded_limit;
use crate::discover;
use crate::env_vars::EnvVars;
use crate::event::Silent;
use crate::process::{self, Emitter, Invocation, Until};
use crate::project::{ProjectPath, ProjectPlacement};
use crate::read::{self, SizeLimit};
use crate::template::{Ownership, VERSION};

/// The package that a task runner depends on.
const PACKAGE: &str = "cargo-pipe-ci";
/// The usual name of a task runner, and the name of its alias.
const XTASK: &str = "xtask";
/// The command of the alias.
const ALIAS: &str = "run --quiet --package xtask --";
/// The path of the function that a task runner calls.
const CALL: &str = "cargo_pipe::xtask";
/// How long `cargo metadata` may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The changes in a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskRunnerChanges {
    /// The change of each file.
    pub changes: Vec<Change>,
    /// The source of a task runner in which the call is missing.
    pub call: Option<ProjectPath>,
}

/// The planned changes in a workspace.
pub struct TaskRunner {
    root: PathBuf,
    files: Vec<PlannedFile>,
    call: Option<ProjectPath>,
}

/// A file with its present text, if it exists, and its new text.
struct PlannedFile {
    path: ProjectPath,
    before: Option<String>,
    after: String,
}

/// Plans what the workspace in `root` lacks. Nothing is written.
///
/// # Errors
///
/// When the folder is not a workspace, or cargo cannot read it.
pub fn plan_task_runner(root: &Path, environment: &EnvVars) -> Result<TaskRunner, ScaffoldError> {
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    if !root.join("Cargo.toml").is_file() {
        return Err(ScaffoldError::NoWorkspace(root));
    }
    let metadata = read_metadata(&root, environment)?;
    if metadata.workspace_root.as_std_path() != root {
        return Err(ScaffoldError::Member(metadata.workspace_root.into_std_path_buf()));
    }
    let has_old_name = root.join(".cargo/config").is_file();
    let config = if has_old_name { ".cargo/config" } else { ".cargo/config.toml" };
    let alias = PlannedFile::read(&root, config)?;
    let mut runner = TaskRunner { root, files: Vec::new(), call: None };
    let named = aliased_package(&alias.document(&runner.root)?).unwrap_or_else(|| XTASK.to_owned());
    match metadata.workspace_packages().into_iter().find(|package| *package.name == named) {
        Some(package) => runner.extend(package)?,
        None => runner.create()?,
    }
    runner.edit(alias, |document| {
        let aliases = table(document.as_table_mut(), "alias");
        if let Some(aliases) = aliases.filter(|aliases| !aliases.contains_key(XTASK)) {
            aliases.insert(XTASK, value(ALIAS));
        }
    })?;
    Ok(runner)
}

impl TaskRunner {
    /// Writes the changes, or returns those that would be written.
    ///
    /// # Errors
    ///
    /// When a file would be written outside the project, has changed in the meantime, or cannot be read
    /// or written.
    pub fn carry_out(self, mode: WriteMode) -> Result<TaskRunnerChanges, ScaffoldError> {
        let mut done = TaskRunnerChanges { changes: Vec::new(), call: self.call };
        let workspace = ProjectPlacement::at_root(&self.root);
        for file in self.files {
            let action = file.carry_out(&self.root, mode)?;
            done.changes.push(Change { location: workspace.in_project(file.path), action });
        }
        Ok(done)
    }

    /// Plans a new task runner.
    fn create(&mut self) -> Result<(), ScaffoldError> {
        let manifest = include_str!("../../templates/xtask/manifest.toml");
        let files = [
            ("xtask/Cargo.toml", manifest.replace("{VERSION}", VERSION)),
            ("xtask/src/main.rs", include_str!("../../templates/xtask/main.rs").to_owned()),
        ];
        for (path, text) in files {
            let file = PlannedFile::read(&self.root, path)?;
            let after = file.before.clone().unwrap_or(text);
            self.files.push(PlannedFile { after, ..file });
        }
        let workspace = PlannedFile::read(&self.root, "Cargo.toml")?;
        self.edit(workspace, |document| {
            let Some(workspace) = table(document.as_table_mut(), "workspace") else { return };
            let members = workspace.entry("members").or_insert_with(|| value(Array::new()));
            if let Some(members) =
                members.as_array_mut().filter(|members| !has_member(members, XTASK))
            {
                push_item(members, XTASK);
            }
        })
    }

    /// Plans the additions to an existing task runner.
    fn extend(&mut self, package: &Package) -> Result<(), ScaffoldError> {
        let inside = |path: &Path| {
            let relative = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            relative.map(str::to_owned).ok_or_else(|| ScaffoldError::Member(path.to_owned()))
        };
        let manifest =
            PlannedFile::read(&self.root, &inside(package.manifest_path.as_std_path())?)?;
        let program = package.targets.iter().find(|target| target.is_bin());
        let source = program.map(|program| inside(program.src_path.as_std_path())).transpose()?;
        if let Some(source) =
            source.map(|source| PlannedFile::read(&self.root, &source)).transpose()?
        {
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
        file: PlannedFile,
        edit: impl FnOnce(&mut DocumentMut),
    ) -> Result<(), ScaffoldError> {
        let mut document = file.document(&self.root)?;
        edit(&mut document);
        self.files.push(PlannedFile { after: document.to_string(), ..file });
        Ok(())
    }
}

impl PlannedFile {
    fn read(root: &Path, path: &str) -> Result<PlannedFile, ScaffoldError> {
        let path = ProjectPath::new(path).map_err(|error| ScaffoldError::Disk {
            doing: "name",
            path: root.join(path),
            error: std::io::Error::other(error),
        })?;
        let place = discover::inside(root, &path)?;
        let before = match read::read_project_text(root, &path, SizeLimit::Config) {
            Ok(text) => Some(text),
            Err(error) if error.is_missing() => None,
            Err(error) => return Err(ScaffoldError::disk("read", &place)(error.into())),
        };
        Ok(PlannedFile { path, before, after: String::new() })
    }

    fn document(&self, root: &Path) -> Result<DocumentMut, ScaffoldError> {
        let text = self.before.as_deref().unwrap_or_default();
        text.parse().map_err(|error: toml_edit::TomlError| {
            let error = std::io::Error::other(error.message().to_owned());
            ScaffoldError::disk("parse", &self.path.on_disk(root))(error)
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
                let location = ProjectPlacement::at_root(root).in_project(self.path.clone());
                let (text, keep) = (self.after.clone(), Ownership::Once);
                write::write(&RequiredFile { location, text, keep, mode: 0o644 })
            }
        }
    }
}

/// Reads the metadata of a workspace with cargo, which reads nothing but manifests for that. It runs
/// outside of the project: rustup would execute a `cargo` that a `rust-toolchain.toml` there names.
fn read_metadata(root: &Path, environment: &EnvVars) -> Result<Metadata, ScaffoldError> {
    let cargo = which::which(environment.get("CARGO").unwrap_or("cargo"))
        .map_err(|error| ScaffoldError::Cargo(format!("`cargo` not found: {error}")))?;
    let mut invocation = Invocation::new(
        cargo,
        ["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"],
    );
    invocation.args.push(root.join("Cargo.toml").into());
    invocation.folder = Some("/".into());
    let mut silent = Silent;
    let until = Until { cancel: None, limit: LIMIT };
    let output = process::run(&invocation, until, &Emitter::new(&mut silent))
        .map_err(|error| ScaffoldError::Cargo(error.to_string()))?;
    if output.code != 0 {
        let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(ScaffoldError::Cargo(error));
    }
    MetadataCommand::parse(String::from_utf8_lossy(&output.stdout))
        .map_err(|error| ScaffoldError::Cargo(error.to_string()))
}

/// The package that the alias of a task runner runs.
fn aliased_package(config: &DocumentMut) -> Option<String> {
    let words: Vec<&str> = match config.get("alias")?.get(XTASK)?.as_value()? {
        Value::String(words) => words.value().split_whitespace().collect(),
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let flag = words.iter().position(|word| ["-p", "--package"].contains(word));
    let separate = flag.and_then(|at| words.get(at + 1).copied());
    let joined = words.iter().find_map(|word| word.strip_prefix("--package="));
    separate.or(joined).map(str::to_owned)
}

/// Finds or makes the table with this name; none if the name has another value.
fn table<'a>(parent: &'a mut Table, name: &str) -> Option<&'a mut dyn TableLike> {
    parent.entry(name).or_insert_with(|| Item::Table(Table::new())).as_table_like_mut()
}

/// Whether one of these members is the folder, or a glob that matches it.
fn has_member(members: &Array, folder: &str) -> bool {
    let matches = |glob: &str| {
        let glob = glob.trim_start_matches("./").trim_end_matches('/');
        exceeded_limit(glob).is_none()
            && Glob::new(glob).is_ok_and(|glob| glob.compile_matcher().is_match(folder))
    };
    members.iter().filter_map(Value::as_str).any(matches)
}

/// Adds a text to a list, on its own line if the other items have one.
fn push_item(list: &mut Array, text: &str) {
    let prefix = list.iter().last().and_then(|last| last.decor().prefix()?.as_str());
    match prefix.and_then(|prefix| prefix.rsplit_once('\n')) {
        Some((_, indentation)) => {
            let indentation = format!("\n{indentation}");
            list.push_formatted(Value::from(text).decorated(indentation, ""));
        }
        None => list.push(text),
    }
}

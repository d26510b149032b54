//! Reads the facts about a project that a plan needs and its configuration does not have.
//!
//! Only the configurations of tools and the project's `pyproject.toml` are read, no sources.

use std::collections::{BTreeMap, BTreeSet};

use super::imports;
use crate::check::{Grant, GrantRequest, SecretName};
use crate::config::{Check, Config, ToolConfig, Work};
use crate::dependencies::build_system;
use crate::dependencies::read as dependencies;
use crate::discover;
use crate::env_vars::EnvVars;
use crate::environment::{self, recipe};
use crate::hash::Hash;
use crate::plan::{self, FolderFacts, Known};
use crate::project::{Project, ProjectPath};
use crate::read::{self, SizeLimit};
use crate::secrets::{self, SecretError};
use crate::tools::{self, Installation, Tool, references};

/// The maximum number of configurations that extend each other.
const MAX_EXTENDED: usize = 8;

/// The settings with which build systems generate a module, as paths of keys in `pyproject.toml`.
const GENERATING: &[&[&str]] = &[
    &["tool", "setuptools_scm", "version_file"],
    &["tool", "setuptools_scm", "write_to"],
    &["tool", "hatch", "build", "hooks", "vcs", "version-file"],
    &["tool", "pdm", "version", "write_to"],
    &["tool", "versioningit", "write", "file"],
];

/// Reads everything but the requests for grants.
pub(super) fn read_facts(project: &Project, config: &Config) -> Known {
    let reader = Reader { project, config };
    let mut known = Known {
        project_locks: recipe::project_locks(&project.root, config),
        import_roots: imports::find_import_roots(project, config),
        versions: recipe::chosen_versions(&project.root, config),
        tool_files: reader.find_tool_files(),
        scripts: reader.find_scripts(),
        ..Known::default()
    };
    for check in &config.checks {
        if !known.folders.contains_key(&check.folder) {
            known.folders.insert(check.folder.clone(), reader.find_facts(&check.folder));
        }
    }
    for check in &config.checks {
        let references = reader.find_references(check);
        if !references.is_empty() {
            known.references.insert(check.id.clone(), references);
        }
        if let Some(target) = reader.find_target(check) {
            known.targets.insert(check.id.clone(), target);
        }
    }
    known
}

/// Reads the secrets that the user granted. No other variable of the user is looked at.
pub(super) fn read_secrets(
    asks: &[GrantRequest],
    allowed: &BTreeSet<Grant>,
    variables: &EnvVars,
) -> BTreeMap<SecretName, Result<Hash, SecretError>> {
    let granted = asks.iter().filter(|ask| ask.is_granted(allowed));
    let names: BTreeSet<&SecretName> = granted.filter_map(|ask| ask.grant.secret()).collect();
    let digest = |name: &SecretName| {
        let value = secrets::validate(variables.get(name.as_str()));
        value.map(|value| secrets::digest(name, value))
    };
    names.into_iter().map(|name| (name.clone(), digest(name))).collect()
}

struct Reader<'a> {
    project: &'a Project,
    config: &'a Config,
}

impl Reader<'_> {
    /// The files that some tool reads without an option, at the root, in the folders of packages and
    /// above.
    fn find_tool_files(&self) -> BTreeSet<ProjectPath> {
        let mut names: BTreeSet<&str> =
            tools::TOOLS.iter().flat_map(|tool| tool.reads_at_root()).collect();
        let mut folders = BTreeSet::from([ProjectPath::root()]);
        for package in &self.config.packages {
            folders.insert(package.folder.clone());
            folders.extend(package.folder.folders_above());
        }
        if !self.config.packages.is_empty() {
            let own = tools::TOOLS.iter().flat_map(|tool| tool.own_configs());
            names.extend(own.map(|own| own.file));
        }
        let paths = folders.iter().flat_map(|it| names.iter().filter_map(|name| it.child(name)));
        paths.filter(|path| path.on_disk(&self.project.root).is_file()).collect()
    }

    /// The facts about a folder in which a check runs.
    fn find_facts(&self, folder: &ProjectPath) -> FolderFacts {
        let mut facts =
            FolderFacts { generated: self.find_generated(folder), ..FolderFacts::default() };
        facts.installation = self.find_installation(folder);
        if facts.installation.is_some() {
            facts.build_inputs = self.find_build_inputs(folder);
        }
        facts
    }

    /// The installation of a folder, if a check needs it and its build system is locked.
    fn find_installation(&self, folder: &ProjectPath) -> Option<Installation> {
        let Reader { project, config } = self;
        let mut checks = config.checks.iter().filter(|check| check.folder == *folder);
        if !checks.any(|check| check.installs_project)
            || !recipe::has_build_lock(&project.root, config)
        {
            return None;
        }
        let found = dependencies::build_system(&project.root, folder)?;
        Some(Installation {
            version: config.python.project_version.clone(),
            backend: found.backend,
            backend_path: found.backend_path,
        })
    }

    /// The files and folders that a build of a folder reads, as far as its settings name them.
    fn find_build_inputs(&self, folder: &ProjectPath) -> BTreeSet<ProjectPath> {
        let [pyproject, cfg, py] = ["pyproject.toml", "setup.cfg", "setup.py"]
            .map(|name| folder.child(name).and_then(|path| self.read(&path)));
        let found = build_system::find_inputs(pyproject.as_deref(), cfg.as_deref(), py.as_deref());
        found.iter().filter_map(|path| self.find_place(folder.as_str(), path)).collect()
    }

    /// The sources that are files whose names do not end like Python.
    fn find_scripts(&self) -> BTreeSet<ProjectPath> {
        let sources = self.config.checks.iter().flat_map(|check| &check.source);
        let is_script = |path: &&ProjectPath| {
            !plan::ends_like_python(path) && path.on_disk(&self.project.root).is_file()
        };
        sources.filter(is_script).cloned().collect()
    }

    /// The files and folders to which the configuration of a check refers.
    fn find_references(&self, check: &Check) -> BTreeSet<ProjectPath> {
        let mut found = BTreeSet::new();
        let Work::Tool { tool, config, .. } = &check.work else { return found };
        let Some(tool) = tools::find(tool).filter(|tool| !tool.path_options().is_empty()) else {
            return found;
        };
        let mut todo = self.find_configs(tool, config, &check.folder);
        let mut read = 0;
        while let Some(path) = todo.pop().filter(|_| read < MAX_EXTENDED) {
            read += 1;
            let Some(text) = self.read(&path) else { continue };
            let beside = path.as_str().rsplit_once('/').map_or(".", |(folder, _)| folder);
            for reference in references::find_references(tool, path.file_name(), &text) {
                for folder in [check.folder.as_str(), beside] {
                    let Some(file) = self.find_place(folder, &reference) else { continue };
                    if file.as_str().ends_with(".toml") && !found.contains(&file) {
                        todo.push(file.clone());
                    }
                    found.insert(file);
                }
            }
        }
        found
    }

    /// The Python that an option of the tool of a check has to name, unless its configuration does.
    fn find_target(&self, check: &Check) -> Option<String> {
        let Reader { project, config } = self;
        let python = environment::target(&project.root, config, check)?;
        let Work::Tool { tool, config: named, .. } = &check.work else { return None };
        let tool = tools::find(tool)?;
        let key = tool.target_option()?.key;
        let paths = match (named, tool.config_file()) {
            (ToolConfig::File(path), _) => vec![path.clone()],
            (ToolConfig::Usual, Some(file)) => config.config.join(file).ok().into_iter().collect(),
            _ => self.find_configs(tool, named, &check.folder),
        };
        let is_set = |path: &ProjectPath| {
            let text = self.read(path);
            text.is_some_and(|text| references::sets_option(tool, path.file_name(), &text, key))
        };
        (!paths.iter().any(is_set)).then_some(python)
    }

    /// The configurations that a tool reads where they are. One in the config folder is mounted apart,
    /// where it can refer to nothing.
    fn find_configs(
        &self,
        tool: &dyn Tool,
        named: &ToolConfig,
        folder: &ProjectPath,
    ) -> Vec<ProjectPath> {
        let shared = &self.config.config;
        match named {
            ToolConfig::File(path) if !shared.is_root() && path.starts_with(shared) => Vec::new(),
            ToolConfig::File(path) => vec![path.clone()],
            ToolConfig::Usual if tool.config_file().is_some() => Vec::new(),
            ToolConfig::Usual | ToolConfig::Found => {
                let files: BTreeSet<&str> = tool.own_configs().iter().map(|it| it.file).collect();
                files.into_iter().filter_map(|file| folder.child(file)).collect()
            }
        }
    }

    /// The place of a reference, if it exists in the project and is neither its root nor behind a link.
    fn find_place(&self, folder: &str, reference: &str) -> Option<ProjectPath> {
        let root = &self.project.root;
        let path = ProjectPath::new(&format!("{folder}/{reference}")).ok()?;
        let place = path.on_disk(root);
        if path.is_root() || !place.exists() {
            return None;
        }
        let real = discover::resolve(root, &path).ok()??;
        (real == place).then_some(path)
    }

    /// The files that building a folder generates.
    fn find_generated(&self, folder: &ProjectPath) -> Vec<ProjectPath> {
        let Some(text) = folder.child("pyproject.toml").and_then(|it| self.read(&it)) else {
            return Vec::new();
        };
        let is_named = |keys: &&&[&str]| keys.iter().all(|key| text.contains(key));
        let named: Vec<&&[&str]> = GENERATING.iter().filter(is_named).collect();
        if named.is_empty() {
            return Vec::new();
        }
        let table = toml::Value::Table(text.parse().unwrap_or_default());
        let mut generated = BTreeSet::new();
        for keys in named {
            let value = keys.iter().try_fold(&table, |value, key| value.get(key));
            if let Some(path) = value.and_then(toml::Value::as_str) {
                // Some build systems name it from the folder of the packages.
                let source = folder.child("src");
                let folders = std::iter::once(folder).chain(&source);
                generated.extend(folders.filter_map(|at| self.find_place(at.as_str(), path)));
            }
        }
        generated.into_iter().collect()
    }

    fn read(&self, path: &ProjectPath) -> Option<String> {
        read::read_project_text(&self.project.root, path, SizeLimit::Config).ok()
    }
}

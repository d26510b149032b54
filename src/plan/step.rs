//! One step of a plan: a check with its command, its environment and the files that it sees.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::check::{COMMAND, CachePolicy, FindingsOrigin, FindingsSpec, Grant, SecretName, StepId};
use crate::config::{Check, CommandPlace, Config, ToolConfig, Work, below};
use crate::container::{APP, CONFIG};
use crate::hash::Hash;
use crate::limits::Limits;
use crate::project::ProjectPath;
use crate::secrets::SecretError;
use crate::tools::{self, Command, Installation, Tool, ToolInvocation};

use super::{EnvironmentSpec, FolderFacts, Known, Request, rust};

/// One check to run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The check, and the package and Python that it is for.
    pub id: StepId,
    /// The folder that it runs in, which its command is relative to: that of its package, or the root.
    pub folder: ProjectPath,
    /// The folders from which it can import the packages that its own depends on.
    pub import_roots: Vec<ProjectPath>,
    /// The catalogue's name of its tool, or `command`.
    pub tool: String,
    /// The files and folders that it checks; it fails if none of them has one of `endings`.
    pub source: Vec<ProjectPath>,
    /// The endings of the files that it checks; empty for any.
    pub endings: Vec<String>,
    /// The exact files that it sees and that its fingerprint covers.
    pub file_set: FileSet,
    /// The tool's configuration file; none if it has none, or finds its own.
    pub config: Option<ConfigFile>,
    /// The environment that it runs in.
    pub environment: EnvironmentSpec,
    /// The installation of the project itself before the command starts, if it needs one.
    pub installation: Option<Installation>,
    /// The command inside the container.
    pub command: Command,
    /// The arguments of the command that the configuration adds to those of the tool.
    pub args: Vec<String>,
    /// Variables inside the container, the canonical ones included.
    pub env: BTreeMap<String, String>,
    /// Exit statuses that mean findings, for a command of the user's own.
    pub findings_exit: BTreeSet<i32>,
    /// The format of the findings of a command of the user's own.
    pub findings: Option<FindingsSpec>,
    /// Whether it works on a private copy of its files, to which it can write.
    pub writable: bool,
    /// The grants beyond the sandbox; all of them are given once the step is in a plan.
    pub grants: BTreeSet<Grant>,
    /// The variables of the caller that it gets, each with what its fingerprint has of the value, or the
    /// reason why there is none.
    pub secrets: BTreeMap<SecretName, Result<Hash, SecretError>>,
    /// Whether its result for a file depends on that file, its path and the files that it does not
    /// check alone.
    pub per_file: bool,
    /// Its time limit.
    pub timeout: Duration,
    /// The limits of its resources.
    pub limits: Limits,
    /// The outcomes that may be cached.
    pub cache: CachePolicy,
}

/// The exact files that a check sees. Checks with the same file set share a snapshot.
///
/// Exhaustive: no other rule covers files.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileSet {
    /// Files and folders, sorted.
    pub paths: Vec<ProjectPath>,
    /// Globs of files that are left out.
    pub exclude: Vec<String>,
    /// Globs of ignored files that are included anyway.
    pub include: Vec<String>,
    /// Endings of the hidden files that are seen; hidden files with others are not.
    pub hidden: Vec<String>,
    /// Files that are included where they exist, even if they are ignored.
    pub generated: Vec<ProjectPath>,
}

/// A tool's configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigFile {
    /// Where it is in the project.
    pub path: ProjectPath,
    /// Whether it is mounted at [`CONFIG`] instead of read in its place in the snapshot.
    pub mounted: bool,
}

/// Variables that every check gets, so that no tool's output depends on the machine.
pub const CANONICAL_ENV: &[(&str, &str)] = &[
    ("BLACK_CACHE_DIR", "/tmp/black"),
    ("COLUMNS", "80"),
    ("HOME", "/tmp"),
    ("LC_ALL", "C.UTF-8"),
    ("LOGNAME", "pipe"),
    ("MYPY_CACHE_DIR", "/tmp/mypy"),
    ("NO_COLOR", "1"),
    ("PYLINTHOME", "/tmp/pylint"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("PYTHONHASHSEED", "0"),
    ("RUFF_CACHE_DIR", "/tmp/ruff"),
    ("TERM", "dumb"),
    ("TZ", "UTC"),
    ("USER", "pipe"),
];

/// The step of a check, with all grants that it asks for, given or not.
pub(crate) fn step(config: &Config, known: &Known, check: &Check, request: &Request) -> Step {
    let project = config.dependency_set(check.id.package()).lock();
    let project = Some(project).filter(|it| check.sees_project && known.project_locks.contains(it));
    let facts = known.folders.get(&check.folder);
    let installation = facts.and_then(|facts| facts.installation.clone());
    let installation = installation.filter(|_| check.installs_project);
    let builds_project = installation.is_some();
    let python = Some(&check.runs_on).filter(|python| **python != config.python.version).cloned();
    let mut env: BTreeMap<String, String> = CANONICAL_ENV
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    env.extend(check.env.clone());
    let mut step = Step {
        id: check.id.clone(),
        folder: check.folder.clone(),
        import_roots: Vec::new(),
        tool: COMMAND.to_owned(),
        source: check.source.clone(),
        endings: Vec::new(),
        file_set: FileSet::of(check, &check.inputs),
        config: None,
        environment: EnvironmentSpec::Base {
            python: python.clone(),
            project: project.clone(),
            builds_project,
        },
        installation,
        command: Command::Exec(Vec::new()),
        args: Vec::new(),
        env,
        findings_exit: BTreeSet::new(),
        findings: None,
        writable: builds_project || check.asks.contains(&Grant::Writable),
        grants: check.asks.clone(),
        secrets: check
            .asks
            .iter()
            .filter_map(Grant::secret)
            .map(|name| (name.clone(), known.secret(name)))
            .collect(),
        per_file: check.per_file,
        timeout: request.timeout.unwrap_or(check.timeout),
        limits: check.limits,
        cache: check.cache,
    };
    match &check.work {
        Work::Rust { tool, args } => {
            let tool = tools::find(tool).unwrap_or_else(|| {
                unreachable!("the configuration was validated against the catalogue")
            });
            rust::complete(&mut step, tool, args);
        }
        Work::Tool { tool, config: file, args, packages } => {
            let tool = tools::find(tool).unwrap_or_else(|| {
                unreachable!("the configuration was validated against the catalogue")
            });
            let file = ConfigFile::of(tool, file, config);
            step.writable |= tool.runs_project();
            if !tool.reads_inputs() {
                step.file_set = FileSet::of(check, &[]);
            }
            if tool.sees_hidden() {
                let endings = tool.endings().iter().map(|ending| (*ending).to_owned());
                step.file_set.hidden = endings.collect();
            }
            if tool.sees_project() {
                step.file_set.generated = generated(facts);
                step.import_packages(known);
            }
            let referred = known.references.get(&check.id);
            referred.into_iter().flatten().for_each(|path| step.file_set.add(path));
            if !tool.runs_project() {
                // A Python that the tool starts imports nothing from the working directory.
                step.env.insert("PYTHONSAFEPATH".to_owned(), "1".to_owned());
            }
            let mut own_files = tool.reads_at_root();
            if file.is_none() && check.id.package().is_some() {
                own_files.extend(tool.own_configs().iter().map(|own| own.file));
            }
            let read = |path: &&ProjectPath| {
                own_files.iter().any(|name| {
                    step.searched_folders().any(|it| it.child(name).as_ref() == Some(path))
                })
            };
            let read: Vec<&ProjectPath> = known.tool_files.iter().filter(read).collect();
            read.into_iter().for_each(|file| step.file_set.add(file));
            step.tool = tool.name().to_owned();
            step.args.clone_from(args);
            step.endings = tool.endings().iter().map(|ending| (*ending).to_owned()).collect();
            step.environment = EnvironmentSpec::Tool {
                lock: packages.lock.clone(),
                python,
                project: project.filter(|_| tool.sees_project()),
                builds_project,
            };
            let target = tool.target_option().zip(known.targets.get(&check.id));
            let target = target.map(|(target, python)| format!("{}={python}", target.option));
            // The check may set another one after it.
            let all_args: Vec<String> = target.into_iter().chain(args.iter().cloned()).collect();
            step.command = tool.check(&ToolInvocation {
                config: file.as_ref().map(ConfigFile::in_container).as_deref(),
                source: &step.own_source(),
                scripts: &known.scripts_of(check),
                args: &all_args,
                sees_project: step.environment.sees_project(),
                installs_project: builds_project,
                version: known.versions.get(&packages.lock).map(String::as_str),
            });
            if let Some(file) = file.as_ref().filter(|file| !file.mounted) {
                step.file_set.add(&file.path);
            }
            step.config = file;
        }
        Work::Command { run, place, findings_exit, findings, .. } => {
            if check.id.package().is_some() {
                step.import_packages(known);
            }
            step.environment = match place {
                CommandPlace::Base => EnvironmentSpec::Base { python, project, builds_project },
                CommandPlace::Image(image) => EnvironmentSpec::Image(image.clone()),
                CommandPlace::Requirements(_) => {
                    let lock = check.name.to_string();
                    let (project, builds_project) = (None, false);
                    EnvironmentSpec::Tool { lock, python, project, builds_project }
                }
            };
            step.command = match findings.as_ref().map(|it| &it.from) {
                Some(FindingsOrigin::File(file)) => {
                    Command::Report { argv: run.clone(), file: file.clone() }
                }
                _ => Command::Exec(run.clone()),
            };
            step.findings_exit = findings_exit.clone();
            step.findings = findings.as_deref().cloned();
        }
    }
    if step.installation.is_some() {
        let inputs = facts.map(|facts| &facts.build_inputs);
        inputs.into_iter().flatten().for_each(|path| step.file_set.add(path));
        step.file_set.generated = generated(facts);
    }
    step
}

fn generated(facts: Option<&FolderFacts>) -> Vec<ProjectPath> {
    facts.map(|facts| facts.generated.clone()).unwrap_or_default()
}

impl Step {
    /// Its sources as its command names them: relative to the folder that it runs in.
    #[must_use]
    pub fn own_source(&self) -> Vec<ProjectPath> {
        self.source.iter().map(|path| path.below(&self.folder)).collect()
    }

    /// Whether a file that it sees is one that it checks.
    pub(crate) fn is_about(&self, path: &ProjectPath) -> bool {
        let has_ending = self.endings.is_empty()
            || self.endings.iter().any(|ending| path.as_str().ends_with(ending.as_str()))
            || self.source.contains(path);
        has_ending && self.source.iter().any(|source| path.starts_with(source))
    }

    /// The folders in which a tool may search for its configuration: its own, and all above.
    pub(crate) fn searched_folders(&self) -> impl Iterator<Item = ProjectPath> {
        let own = std::iter::once(self.folder.clone());
        let above = self.folder.folders_above().chain([ProjectPath::root()]);
        own.chain(above.filter(|folder| *folder != self.folder).collect::<Vec<_>>())
    }

    /// Makes the packages that its own depends on visible, also those in its own folder, unless they are in
    /// its sources: those are checked, and the files of another package must not be.
    fn import_packages(&mut self, known: &Known) {
        let roots = known.import_roots.get(&self.id.package().map(str::to_owned));
        for root in roots.into_iter().flatten() {
            self.file_set.add(root);
            self.import_roots.push(root.clone());
            if !self.source.iter().any(|source| root.starts_with(source)) {
                let folders = root.folders_above().chain([root.clone()]);
                let globs: Vec<String> = folders.map(|folder| below(&folder)).collect();
                self.file_set.exclude.retain(|glob| !globs.contains(glob));
            }
        }
    }

    /// Takes the secrets away, and the grants for them.
    pub(super) fn withhold_secrets(&mut self) {
        self.secrets.clear();
        self.grants.retain(|grant| grant.secret().is_none());
    }
}

impl FileSet {
    fn of(check: &Check, inputs: &[ProjectPath]) -> FileSet {
        let paths: BTreeSet<ProjectPath> = check.source.iter().chain(inputs).cloned().collect();
        let sorted = |globs: &[String]| {
            let set: BTreeSet<String> = globs.iter().cloned().collect();
            set.into_iter().collect()
        };
        FileSet {
            paths: paths.into_iter().collect(),
            exclude: sorted(&check.exclude),
            include: sorted(&check.include),
            hidden: Vec::new(),
            generated: Vec::new(),
        }
    }

    fn add(&mut self, path: &ProjectPath) {
        if let Err(place) = self.paths.binary_search(path) {
            self.paths.insert(place, path.clone());
        }
    }
}

impl ConfigFile {
    /// A file of the config folder is mounted apart; any other one is read in its place, because it may
    /// contain relative paths.
    fn of(tool: &dyn Tool, named: &ToolConfig, config: &Config) -> Option<ConfigFile> {
        match named {
            ToolConfig::Found => None,
            ToolConfig::File(path) => {
                let mounted = !config.config.is_root() && path.starts_with(&config.config);
                Some(ConfigFile { path: path.clone(), mounted })
            }
            ToolConfig::Usual => {
                let path = config.config.join(tool.config_file()?).unwrap_or_else(|error| {
                    unreachable!("the catalogue's names are plain: {error}")
                });
                Some(ConfigFile { path, mounted: !config.config.is_root() })
            }
        }
    }

    /// Its path inside the container.
    #[must_use]
    pub fn in_container(&self) -> String {
        if self.mounted {
            format!("{CONFIG}/{}", self.path.file_name())
        } else {
            format!("{APP}/{}", self.path)
        }
    }
}

//! Follows the commands of jobs to the tools that they run in the end.
//!
//! A job runs `tox -e lint`, the environment runs `pre-commit run`, and a hook runs the tool. Such calls
//! are followed three levels deep. What starts a command without being a task, such as `uv run` or
//! `python -m`, does not count as a level.

use std::collections::{BTreeMap, BTreeSet};

use super::arguments::{self, find_tool};
use super::hooks::{self, HookAction, PreCommitHook};
use super::packages::{self, ProjectPackages};
use super::shell::Verdictless;
use super::tasks::{Call, RunScope, Task, TaskId, TaskProgram, Tasks};
use super::wrappers::{self, Unwrapped};
use super::{EvidenceRank, ForeignUse, MOST_CALLS, ProjectEvidence, ToolUse};
use super::{nox, recipes, requirements, scripts, tables, tox};
use crate::project::ProjectPath;
use crate::tools::{TOOLS, Tool};

/// The most levels that a job calls down.
const DEEPEST: usize = 3;

/// Programs outside of the catalogue that check files, with their packages.
const FOREIGN: &[(&str, &str)] = &[
    ("deptry", "deptry"),
    ("doc8", "doc8"),
    ("lint-imports", "import-linter"),
    ("pydocstyle", "pydocstyle"),
    ("pyroma", "pyroma"),
    ("slotscheck", "slotscheck"),
    ("validate-pyproject", "validate-pyproject"),
];

/// Follows the commands of one place: of the project, or of one of its packages.
pub(super) struct Follower<'a> {
    scripts: BTreeMap<&'a str, &'a str>,
    packages: ProjectPackages,
    tasks: Tasks,
    hooks: Vec<PreCommitHook>,
    visited: BTreeSet<(TaskId, EvidenceRank)>,
    calls_left: usize,
    /// The folders whose commands are followed elsewhere.
    elsewhere: &'a [ProjectPath],
    /// The commands that run there.
    pub(super) handed_over: Vec<HandedCall>,
    pub(super) evidence: ProjectEvidence,
}

/// A command that runs in a folder which is followed elsewhere.
pub(super) struct HandedCall {
    pub(super) call: Call,
    pub(super) rank: EvidenceRank,
    pub(super) depth: usize,
}

impl<'a> Follower<'a> {
    /// A follower that has these files, and does not follow what runs in these folders.
    pub(super) fn new(files: &BTreeMap<&'a str, &'a str>, elsewhere: &'a [ProjectPath]) -> Self {
        let mut tasks = Tasks::new();
        tox::read_tasks(files, &mut tasks);
        nox::read_tasks(files, &mut tasks);
        recipes::read_tasks(files, &mut tasks);
        tables::read_tasks(files, &mut tasks);
        let is_script = |path: &str| scripts::is_script(path);
        let scripts = files.iter().filter(|(path, _)| is_script(path));
        Follower {
            scripts: scripts.map(|(path, text)| (*path, *text)).collect(),
            packages: ProjectPackages::read(files),
            tasks,
            hooks: files.get(hooks::FILE).map(|text| hooks::parse(text)).unwrap_or_default(),
            visited: BTreeSet::new(),
            calls_left: MOST_CALLS,
            elsewhere,
            handed_over: Vec::new(),
            evidence: ProjectEvidence::default(),
        }
    }
    /// A follower for a package, for which the versions that the project pins are valid, too.
    pub(super) fn in_package(files: &BTreeMap<&'a str, &'a str>, project: &Follower<'_>) -> Self {
        let mut follower = Follower::new(files, &[]);
        follower.packages.add_pins_of(&project.packages);
        follower
    }

    /// Whether there is evidence of a tool that checks sources, so not only of tests.
    pub(super) fn has_linter(&self) -> bool {
        let is_linter = |tool: &dyn Tool| !tool.runs_project() && !tool.is_rust();
        let is_known = |name| crate::tools::find(name).is_none_or(is_linter);
        self.evidence.uses.iter().any(|used| is_known(used.tool))
    }

    /// Follows the tasks that no job calls.
    pub(super) fn follow_tasks(&mut self) {
        let checks = ["check", "ci", "lint", "mypy", "qa", "quality", "ruff", "style", "typ"];
        let fixes = ["fix", "fmt", "format"];
        let has = |list: &[&str], name: &str| list.iter().any(|part| name.contains(part));
        let is_meant = |id: &TaskId, task: &Task| match id.runner {
            TaskProgram::Tox | TaskProgram::Nox => task.is_default,
            _ => false,
        } || (has(&checks, &id.name) && !has(&fixes, &id.name));
        let meant: Vec<TaskId> = self
            .tasks
            .iter()
            .filter(|(id, task)| is_meant(id, task))
            .map(|(id, _)| id.clone())
            .collect();
        for id in meant {
            self.follow_task(&id, EvidenceRank::Task, 0);
        }
    }

    /// Adds the tools that are dependencies of the developers.
    pub(super) fn add_dependencies(&mut self) {
        let mut seen = BTreeSet::new();
        for tool in TOOLS.iter().filter(|tool| !tool.is_rust()) {
            // Two tools of one package: the name of the package shows only the first.
            if !seen.insert(tool.lock()) {
                continue;
            }
            let Some(origin) = self.packages.named(tool.lock()) else { continue };
            self.evidence.uses.push(ToolUse {
                tool: tool.name(),
                rank: EvidenceRank::Dependency,
                origin: origin.clone(),
                version: self.packages.version(tool.lock()).map(str::to_owned),
                requirements: Vec::new(),
                is_isolated: false,
                files: Vec::new(),
                groups: Vec::new(),
                extras: Vec::new(),
                args: Vec::new(),
                paths: Vec::new(),
                config: None,
                names: None,
            });
        }
    }

    /// Follows a command that is this many levels below a job.
    pub(super) fn follow(&mut self, call: &Call, rank: EvidenceRank, depth: usize) {
        if self.calls_left == 0 {
            return;
        }
        self.calls_left -= 1;
        let Unwrapped { words, scope, folder } = wrappers::unwrap(&call.words, &call.scope);
        let call =
            Call { words, scope, folder: enter(call.folder.as_deref(), folder), ..call.clone() };
        if call.folder.as_ref().is_some_and(|folder| self.is_elsewhere(folder)) {
            self.handed_over.push(HandedCall { call, rank, depth });
            return;
        }
        let known: BTreeSet<(TaskProgram, &str)> =
            self.tasks.keys().map(|id| (id.runner, id.name.as_str())).collect();
        let is_known = |runner, name: &str| known.contains(&(runner, name));
        let called = wrappers::called_tasks(&call.words, &is_known);
        if let Some((runner, names)) = called {
            if call.folder.is_none() && depth < DEEPEST {
                self.follow_named(runner, &names, rank, depth);
            }
            return;
        }
        if let Some(wanted) = wrappers::called_hooks(&call.words) {
            for hook in self.hooks.clone() {
                if call.folder.is_none()
                    && depth < DEEPEST
                    && wanted.as_ref().is_none_or(|id| *id == hook.id)
                {
                    self.follow_hook(&hook, rank, depth + 1);
                }
            }
            return;
        }
        if let Some((path, text)) = scripts::find_script(&self.scripts, &call.words) {
            if call.folder.is_none() && depth < DEEPEST {
                for mut inner in scripts::read(path, text) {
                    inner.scope.installs.extend(call.scope.installs.clone());
                    self.follow(&inner, rank, depth + 1);
                }
            }
            return;
        }
        match find_tool(&call.words) {
            Some((tool, rest)) => self.add_use(tool, rest, &call, rank),
            None => self.add_foreign(&call),
        }
    }

    fn follow_named(
        &mut self,
        runner: TaskProgram,
        names: &[String],
        rank: EvidenceRank,
        depth: usize,
    ) {
        let ids: Vec<TaskId> = if names.is_empty() {
            let is_default = |(id, task): &(&TaskId, &Task)| id.runner == runner && task.is_default;
            self.tasks.iter().filter(is_default).map(|(id, _)| id.clone()).collect()
        } else {
            names.iter().flat_map(|name| self.find_tasks(runner, name)).collect()
        };
        for id in ids {
            self.follow_task(&id, rank, depth + 1);
        }
    }

    /// The tasks that a name of a command stands for.
    fn find_tasks(&self, runner: TaskProgram, name: &str) -> Vec<TaskId> {
        let of_runner = self.tasks.iter().filter(|(id, _)| id.runner == runner);
        let is_wanted = |id: &TaskId, task: &Task| {
            if let Some(factors) = name.strip_prefix(wrappers::FACTORS) {
                let own: Vec<&str> = id.name.split('-').collect();
                task.is_default && factors.split('-').all(|factor| own.contains(&factor))
            } else if let Some(label) = name.strip_prefix(wrappers::LABEL) {
                task.labels.iter().any(|other| other == label)
            } else {
                is_like(&id.name, name)
            }
        };
        let found = of_runner.filter(|(id, task)| is_wanted(id, task));
        found.map(|(id, _)| id.clone()).collect()
    }

    fn follow_task(&mut self, id: &TaskId, rank: EvidenceRank, depth: usize) {
        if !self.visited.insert((id.clone(), rank)) {
            return;
        }
        let Some(task) = self.tasks.get(id).cloned() else { return };
        for name in &task.requires {
            // Each task is visited once, so that a circle ends.
            self.follow_task(&TaskId::new(id.runner, name), rank, depth);
        }
        for call in &task.calls {
            self.follow(call, rank, depth);
        }
    }

    /// Follows the hooks of pre-commit.
    pub(super) fn follow_hooks(&mut self) {
        for hook in self.hooks.clone() {
            self.follow_hook(&hook, hook.rank, DEEPEST);
        }
    }

    fn is_elsewhere(&self, folder: &str) -> bool {
        let folder = ProjectPath::new(folder);
        folder.is_ok_and(|folder| self.elsewhere.iter().any(|other| folder.starts_with(other)))
    }

    fn follow_hook(&mut self, hook: &PreCommitHook, rank: EvidenceRank, depth: usize) {
        match &hook.action {
            HookAction::Runs(call) => self.follow(call, rank, depth),
            HookAction::Foreign(foreign) => self.push_foreign(foreign.clone()),
        }
    }

    fn add_use(
        &mut self,
        tool: &'static dyn Tool,
        rest: &[String],
        call: &Call,
        rank: EvidenceRank,
    ) {
        if arguments::is_harmless(rest) {
            return;
        }
        let facts = tool.adoption().call;
        let reason = match call.counts {
            Verdictless::No if arguments::is_verdictless(&facts, rest) => {
                Some("with these arguments its exit status says nothing about the files")
            }
            Verdictless::No => None,
            Verdictless::Piped => Some("another command reads its output"),
            Verdictless::Ignored => Some("its failures are ignored"),
        };
        if let Some(reason) = reason {
            self.push_foreign(ForeignUse {
                name: tool.name().to_owned(),
                run: Vec::new(),
                requirements: Vec::new(),
                reason: reason.to_owned(),
                origin: call.origin.clone(),
            });
            return;
        }
        let split = arguments::split(&facts, rest);
        let below = |path: String| match &call.folder {
            Some(folder) if path == "." => folder.clone(),
            Some(folder) => format!("{}/{path}", folder.trim_end_matches('/')),
            None => path,
        };
        let mut paths: Vec<String> = split.paths.into_iter().map(below).collect();
        if paths.is_empty() && call.scope.names.is_none() {
            paths.extend(call.folder.clone());
        }
        let used = ToolUse {
            tool: tool.name(),
            rank,
            origin: call.origin.clone(),
            version: self.version(tool, &call.scope),
            requirements: requirements::find_relevant(tool, &call.scope),
            is_isolated: call.scope.is_isolated,
            files: call.scope.installs.files.clone(),
            groups: call.scope.installs.groups.clone(),
            extras: call.scope.installs.extras.clone(),
            args: split.args,
            paths,
            config: split.config.map(below),
            names: call.scope.names.clone(),
        };
        if !tool.adoption().call.commands.is_empty()
            && let Some(other) = self.evidence.uses.iter_mut().find(|it| it.runs_alike(&used))
        {
            // One check runs all commands of a collection that see the same files.
            let command = used.args.first();
            if command.is_some_and(|command| !other.args.contains(command)) {
                other.args.extend(used.args);
            }
            return;
        }
        let is_same = |other: &ToolUse| {
            other.tool == used.tool && other.args == used.args && other.paths == used.paths
        };
        if !self.evidence.uses.iter().any(is_same) {
            self.evidence.uses.push(used);
        }
    }

    fn version(&self, tool: &dyn Tool, scope: &RunScope) -> Option<String> {
        let installed = scope.installs.packages.iter().filter_map(|text| packages::parse(text));
        let installed: Vec<Option<String>> =
            installed.filter(|(name, _)| name == tool.lock()).map(|(_, version)| version).collect();
        if let Some(version) = &scope.version {
            return Some(version.clone());
        }
        let exact = installed.iter().flatten().next().cloned();
        let is_newest = scope.is_isolated || !installed.is_empty();
        let pinned = || self.packages.version(tool.lock()).map(str::to_owned);
        exact.or_else(|| if is_newest { None } else { pinned() })
    }

    fn add_foreign(&mut self, call: &Call) {
        let program = call.words.first().map(String::as_str).unwrap_or_default();
        let Some((name, package)) = FOREIGN.iter().find(|(name, _)| *name == program) else {
            return;
        };
        if arguments::is_harmless(&call.words) {
            return;
        }
        let installed =
            call.scope.installs.packages.iter().filter_map(|text| packages::parse(text));
        let exact = installed.filter(|(name, _)| name == package).find_map(|(_, version)| version);
        let version = exact.or_else(|| self.packages.version(package).map(str::to_owned));
        let pinned = version.map(|version| format!("{package}=={version}"));
        let runs = call.counts == Verdictless::No
            && call.folder.is_none()
            && call.words.iter().all(|word| !word.contains(['$', '{']));
        self.push_foreign(ForeignUse {
            name: (*name).to_owned(),
            run: if runs { call.words.clone() } else { Vec::new() },
            requirements: vec![pinned.unwrap_or_else(|| (*package).to_owned())],
            reason: "cargo pipe has no check for it".to_owned(),
            origin: call.origin.clone(),
        });
    }

    fn push_foreign(&mut self, foreign: ForeignUse) {
        if !self.evidence.foreign.iter().any(|other| other.name == foreign.name) {
            self.evidence.foreign.push(foreign);
        }
    }
}

/// The folder of a command that a starter runs in a folder of its own.
fn enter(outer: Option<&str>, inner: Option<String>) -> Option<String> {
    let folder = match (outer, inner) {
        (Some(outer), Some(inner)) => format!("{outer}/{inner}"),
        (outer, inner) => inner.or_else(|| outer.map(str::to_owned))?,
    };
    let is_root = ProjectPath::new(&folder).is_ok_and(|path| path.is_root());
    (!is_root).then_some(folder)
}

/// Whether a name is the same, or the same but for the variables of a shell in it: `py$V-lint`.
fn is_like(name: &str, wanted: &str) -> bool {
    let Some((before, rest)) = wanted.split_once('$') else { return name == wanted };
    let is_variable = |c: char| c.is_alphanumeric() || c == '_';
    let after = match rest.strip_prefix('{') {
        Some(rest) => rest.split_once('}').map_or("", |(_, after)| after),
        None => rest.trim_start_matches(is_variable),
    };
    // A name that is nothing but a variable could be any task.
    let is_open = before.is_empty() && after.is_empty();
    !is_open
        && !after.contains('$')
        && name.len() >= before.len() + after.len()
        && name.starts_with(before)
        && name.ends_with(after)
}

//! Commands and the tasks that consist of them, in a form that all readers share.

use std::collections::BTreeMap;

use super::EvidenceOrigin;
use super::filter::NameFilter;
use super::installs::Installed;
use super::shell::{self, Verdictless};
use super::wrappers;
use crate::project::ProjectPath;

/// The surroundings of a command.
#[derive(Clone, Debug, Default)]
pub(super) struct RunScope {
    /// The version of the tool, if something names it.
    pub(super) version: Option<String>,
    /// Whether the packages of the project are absent, and with them their pins.
    pub(super) is_isolated: bool,
    /// The files whose names the command gets.
    pub(super) names: Option<NameFilter>,
    /// Whether a hook runs it, whose environment has nothing else than what the hook names.
    pub(super) is_hook: bool,
    /// The packages that are installed for it.
    pub(super) installs: Installed,
}

/// A command and its place.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) words: Vec<String>,
    pub(super) origin: EvidenceOrigin,
    pub(super) scope: RunScope,
    /// The folder in which it runs, if that is not the root.
    pub(super) folder: Option<String>,
    /// Whether its exit status counts.
    pub(super) counts: Verdictless,
}

impl Default for Call {
    fn default() -> Self {
        Call {
            words: Vec::new(),
            origin: EvidenceOrigin { file: String::new(), line: 1 },
            scope: RunScope::default(),
            folder: None,
            counts: Verdictless::No,
        }
    }
}

impl Call {
    /// The commands of a script whose first line is at `origin`.
    pub(super) fn from_script(
        script: &str,
        origin: &EvidenceOrigin,
        installs: &Installed,
    ) -> Vec<Call> {
        ScriptReader { installs: installs.clone(), folder: None }.read(script, origin)
    }
}

/// Reads the scripts of one job: what one of them installs, the next ones have.
#[derive(Clone, Debug, Default)]
pub(super) struct ScriptReader {
    pub(super) installs: Installed,
    pub(super) folder: Option<String>,
}

impl ScriptReader {
    pub(super) fn read(&mut self, script: &str, origin: &EvidenceOrigin) -> Vec<Call> {
        let mut calls = Vec::new();
        for command in shell::split(script) {
            if let Some(installed) = wrappers::installed(&command.words) {
                self.installs.extend(installed);
                continue;
            }
            if let [cd, folder] = command.words.as_slice()
                && cd == "cd"
            {
                self.folder = self.enter(folder);
                continue;
            }
            let origin = EvidenceOrigin { line: origin.line + command.line, ..origin.clone() };
            let scope = RunScope { installs: self.installs.clone(), ..RunScope::default() };
            let (folder, counts) = (self.folder.clone(), command.counts);
            calls.push(Call { words: command.words, origin, scope, folder, counts });
        }
        calls
    }
}

impl ScriptReader {
    /// The folder after `cd`; none for the root. Only a path that goes up depends on the folder so far.
    fn enter(&self, folder: &str) -> Option<String> {
        let so_far = self.folder.as_ref().filter(|_| folder.starts_with(".."));
        let joined = so_far.and_then(|it| ProjectPath::new(&format!("{it}/{folder}")).ok());
        let folder = joined.map_or_else(|| folder.to_owned(), |joined| joined.to_string());
        (folder != ".").then_some(folder)
    }
}

/// A program that runs tasks of a project by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TaskProgram {
    Tox,
    Nox,
    Make,
    Just,
    Hatch,
    Poe,
    Pdm,
    Taskipy,
}

/// The name of a task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskId {
    pub(super) runner: TaskProgram,
    pub(super) name: String,
}

impl TaskId {
    pub(super) fn new(runner: TaskProgram, name: &str) -> TaskId {
        TaskId { runner, name: name.to_owned() }
    }
}

/// A task.
#[derive(Clone, Debug, Default)]
pub(super) struct Task {
    pub(super) calls: Vec<Call>,
    /// Whether the runner runs it without a name.
    pub(super) is_default: bool,
    /// The tasks of the same runner that it runs first.
    pub(super) requires: Vec<String>,
    /// The names of the sets of tasks that it belongs to.
    pub(super) labels: Vec<String>,
}

/// The tasks of a project.
pub(super) type Tasks = BTreeMap<TaskId, Task>;

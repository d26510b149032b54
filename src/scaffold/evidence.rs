//! Reads which tools a project runs today, and how.
//!
//! The evidence is in files: jobs of GitLab and GitHub, the hooks of pre-commit, the tasks of tox, nox,
//! make, just, hatch, poe and pdm, locks, and lists of requirements. All of them are read as text. No
//! file is executed, and no program is started. Jobs call tasks, which call other tasks; they are
//! followed.
//!
//! The texts come from strangers. Their size is limited where they are read, and every reader here
//! limits depth and number of what it makes of them. A file that cannot be parsed has no evidence.

mod arguments;
mod calls;
mod filter;
mod hooks;
mod ini;
mod installs;
mod jobs;
mod nox;
mod packages;
mod python_tokens;
mod recipes;
mod requirements;
mod scripts;
mod shell;
mod tables;
mod tasks;
mod tox;
mod workspace;
mod wrappers;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;

use crate::project::ProjectPath;
use crate::requirement;
use crate::tools::Tool;
pub use filter::NameFilter;

/// The most commands that are followed in one project.
const MOST_CALLS: usize = 2_000;

/// The weight of a piece of evidence. The first has the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceRank {
    /// A job of the project's pipeline, or something that it calls.
    Job,
    /// A task that no job calls.
    Task,
    /// A hook of pre-commit.
    Hook,
    /// A dependency of the project's developers.
    Dependency,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EvidenceOrigin {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for EvidenceOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// One way in which a project runs a tool of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolUse {
    /// The name of the tool.
    pub tool: &'static str,
    /// The weight.
    pub rank: EvidenceRank,
    /// The place of the command.
    pub origin: EvidenceOrigin,
    /// The version that is pinned for it.
    pub version: Option<String>,
    /// The packages that are installed with it, such as plugins and stubs.
    pub requirements: Vec<String>,
    /// Whether it runs in an environment without the dependencies of the project.
    pub is_isolated: bool,
    /// The lists of requirements that are installed with it.
    pub files: Vec<String>,
    /// The dependency groups that are installed with it.
    pub groups: Vec<String>,
    /// The extras that are installed with it.
    pub extras: Vec<String>,
    /// The arguments that matter for the result.
    pub args: Vec<String>,
    /// The files and folders in the command. A command without any leaves them to the tool.
    pub paths: Vec<String>,
    /// The configuration that the command names.
    pub config: Option<String>,
    /// The files whose names pre-commit passes; none for a command that walks the folders itself.
    pub names: Option<NameFilter>,
}

impl ToolUse {
    /// Whether another command could be run together with this one: the same release, on the same files.
    fn runs_alike(&self, other: &ToolUse) -> bool {
        self.tool == other.tool
            && self.version == other.version
            && self.requirements == other.requirements
            && self.names == other.names
            && self.paths == other.paths
            && self.config == other.config
    }
}

/// A program outside of the catalogue, or a command that cannot be adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignUse {
    /// The name of the hook or program.
    pub name: String,
    /// The command, if it can run as a check of the project's own.
    pub run: Vec<String>,
    /// The packages that the command needs.
    pub requirements: Vec<String>,
    /// The reason why it is not adopted.
    pub reason: String,
    /// The place of the command.
    pub origin: EvidenceOrigin,
}

/// The tools and programs that a project runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectEvidence {
    /// The uses of the tools of the catalogue, those with the most weight first.
    pub uses: Vec<ToolUse>,
    /// The other programs.
    pub foreign: Vec<ForeignUse>,
}

/// The tools and programs that a project runs as a whole, and those that it runs in its packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkspaceEvidence {
    /// The evidence of the whole project.
    pub project: ProjectEvidence,
    /// The evidence of each package, whose paths are relative to its folder.
    pub packages: Vec<ProjectEvidence>,
}

/// Whether a file can contain evidence, by its path.
#[must_use]
pub fn is_evidence(path: &str) -> bool {
    let is_workflow = path.starts_with(".github/workflows/")
        && (path.ends_with(".yml") || path.ends_with(".yaml"));
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    is_workflow
        || scripts::is_script(path)
        || (folder.is_empty() && (FILES.contains(&name) || requirement::is_requirements_file(name)))
        || (folder == "requirements" && name.ends_with(".txt"))
}

/// The files at the root that can contain evidence.
pub const FILES: &[&str] = &[
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    "GNUmakefile",
    "Justfile",
    "Makefile",
    "hatch.toml",
    "justfile",
    "makefile",
    "noxfile.py",
    "pdm.lock",
    "poetry.lock",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "tox.toml",
    "uv.lock",
];

/// Reads the evidence in texts of files: that of the project, and that of the packages in these folders.
#[must_use]
pub fn read_evidence(
    texts: &BTreeMap<ProjectPath, String>,
    packages: &[ProjectPath],
) -> WorkspaceEvidence {
    workspace::read(texts, packages)
}

/// The versions of tools that the hooks in a `.pre-commit-config.yaml` pin.
pub(super) fn tools_in_hooks(text: &str) -> Vec<(&'static dyn Tool, String)> {
    hooks::pinned_tools(text)
}

/// The packages with an exact version that a `pyproject.toml` requires, with their versions.
pub(super) fn packages_in_manifest(text: &str) -> Vec<(String, String)> {
    packages::pinned_packages(text)
}

#[cfg(test)]
mod tests;

//! The tools that cargo pipe knows.
//!
//! One file each: what it runs, what it reads, and what its exit status and streams mean. A tool
//! is one such file, one lock in `templates/requirements`, one config in `templates/config` and
//! one folder of recorded output; a test fails when one is missing. Pure: a tool builds arguments
//! and classifies bytes, it never starts anything, and its findings go to the report unsorted.

pub mod black;
pub mod isort;
pub mod mypy;
pub mod pylint;
pub mod pytest;
pub mod ruff;
pub mod ruff_format;

mod exit_status;
mod own_code;

pub mod adoption;
pub mod command;
pub mod own_config;
pub mod parse;
pub mod sources;
pub mod user_command;

use crate::check::CachePolicy;
use crate::lock::Lock;
use crate::outcome::{Classified, RawOutput};
use crate::project::ProjectPath;
use adoption::AdoptionFacts;
pub use command::{Command, Precedence};
use own_config::{OwnConfig, Refused};
pub use sources::SourceFiles;

/// Every tool, in the order they are listed.
pub const TOOLS: &[&dyn Tool] = &[
    &pylint::Pylint,
    &black::Black,
    &isort::Isort,
    &mypy::Mypy,
    &ruff::Ruff,
    &ruff_format::RuffFormat,
    &pytest::Pytest,
];

/// A tool of the catalogue.
pub trait Tool: Sync {
    /// Its name in `tool = "…"`.
    fn name(&self) -> &'static str;

    /// One line about what it does.
    fn about(&self) -> &'static str;

    /// What a person should know about how it is run and judged, a sentence or two each.
    fn notes(&self) -> &'static [&'static str];

    /// The name of its lock in `.docker/requirements`, without `.txt`; also of its package.
    fn lock(&self) -> &'static str;

    /// The lock that a new project gets.
    fn lock_template(&self) -> &'static str;

    /// The packages whose insides its incremental worker relies on. With another version of one, each
    /// run may have to do all of the work.
    fn incremental_packages(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether its verdict depends on the packages that the project imports.
    fn sees_project(&self) -> bool {
        false
    }

    /// Whether it runs the project's own code: on a copy that it can write to.
    fn runs_project(&self) -> bool {
        false
    }

    /// What is kept of its outcome, unless the project says.
    fn keeps(&self) -> CachePolicy {
        CachePolicy::Always
    }

    /// The name of its configuration file in the config folder; none for a tool that always finds
    /// its own.
    fn config_file(&self) -> Option<&'static str>;

    /// The configuration that a new project gets; a template over `python` and `python_nodot`.
    fn config_template(&self) -> Option<&'static str>;

    /// The files at the project's root that it reads without being told, as far as they are there.
    fn reads_at_root(&self) -> &'static [&'static str] {
        &[]
    }

    /// Where it looks for its configuration when it is told of none, in its own order.
    fn own_configs(&self) -> &'static [OwnConfig];

    /// Whether it looks for one above each source, so that a nearer file replaces a farther one.
    fn reads_nested_configs(&self) -> bool {
        false
    }

    /// How a project shows that it uses the tool, and what a new project gets of it.
    fn adoption(&self) -> AdoptionFacts;

    /// What has it run code of the project's own, with this configuration: a hook, a plugin.
    fn own_code(&self, config: &str, command: &Command) -> Option<String>;

    /// The options that older releases took and that the locked one refuses.
    fn refused(&self) -> &'static [Refused];

    /// The command that checks.
    fn check(&self, invocation: &ToolInvocation<'_>) -> Command;

    /// The command that repairs what can be repaired, if it can. Its exit status is no verdict:
    /// what cannot be repaired is for the check to say.
    fn fix(&self, invocation: &ToolInvocation<'_>) -> Option<Command>;

    /// Whether it has the last word about the looks of a file. Two such tools cannot both be right,
    /// so it fixes behind every other one, and does so when it is called by its own name.
    fn is_formatter(&self) -> bool {
        false
    }

    /// What its output means.
    fn classify(&self, output: &RawOutput, sources: &dyn SourceFiles) -> Classified;
}

/// What a tool's command is made from.
#[derive(Clone, Copy, Debug)]
pub struct ToolInvocation<'a> {
    /// Where the configuration file is inside the container; none if the tool finds its own.
    pub config: Option<&'a str>,
    /// The sources, relative to the working directory.
    pub source: &'a [ProjectPath],
    /// The user's further arguments.
    pub args: &'a [String],
    /// Whether the project's dependencies are there.
    pub sees_project: bool,
}

impl ToolInvocation<'_> {
    /// A program's arguments. What is `canonical` comes behind the user's arguments, because in
    /// every tool the last of two that contradict each other wins.
    fn argv(&self, program: &[&str], config: &str, canonical: &[&str]) -> Vec<String> {
        let mut argv: Vec<String> = program.iter().map(|part| (*part).to_owned()).collect();
        argv.extend(self.config.map(|path| format!("{config}={path}")));
        argv.extend_from_slice(self.args);
        argv.extend(canonical.iter().map(|part| (*part).to_owned()));
        argv
    }

    /// The same, with the source folders behind a `--`.
    fn argv_with_source(&self, program: &[&str], config: &str, canonical: &[&str]) -> Vec<String> {
        let mut argv = self.argv(program, config, canonical);
        argv.push("--".to_owned());
        argv.extend(self.source.iter().map(ToString::to_string));
        argv
    }

    /// The command of these arguments.
    fn exec(&self, program: &[&str], config: &str, canonical: &[&str]) -> Command {
        Command::Exec(self.argv_with_source(program, config, canonical))
    }
}

/// What a tool's lock is resolved from: what it was tried with, and newer releases that promise to
/// work the same. The next major version comes with a release of cargo pipe that knows it.
#[must_use]
pub fn requirement(tool: &dyn Tool) -> String {
    let name = tool.lock();
    let lock = Lock::parse(tool.lock_template()).ok();
    let tried = lock.as_ref().and_then(|lock| lock.version(name)).unwrap_or("0");
    let major = tried.split('.').next().and_then(|major| major.parse::<u32>().ok());
    format!("{name}>={tried},<{}", major.unwrap_or_default() + 1)
}

/// The packages that a tool's incremental worker relies on, with the versions that it was tested with:
/// those of the lock that a new project gets.
#[must_use]
pub fn tested_versions(tool: &dyn Tool) -> Vec<(&'static str, String)> {
    let Ok(lock) = Lock::parse(tool.lock_template()) else { return Vec::new() };
    let version = |name: &&'static str| Some((*name, lock.version(name)?.to_owned()));
    tool.incremental_packages().iter().filter_map(version).collect()
}

/// The checks of a new project in their order, each with the tool that runs it by default.
#[must_use]
pub fn default_checks() -> Vec<(&'static str, &'static dyn Tool)> {
    let mut checks: Vec<(&'static str, &'static dyn Tool)> = Vec::new();
    for tool in TOOLS {
        let Some(name) = tool.adoption().default_check else { continue };
        if checks.iter().all(|(other, _)| *other != name) {
            checks.push((name, *tool));
        }
    }
    checks
}

/// The tool of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Tool> {
    TOOLS.iter().copied().find(|tool| tool.name() == name)
}

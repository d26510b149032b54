//! The built-in tools.
//!
//! Each tool is one file that implements [`Tool`], or describes the tool by a
//! [`catalogue::CatalogueTool`]: its commands, its configuration files, how `init` recognises it, and
//! the meaning of its exit status and output. With the file come a lock in `templates/requirements`, a
//! folder of recorded output, and a configuration in `templates/config` for a tool that gets one; a
//! test fails when one of them is missing. A tool builds arguments and classifies bytes. It reads no
//! file and starts no process, and its findings go to the report unsorted.

pub mod bandit;
pub mod black;
pub mod blacken_docs;
pub mod cargo_test;
pub mod clippy;
pub mod codespell;
pub mod flake8;
pub mod interrogate;
pub mod isort;
pub mod mypy;
pub mod pre_commit_hooks;
pub mod pylint;
pub mod pyrefly;
pub mod pyright;
pub mod pytest;
pub mod ruff;
pub mod ruff_format;
pub mod rustdoc;
pub mod rustfmt;
pub mod shellcheck;
pub mod ty;
pub mod typos;
pub mod vulture;
pub mod yamllint;
pub mod zizmor;

mod cargo;
mod exit_status;

pub mod adoption;
pub mod allow_list;
pub mod catalogue;
pub mod command;
pub mod own_config;
pub mod parse;
pub mod references;
pub mod user_command;

use crate::check::CachePolicy;
pub use crate::finding::SourceFiles;
use crate::lock::Lock;
use crate::outcome::{Classified, RawOutput};
use crate::project::ProjectPath;
use crate::version::is_at_least;
use adoption::AdoptionFacts;
use allow_list::AllowList;
pub use command::{Command, Installation, Precedence};
use own_config::{OwnConfig, Refused};

/// The endings of Python files.
pub const PYTHON_ENDINGS: [&str; 2] = [".py", ".pyi"];

/// The ending of notebooks.
pub const NOTEBOOK_ENDING: &str = ".ipynb";

/// Every tool, in the order they are listed.
pub const TOOLS: &[&dyn Tool] = &[
    &pylint::Pylint,
    &black::Black,
    &isort::Isort,
    &mypy::Mypy,
    &ruff::Ruff,
    &ruff_format::RuffFormat,
    &pytest::Pytest,
    &bandit::BANDIT,
    &pyright::BASEDPYRIGHT,
    &blacken_docs::BLACKEN_DOCS,
    &codespell::CODESPELL,
    &flake8::FLAKE8,
    &interrogate::INTERROGATE,
    &pre_commit_hooks::PRE_COMMIT_HOOKS,
    &pyrefly::PYREFLY,
    &pyright::PYRIGHT,
    &shellcheck::SHELLCHECK,
    &ty::TY,
    &typos::TYPOS,
    &vulture::VULTURE,
    &yamllint::YAMLLINT,
    &zizmor::ZIZMOR,
    &rustfmt::RUSTFMT,
    &clippy::CLIPPY,
    &cargo_test::CARGO_TEST,
    &rustdoc::RUSTDOC,
];

/// A built-in tool.
pub trait Tool: Sync {
    /// Its name in `tool = "…"`.
    fn name(&self) -> &'static str;

    /// One line about what a check with the tool does, without an article or a full stop.
    fn about(&self) -> &'static str;

    /// Remarks for the help of a check about how the tool is run and judged.
    fn notes(&self) -> &'static [&'static str];

    /// The name of its package, and of its lock in `.docker/requirements` without `.txt`.
    fn lock(&self) -> &'static str;

    /// The lock of a new project.
    fn lock_template(&self) -> &'static str;

    /// Whether it belongs to the Rust toolchain. Such a tool has neither a lock nor a release of its own.
    fn is_rust(&self) -> bool {
        false
    }

    /// Requirements of optional packages that it is installed with.
    fn companions(&self) -> &'static [&'static str] {
        &[]
    }

    /// The packages whose internals its incremental worker relies on. With another version of one of
    /// them, each run may have to do all the work.
    fn incremental_packages(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether its result depends on the packages that the project imports.
    fn sees_project(&self) -> bool {
        false
    }

    /// Whether what it says about a file depends on that file, its path and the configuration alone, so
    /// that after an edit it checks only the files that changed.
    fn is_per_file(&self) -> bool {
        false
    }

    /// Whether it reads other files of the project than those that it checks and its configuration.
    fn reads_inputs(&self) -> bool {
        true
    }

    /// Whether it looks at hidden files and folders, too, when it looks for files itself.
    fn sees_hidden(&self) -> bool {
        false
    }

    /// Whether it runs the project's own code. Such a tool gets a copy that it can write to.
    fn runs_project(&self) -> bool {
        false
    }

    /// Whether it runs tests.
    fn runs_tests(&self) -> bool {
        false
    }

    /// Which outcomes are cached, unless the project sets that.
    fn keeps(&self) -> CachePolicy {
        CachePolicy::Always
    }

    /// The name of its configuration file in the config folder; none for a tool that always searches
    /// for its own.
    fn config_file(&self) -> Option<&'static str>;

    /// The configuration of a new project; a template over `python` and `python_nodot`.
    fn config_template(&self) -> Option<&'static str>;

    /// The files at the project's root that it reads by itself where they exist.
    fn reads_at_root(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Where it searches for its configuration by default, in its own order.
    fn own_configs(&self) -> &'static [OwnConfig];

    /// Whether it searches above each source, so that a nearer file replaces a farther one.
    fn reads_nested_configs(&self) -> bool {
        false
    }

    /// The options of its configuration whose values can refer to files of the project, with `-` for
    /// `_`.
    fn path_options(&self) -> &'static [&'static str] {
        &[]
    }

    /// The option that sets the Python that it checks for; none for a tool whose findings do not depend
    /// on the Python that it runs on.
    fn target_option(&self) -> Option<TargetOption> {
        None
    }

    /// Whether it parses Python with the Python that it runs on, so that a release supports none that
    /// came out after it.
    fn parses_with_python(&self) -> bool {
        false
    }

    /// The sources of a check that names none; empty for those of the project.
    fn default_source(&self) -> &'static [&'static str] {
        &[]
    }

    /// The endings of the files that it checks; empty for files of any name.
    fn endings(&self) -> &'static [&'static str] {
        &PYTHON_ENDINGS
    }

    /// How a project shows that it uses the tool, and the check that a new project gets.
    fn adoption(&self) -> AdoptionFacts;

    /// The inputs with which it runs no code of the project; none for a tool that always does.
    fn allow_list(&self) -> Option<AllowList>;

    /// The oldest release that was tried, and the first major version after the newest one.
    fn tried(&self) -> (&'static str, &'static str);

    /// The options of older releases that the bundled release refuses.
    fn refused(&self) -> &'static [Refused];

    /// The command that checks.
    fn check(&self, invocation: &ToolInvocation<'_>) -> Command;

    /// The command that fixes what can be fixed, if there is one. Its exit status is ignored, because
    /// the check runs afterwards and reports what is left.
    fn fix(&self, invocation: &ToolInvocation<'_>) -> Option<Command>;

    /// The command that compiles what the check needs of other packages, for a tool of the Rust toolchain
    /// that compiles. It runs in a project without code.
    fn compile(&self, _invocation: &ToolInvocation<'_>) -> Option<Command> {
        None
    }

    /// Whether it formats whole files. Two such tools can contradict each other. A formatter fixes
    /// after every other tool, and its check fixes by default when a user runs it by name.
    fn is_formatter(&self) -> bool {
        false
    }

    /// Whether its standard output is data rather than text for a reader.
    fn prints_data(&self) -> bool {
        false
    }

    /// Judges its exit status and output.
    fn classify(&self, output: &RawOutput, sources: &dyn SourceFiles) -> Classified;
}

/// The option of a tool that sets the Python that it checks for, which is otherwise the one that it runs
/// on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetOption {
    /// The option on the command line, such as `--python-version`.
    pub option: &'static str,
    /// The key in a configuration, with `-` for `_`.
    pub key: &'static str,
    /// Whether it can be older than every Python that the tool runs on.
    pub any_older: bool,
}

/// The arguments of a tool's command.
#[derive(Clone, Copy, Debug)]
pub struct ToolInvocation<'a> {
    /// The path of the configuration file in the container; none if the tool searches for its own.
    pub config: Option<&'a str>,
    /// The sources, relative to the working directory.
    pub source: &'a [ProjectPath],
    /// Those of the sources that are files whose names do not end like Python, such as scripts.
    pub scripts: &'a [ProjectPath],
    /// The user's additional arguments.
    pub args: &'a [String],
    /// Whether the project's dependencies are installed.
    pub sees_project: bool,
    /// Whether the project itself is installed before the tool runs.
    pub installs_project: bool,
    /// The locked release of the tool; none if it is the bundled one or a newer one.
    pub version: Option<&'a str>,
}

impl ToolInvocation<'_> {
    /// Whether the tool is older than this release.
    fn is_before(&self, release: &str) -> bool {
        self.version.is_some_and(|version| !is_at_least(version, release))
    }

    /// The arguments of a program. The `canonical` ones follow the user's arguments, because in every
    /// tool the last of two contradicting arguments wins.
    fn argv(&self, program: &[&str], config: &str, canonical: &[&str]) -> Vec<String> {
        let mut argv: Vec<String> = program.iter().map(|part| (*part).to_owned()).collect();
        argv.extend(self.config.map(|path| format!("{config}={path}")));
        argv.extend_from_slice(self.args);
        argv.extend(canonical.iter().map(|part| (*part).to_owned()));
        argv
    }

    /// The same arguments, then `--` and the sources.
    fn argv_with_source(&self, program: &[&str], config: &str, canonical: &[&str]) -> Vec<String> {
        let mut argv = self.argv(program, config, canonical);
        argv.push("--".to_owned());
        argv.extend(self.source.iter().map(ToString::to_string));
        argv
    }

    /// The command of a tool that looks for its files itself, from the project's root. It needs to be
    /// given only the scripts, which it would not find.
    fn exec_at_root(&self, program: &[&str], config: &str, canonical: &[&str]) -> Command {
        let mut argv = self.argv(program, config, canonical);
        argv.extend(["--".to_owned(), ".".to_owned()]);
        argv.extend(self.scripts.iter().map(ToString::to_string));
        Command::Exec(argv)
    }

    /// The command with these arguments.
    fn exec(&self, program: &[&str], config: &str, canonical: &[&str]) -> Command {
        Command::Exec(self.argv_with_source(program, config, canonical))
    }
}

/// The requirement that a tool's lock is resolved from: the tested version, and newer releases of the
/// same major version. The next major version needs a release of cargo pipe that supports it.
#[must_use]
pub fn requirement(tool: &dyn Tool) -> String {
    let name = tool.lock();
    let lock = Lock::parse(tool.lock_template()).ok();
    let tested = lock.as_ref().and_then(|lock| lock.version(name)).unwrap_or("0");
    let major = tested.split('.').next().and_then(|major| major.parse::<u32>().ok());
    format!("{name}>={tested},<{}", major.unwrap_or_default() + 1)
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

/// Finds a tool by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Tool> {
    TOOLS.iter().copied().find(|tool| tool.name() == name)
}

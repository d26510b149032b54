//! The requests that commands get.

use std::path::PathBuf;

use crate::cli::args::{CheckArgs, Document, MessageFormat, ReportTarget};
use crate::cli::commands::Asking;
use crate::config::layer::{Layer, OwnFile, Value};
use crate::env_vars::EnvVars;
use crate::gate::Since;
use crate::hook::HookKind;
use crate::pipeline::{Removal, Then};
use crate::plan::{Request, RunPart, ShellFiles};
use crate::scaffold::{Edited, InitRequest};
use crate::update::UpdateRequest;

/// A converted command line.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// The project.
    pub(crate) place: ProjectLocation,
    /// The amount of output.
    pub(crate) verbosity: Verbosity,
    /// The command.
    pub(crate) action: Action,
}

/// The project, and its settings outside of its files.
#[derive(Clone, Debug)]
pub(crate) struct ProjectLocation {
    /// The project's folder, or one below it.
    pub(crate) folder: PathBuf,
    /// The variables of this process.
    pub(crate) environment: EnvVars,
    /// The layer of the flags.
    pub(crate) flags: Layer,
    /// The words that start another command in the same place, such as `cargo pipe -C demo`.
    pub(crate) typed: Vec<String>,
}

impl ProjectLocation {
    /// Adds a baseline that an option names.
    pub(crate) fn accepting(mut self, option: &'static str, file: Option<String>) -> Self {
        self.flags.baseline = file.map(|file| Value::named(option, OwnFile(Some(file))));
        self
    }
}

/// The amount of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Only the verdict.
    Quiet,
    /// The default.
    #[default]
    Normal,
    /// Also every program that is started.
    Verbose,
}

/// A command.
#[derive(Debug)]
pub(crate) enum Action {
    /// Set up a project.
    Init(Init),
    /// Bring generated files up to date.
    Sync(Sync),
    /// Update locks.
    Update {
        /// The locks, and how to update them.
        request: UpdateRequest,
        /// Whether the locks are written.
        writing: Writing,
    },
    /// Run checks.
    Run(CheckRun),
    /// Run or explain the check of a name.
    Check(CheckArgs),
    /// Run checks whenever files change.
    Watch(WatchCommand),
    /// Accept the current findings.
    Baseline {
        /// The file to write, if not the configured one.
        output: Option<String>,
        /// Whether obsolete entries are removed, in place of accepting all findings.
        prune: bool,
    },
    /// List the checks.
    List {
        /// The output format.
        format: MessageFormat,
    },
    /// Build environments.
    Build {
        /// The checks; all if empty.
        checks: Vec<String>,
    },
    /// Build the image of CI jobs.
    Ship(Then),
    /// Open a shell in the container of a check.
    Bash(BashCommand),
    /// Grant requests of the project.
    Trust(Trust),
    /// Check that everything is there that checks need.
    Doctor(Doctor),
    /// Explain why a check would run.
    Why {
        /// The check.
        check: String,
        /// The output format.
        format: MessageFormat,
    },
    /// Compare with a report.
    Compare {
        /// The report.
        report: PathBuf,
        /// The output format.
        format: MessageFormat,
    },
    /// Make a key for a remote cache, in this file.
    #[cfg(feature = "remote")]
    GenerateKey(PathBuf),
    /// Show the size of the cache.
    #[cfg(feature = "remote")]
    CacheStats,
    /// Merge the reports of the parts of a run.
    Merge {
        /// The reports.
        reports: Vec<PathBuf>,
        /// What becomes of the merged report.
        output: Output,
    },
    /// Remove the project's containers, images and caches, or unused images.
    Remove {
        /// The part of the engines that is cleared.
        removal: Removal,
        /// Whether generated files are removed.
        files: GeneratedFiles,
    },
    /// Install, remove or run git hooks.
    Hook(Hook),
    /// Serve editors and agents.
    #[cfg(feature = "mcp")]
    Mcp,
    /// Print a completion script.
    Completions(clap_complete::Shell),
    /// Print help.
    Help(Help),
    /// Print the schema of a document.
    Schema(Document),
    /// Print a manual page.
    Man {
        /// The command; cargo pipe itself if none.
        command: Option<String>,
    },
}

/// Whether something is done or only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// It is done.
    Real,
    /// It is shown.
    Dry,
}

/// A folder to set up.
#[derive(Debug)]
pub(crate) struct Init {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// The request.
    pub(crate) asked: InitRequest,
    /// Whether its Cargo workspace gets a task.
    pub(crate) xtask: Xtask,
    /// Whether missing locks are written.
    pub(crate) is_locked: bool,
}

/// Whether a Cargo workspace gets a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Xtask {
    /// It does.
    Wanted,
    /// It stays as it is.
    Unwanted,
}

/// What to do with generated files that are not up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sync {
    /// Show them.
    Check,
    /// Update them; this decides about edited ones.
    Write(Edited),
}

/// The subject and the output format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doctor {
    /// A runner's configuration; the project and the machine if none is named.
    pub(crate) runner_config: Option<PathBuf>,
    /// The format of standard output.
    pub(crate) format: MessageFormat,
}

/// What to do with the files that `init` wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneratedFiles {
    /// Keep them.
    Stay,
    /// Remove them, except for edited ones.
    Go,
}

/// What a command does to files if no option decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsaid {
    /// It checks them.
    Check,
    /// It is the name of a check: a formatter writes, but not in a job of CI.
    ByName {
        /// Whether this is one.
        is_ci: bool,
    },
}

/// Help to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Help {
    /// What it is about.
    pub(crate) subject: HelpSubject,
    /// Whether it may go through a pager.
    pub(crate) paging: Paging,
}

/// What help is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HelpSubject {
    /// Cargo pipe itself, with the lists of commands and topics.
    Overview,
    /// A command, a check or a topic, in that order.
    Name(String),
    /// A topic of the guide.
    Topic(String),
}

/// Whether text goes through a pager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// It does if standard output is a terminal.
    Terminal,
    /// It never does.
    Off,
}

/// A run of checks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CheckRun {
    /// The checks, and how to run them.
    pub(crate) request: Request,
    /// The commit since which a change must reach a check, if only such checks run.
    pub(crate) affected: Option<Since>,
    /// The part to run, if not all checks run here.
    pub(crate) part: Option<PartRequest>,
    /// The baseline, if not the configured one.
    pub(crate) baseline: Option<String>,
    /// Whether they run, or the plan is shown.
    pub(crate) writing: Writing,
    /// The reports to write, and the format of standard output.
    pub(crate) output: Output,
}

/// The part of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartRequest {
    /// The part.
    pub(crate) part: RunPart,
    /// The report whose durations divide the checks.
    pub(crate) costs: Option<PathBuf>,
}

/// What becomes of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// The reports to write.
    pub(crate) reports: Vec<ReportTarget>,
    /// The format of standard output.
    pub(crate) format: MessageFormat,
}

/// Runs of checks whenever files change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WatchCommand {
    /// Each run.
    pub(crate) run: CheckRun,
    /// Whether files are looked at from time to time.
    pub(crate) polling: Polling,
}

/// When files are looked at from time to time, because no change is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Polling {
    /// Where the system does not report changes.
    WhereNeeded,
    /// Always.
    Always,
}

/// A shell in the container of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BashCommand {
    /// The check; the first one if none is named.
    pub(crate) check: Option<String>,
    /// Whether the docker socket is mounted.
    pub(crate) docker_socket: bool,
    /// The files that it sees.
    pub(crate) files: ShellFiles,
    /// What to run; a shell if empty.
    pub(crate) command: Vec<String>,
}

/// A change of git hooks, or the run of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    /// Install them.
    Install {
        /// The hooks.
        kinds: Vec<HookKind>,
        /// Whether they fix first.
        is_fixing: bool,
    },
    /// Remove them.
    Uninstall {
        /// The hooks.
        kinds: Vec<HookKind>,
    },
    /// Do what the hook does.
    Run(HookRun),
}

/// A run of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HookRun {
    /// The hook.
    pub(crate) kind: HookKind,
    /// Whether it fixes first.
    pub(crate) fix: bool,
    /// Whether it stops at the first check that does not pass.
    pub(crate) fail_fast: bool,
}

/// What to do with the user's grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Grant the requests of this project.
    Grant {
        /// Whether to ask first.
        asking: Asking,
    },
    /// List them.
    List,
    /// Revoke those of this project.
    Revoke,
}

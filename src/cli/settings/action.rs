//! What a command line means.
//!
//! Owns the requests that commands get. It must not know how a word of the command line becomes one
//! of them; [`super`] makes them from the arguments.

use std::path::PathBuf;

use crate::cli::args::{CheckArgs, MessageFormat, ReportTarget};
use crate::cli::commands::Asking;
use crate::config::layer::{Layer, OwnFile, Value};
use crate::config::load::EnvVars;
use crate::pipeline::Then;
use crate::plan::Request;
use crate::scaffold::{Edited, InitRequest};
use crate::update::UpdateRequest;

/// What a command line means.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// Which project, configured by whom.
    pub(crate) place: ProjectLocation,
    /// How much is told.
    pub(crate) verbosity: Verbosity,
    /// What to do.
    pub(crate) action: Action,
}

/// Which project, and what configures it besides its own files.
#[derive(Clone, Debug)]
pub(crate) struct ProjectLocation {
    /// The project's folder, or one below it.
    pub(crate) folder: PathBuf,
    /// The variables of this process.
    pub(crate) environment: EnvVars,
    /// What the flags say.
    pub(crate) flags: Layer,
    /// The words that start another command in the same place, such as `cargo pipe -C demo`.
    pub(crate) typed: Vec<String>,
}

impl ProjectLocation {
    /// The same, with a baseline that an option names.
    pub(crate) fn accepting(mut self, option: &'static str, file: Option<String>) -> Self {
        self.flags.baseline = file.map(|file| Value::named(option, OwnFile(Some(file))));
        self
    }
}

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// The verdict's line.
    Quiet,
    /// What matters.
    #[default]
    Normal,
    /// Every program that is started, too.
    Verbose,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Action {
    /// Scaffold a folder.
    Init(Init),
    /// Bring generated files up to date.
    Sync(Sync),
    /// Bring newer versions into locks.
    Update {
        /// Which locks, and how.
        request: UpdateRequest,
        /// Whether they are written, or it is told what would be.
        writing: Writing,
    },
    /// Run checks.
    Run(CheckRun),
    /// Do something with what may be a check.
    Check(CheckArgs),
    /// Accept what the checks find now.
    Baseline {
        /// The file to write, if not the configured one.
        output: Option<String>,
    },
    /// List the checks.
    List {
        /// For whom.
        format: MessageFormat,
    },
    /// Make environments available.
    Build {
        /// Of these checks; of all if empty.
        checks: Vec<String>,
    },
    /// Make the image of jobs.
    Ship(Then),
    /// Open a shell in the container of a check.
    Bash(BashCommand),
    /// Say what may go beyond the sandbox.
    Trust(Trust),
    /// Check that everything is there that checks need.
    Doctor(Doctor),
    /// Say why a check would run or not.
    Why {
        /// The check.
        check: String,
        /// For whom.
        format: MessageFormat,
    },
    /// Say what differs from a run elsewhere.
    Compare {
        /// Its report.
        report: PathBuf,
        /// For whom.
        format: MessageFormat,
    },
    /// Take away what is the project's.
    Remove {
        /// Whether the files that were written are.
        files: GeneratedFiles,
    },
    /// Print a completion script.
    Completions(clap_complete::Shell),
    /// Print help.
    Help(Help),
    /// Print a manual page.
    Man {
        /// Of this command; of all if none.
        command: Option<String>,
    },
}

/// Whether something is done or only told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// It is done.
    Real,
    /// It is told.
    Dry,
}

/// A folder to scaffold.
#[derive(Debug)]
pub(crate) struct Init {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// What is to be done there.
    pub(crate) asked: InitRequest,
    /// Whether its Cargo workspace gets a task.
    pub(crate) xtask: Xtask,
}

/// Whether a Cargo workspace gets a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Xtask {
    /// It does.
    Wanted,
    /// It stays as it is.
    Unwanted,
}

/// What becomes of generated files that are not up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sync {
    /// They are shown.
    Check,
    /// They are written again; those that somebody edited as is said here.
    Write(Edited),
}

/// What is looked at, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doctor {
    /// A runner's configuration; the project and the machine if none is named.
    pub(crate) runner_config: Option<PathBuf>,
    /// What standard output gets.
    pub(crate) format: MessageFormat,
}

/// What becomes of the files that `init` wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneratedFiles {
    /// They stay.
    Stay,
    /// They go, as far as nobody edited them.
    Go,
}

/// What a command does to files without being told.
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
    /// Which checks, and how.
    pub(crate) request: Request,
    /// The accepted findings, if not the configured ones.
    pub(crate) baseline: Option<String>,
    /// Whether they are run, or the plan is shown.
    pub(crate) writing: Writing,
    /// The reports to write.
    pub(crate) reports: Vec<ReportTarget>,
    /// What standard output gets.
    pub(crate) format: MessageFormat,
}

/// A look into the container of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BashCommand {
    /// The check; the first one if none is named.
    pub(crate) check: Option<String>,
    /// Whether the docker socket is there.
    pub(crate) docker_socket: bool,
    /// What to run; a shell if empty.
    pub(crate) command: Vec<String>,
}

/// What becomes of what the user trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// They trust this project.
    Grant {
        /// Whether they are asked.
        asking: Asking,
    },
    /// They want to see it.
    List,
    /// They trust this project no more.
    Revoke,
}

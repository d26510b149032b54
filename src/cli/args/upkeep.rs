//! What `sync`, `update` and `doctor` take.
//!
//! Owns how the upkeep of a project and of its machine is asked for. It must not know what is looked
//! at; the library does.

use std::path::PathBuf;

/// What `sync` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct SyncArgs {
    /// Write nothing; show what differs, and end with status 1 if something does
    #[arg(long)]
    pub(crate) check: bool,

    /// Write files again that somebody edited
    #[arg(long, conflicts_with = "check")]
    pub(crate) force: bool,
}

/// What `update` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct UpdateArgs {
    /// The locks to update, by the name of a tool or check, `project`, or `base`; all if
    /// none is named
    #[arg(value_name = "TOOL")]
    pub(crate) names: Vec<String>,

    /// Write nothing; show what is newer, and end with status 1 if something is
    #[arg(long)]
    pub(crate) check: bool,
}

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Look at a GitLab runner's `config.toml` instead, and print the change that it needs
    #[arg(long, value_name = "FILE")]
    pub(crate) runner_config: Option<PathBuf>,
}

/// What `why` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct WhyArgs {
    /// The check
    #[arg(value_name = "CHECK")]
    pub(crate) check: String,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `compare` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// A report of another run, as `--report json=FILE` writes it
    #[arg(value_name = "REPORT")]
    pub(crate) report: PathBuf,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

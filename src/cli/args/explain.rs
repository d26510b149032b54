//! Arguments of the commands that explain and diagnose: `why`, `compare`, `doctor`.

use std::path::PathBuf;

/// Arguments of `why`.
#[derive(Debug, clap::Args)]
pub(crate) struct WhyArgs {
    /// The check to explain
    #[arg(value_name = "CHECK")]
    pub(crate) check: String,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// JSON report of another run, as written by `--report json=FILE`
    #[arg(value_name = "REPORT")]
    pub(crate) report: PathBuf,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Check the `config.toml` of a GitLab runner instead, and print the change that it needs
    #[arg(long, value_name = "FILE")]
    pub(crate) runner_config: Option<PathBuf>,
}

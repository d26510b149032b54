//! Options that every command takes.

use std::path::PathBuf;

use crate::check::Grant;

/// The heading of rarely used options, which `-h` does not show.
pub(super) const ADVANCED: &str = "Advanced options";

/// Options that every command takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Project folder, or a folder below it [default: .]
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub(crate) project: Option<PathBuf>,

    /// Where checks run
    ///
    /// [env: CARGO_PIPE_ENGINE]
    #[arg(long, value_name = "ENGINE", global = true)]
    pub(crate) engine: Option<EngineArg>,

    /// Never access the network
    ///
    /// [env: CARGO_PIPE_OFFLINE]
    #[arg(long, global = true)]
    pub(crate) offline: bool,

    /// Grant what the project requests; repeatable
    ///
    /// A check runs without network, docker socket and write access; `pipe.toml` can only ask for
    /// more. Grants are `network`, `docker-socket`, `writable`, `dockerfile` (build images from a
    /// Dockerfile of the project), `host` (run code of the project without a sandbox) and
    /// `secret:NAME` (read the value of your variable NAME).
    ///
    /// [env: CARGO_PIPE_ALLOW]
    #[arg(long, value_name = "GRANT", global = true)]
    pub(crate) allow: Vec<Grant>,

    /// Print every program that is started
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Print only the verdict
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// When to use colors
    ///
    /// [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub(crate) color: clap::ColorChoice,

    /// File or folder to check, relative to the project; repeatable
    ///
    /// [env: CARGO_PIPE_SOURCE]
    #[arg(long, value_name = "PATH", global = true, hide_short_help = true)]
    #[arg(help_heading = ADVANCED)]
    pub(crate) source: Vec<String>,

    /// Folder of the tool configs, relative to the project
    ///
    /// [env: CARGO_PIPE_CONFIG]
    #[arg(long, value_name = "DIR", global = true, hide_short_help = true)]
    #[arg(help_heading = ADVANCED)]
    pub(crate) config: Option<String>,

    /// Number of checks to run in parallel
    ///
    /// [env: CARGO_PIPE_JOBS]
    #[arg(long, value_name = "N", global = true, hide_short_help = true)]
    #[arg(help_heading = ADVANCED)]
    pub(crate) jobs: Option<u16>,

    /// Number of processors for each check
    ///
    /// [env: CARGO_PIPE_CPUS]
    #[arg(long, value_name = "N", global = true, hide_short_help = true)]
    #[arg(help_heading = ADVANCED)]
    pub(crate) cpus: Option<u16>,
}

/// Where checks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EngineArg {
    /// docker if it is running, otherwise venv (but only docker if `CI` is set)
    Auto,
    /// Docker containers
    Docker,
    /// Podman containers
    Podman,
    /// Python virtual environments, without containers
    Venv,
}

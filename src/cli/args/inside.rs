//! What `bash` and `trust` take.
//!
//! Owns how a look inside and a person's trust are asked for. It must not know what a terminal is;
//! the command finds out whether there is one.

/// What `bash` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct BashArgs {
    /// The check whose container it is; the first one if none is named
    #[arg(value_name = "CHECK")]
    pub(crate) check: Option<String>,

    /// Add the docker socket and its group, which is as good as root on the engine's machine
    #[arg(long)]
    pub(crate) docker_socket: bool,

    /// What to run there; a shell if nothing is
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

/// What `trust` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct TrustArgs {
    /// Grant without a question, for where there is no terminal
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// List what is trusted, in every project
    #[arg(long, conflicts_with_all = ["yes", "revoke"])]
    pub(crate) list: bool,

    /// Take back what is trusted in this project
    #[arg(long, conflicts_with = "yes")]
    pub(crate) revoke: bool,
}

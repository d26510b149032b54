//! Arguments of `bash` and `trust`.

/// Arguments of `bash`.
#[derive(Debug, clap::Args)]
pub(crate) struct BashArgs {
    /// The check whose container to open [default: the first check]
    #[arg(value_name = "CHECK")]
    pub(crate) check: Option<String>,

    /// Mount the docker socket and add docker's client, which amounts to root access on the machine of
    /// the engine
    ///
    /// The client is Debian's `docker-cli`, in an image of its own that is built at the first use.
    #[arg(long)]
    pub(crate) docker_socket: bool,

    /// Mount the project itself, with all of its files, in place of the files that the check covers
    ///
    /// It is read-only without `--writable`.
    #[arg(long)]
    pub(crate) tree: bool,

    /// Let the shell change the files of the project
    #[arg(long, requires = "tree")]
    pub(crate) writable: bool,

    /// Command to run [default: a shell]
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

/// Arguments of `trust`.
#[derive(Debug, clap::Args)]
pub(crate) struct TrustArgs {
    /// Grant all requests without asking
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// List the grants of all projects
    #[arg(long, conflicts_with_all = ["yes", "revoke"])]
    pub(crate) list: bool,

    /// Revoke the grants of this project
    #[arg(long, conflicts_with = "yes")]
    pub(crate) revoke: bool,
}

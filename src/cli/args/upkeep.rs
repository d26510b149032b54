//! What `sync` takes.
//!
//! Owns how the upkeep of a project's files is asked for. It must not know which files those are;
//! the scaffold does.

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

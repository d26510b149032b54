//! Arguments of `cache`.

use std::path::PathBuf;

/// Arguments of `cache`.
#[derive(Debug, clap::Args)]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    pub(crate) command: CacheCommandArgs,
}

/// What to do about the caches of results.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CacheCommandArgs {
    /// Write a new private key to a file, and print its public key
    ///
    /// The private key signs results for a remote cache: `CARGO_PIPE_CACHE_SIGNING_KEY`. The public key
    /// goes to `CARGO_PIPE_CACHE_KEYS` of everyone who believes these results.
    Keygen {
        /// The file, which must not exist
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },

    /// Show the size of the cache, and the remote cache that is used
    Stats,
}

//! The command line as a task of a workspace's own task runner.
//!
//! `cargo xtask pipe` has every command of `cargo pipe`, in the version of the workspace's lock file,
//! with nothing to install. `cargo xtask pipe ci` does everything that a CI job needs.
//!
//! ```no_run
//! // xtask/src/main.rs
//! fn main() -> std::process::ExitCode {
//!     match std::env::args().nth(1).as_deref() {
//!         Some("pipe") => cargo_pipe::xtask::pipe(std::env::args_os().skip(2)),
//!         _ => std::process::ExitCode::FAILURE, // the tasks of your own
//!     }
//! }
//! ```

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli;

/// Runs the command in the arguments of `cargo xtask pipe`, and returns the exit status.
///
/// `ci` stands for `sync --check` and then `run-all`, with the options of the latter.
pub fn pipe(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut words = words.into_iter().peekable();
    if words.next_if(|word| word == "ci").is_some() { cli::ci(words) } else { cli::task(words) }
}

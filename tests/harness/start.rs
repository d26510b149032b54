//! Starts programs for tests, independent of what the test process has inherited.
//!
//! A shell starts a background job with INT ignored, an editor or a git hook sets `GIT_*`, a CI
//! system sets `CI`, and a login decides about the umask and the locale. None of that may change the
//! result of a test, so every program is started through [`command`].

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use rustix::fs::Mode;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

#[path = "variables.rs"]
mod variables;

/// A program that reads nothing, has default signal handling and the umask 022, and whose
/// environment has no variable that would change a result.
#[expect(clippy::disallowed_methods, reason = "this is the door of the tests")]
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(prepare_process);
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if variables::is_removed(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command.envs(variables::FIXED);
    command
}

/// Sets what children inherit from the process itself.
fn prepare_process() {
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let ignored = ignored_signals();
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        // A child inherits that a signal is ignored, but a signal with a handler gets its default
        // action back. The handler does what happened before: nothing, or the default action.
        let is_ignored = ignored & (1 << (signal - 1)) != 0;
        let acts = Arc::new(AtomicBool::new(!is_ignored));
        signal_hook::flag::register_conditional_default(signal, acts).unwrap();
    }
}

/// The signals that this process ignores, as bits. Empty where the system does not report them.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

//! Signals that end a run of the tests.
//!
//! Each test has a process group of its own, so a Ctrl-C on the terminal reaches only this process.
//! It notes the signal, and the runner then ends the tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::failure::{Failure, Result};

/// Whether the run was interrupted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    /// Listens to the signals that end a program.
    ///
    /// A child inherits that a signal is ignored, as it is in a background job of a shell, but a
    /// signal with a handler gets its default action back. So there is a handler for an ignored
    /// signal, too, which does nothing.
    ///
    /// # Errors
    ///
    /// When the system refuses a handler.
    pub(crate) fn listen() -> Result<Interrupted> {
        let interrupted = Interrupted::default();
        let ignored = ignored_signals();
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let is_ignored = ignored & (1 << (signal - 1)) != 0;
            let flag = if is_ignored { Arc::default() } else { Arc::clone(&interrupted.0) };
            signal_hook::flag::register(signal, flag)
                .map_err(|error| Failure::new(format!("cannot listen to signals: {error}")))?;
        }
        Ok(interrupted)
    }

    /// Does what a signal does.
    pub(crate) fn interrupt(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether there was a signal.
    pub(crate) fn happened(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The signals that this process ignores, as bits. Empty where the system does not report them.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

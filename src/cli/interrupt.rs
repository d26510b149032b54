//! Signals that interrupt a run.
//!
//! A thread turns INT, TERM and HUP into [`Cancel::interrupt`]. The run then stops its containers and
//! returns. A second signal has no further effect.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crate::process::Cancel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// A listener for signals, until it is dropped.
pub(crate) struct Interrupts {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
    happened: Arc<AtomicBool>,
}

impl Interrupts {
    /// Starts the listener, which interrupts a run.
    pub(crate) fn listen(cancel: Cancel) -> io::Result<Self> {
        let ignored = ignored_signals();
        let wanted = [SIGINT, SIGTERM, SIGHUP]
            .into_iter()
            .filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let mut signals = Signals::new(wanted)?;
        let handle = signals.handle();
        let happened = Arc::new(AtomicBool::new(false));
        let noticed = Arc::clone(&happened);
        let listen = move || {
            for _ in signals.forever() {
                noticed.store(true, Ordering::Release);
                cancel.interrupt();
            }
        };
        let thread = thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
        Ok(Interrupts { handle, thread: Some(thread), happened })
    }

    /// Whether there was a signal.
    pub(crate) fn happened(&self) -> bool {
        self.happened.load(Ordering::Acquire)
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was already printed.
            drop(thread.join());
        }
    }
}

/// The mask of signals that were ignored when the process started, as with `nohup`. Zero if the system
/// does not tell.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

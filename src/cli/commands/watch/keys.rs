//! The keys that `watch` understands, read from the terminal on standard input.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use signal_hook::consts::SIGTSTP;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level;

use super::lookout::{Lookout, Notice, TypedKey};
use crate::process::TerminalState;

/// A terminal whose keys are read, until this is dropped. Its settings are restored then, and while the
/// process is stopped with Ctrl-Z.
pub(super) struct Keys {
    state: Arc<TerminalState>,
    stops: Option<Handle>,
}

impl Keys {
    /// Reads keys and sends them to the lookout, if standard input is a terminal that belongs to this
    /// process.
    pub(super) fn listen(lookout: &Lookout) -> Option<Self> {
        let state = Arc::new(TerminalState::save());
        if !state.read_keys() {
            return None;
        }
        let sender = lookout.sender();
        // It ends with the process: no other thread can end its wait for a key.
        if thread::Builder::new().spawn(move || read_keys(&sender)).is_err() {
            state.restore();
            return None;
        }
        // Without this, a stopped process leaves a terminal that shows no input.
        let stops = restore_while_stopped(&state).ok();
        Some(Keys { state, stops })
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(stops) = &self.stops {
            stops.close();
        }
        self.state.restore();
    }
}

/// Sends each key until nothing can be read.
fn read_keys(sender: &SyncSender<Notice>) {
    let mut typed = [0];
    while io::stdin().read_exact(&mut typed).is_ok() {
        let key = match typed[0] {
            b'r' => TypedKey::Again,
            b'f' => TypedKey::Fix,
            b'q' => TypedKey::Leave,
            _ => continue,
        };
        if sender.send(Notice::Key(key)).is_err() {
            return;
        }
    }
}

/// Restores the terminal before Ctrl-Z stops the process, and reads keys again when it continues.
fn restore_while_stopped(state: &Arc<TerminalState>) -> io::Result<Handle> {
    let mut signals = Signals::new([SIGTSTP])?;
    let handle = signals.handle();
    let state = Arc::clone(state);
    thread::Builder::new().name("stops".to_owned()).spawn(move || {
        for signal in signals.forever() {
            state.restore();
            // Returns when the process continues.
            let _ = low_level::emulate_default_handler(signal);
            let _ = state.read_keys();
        }
    })?;
    Ok(handle)
}

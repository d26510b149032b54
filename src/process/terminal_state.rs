//! The settings of the terminal on standard input, which are restored in the end.

use std::io;

use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};

use super::running;

/// The settings of the terminal on standard input, restored when dropped, and when this process ends at
/// once.
#[derive(Debug)]
pub struct TerminalState(Option<Termios>);

impl TerminalState {
    /// Saves the settings, if standard input is a terminal.
    #[must_use]
    pub fn save() -> Self {
        let settings = tcgetattr(io::stdin()).ok();
        running::set_terminal(settings.clone());
        TerminalState(settings)
    }

    /// Makes each key readable as soon as it is typed, without showing it. Ctrl-C and Ctrl-Z stay signals.
    /// Returns whether the terminal does so: it belongs to this process, and not to another job of the
    /// shell.
    #[must_use]
    pub fn read_keys(&self) -> bool {
        let Some(mut settings) = self.0.clone() else { return false };
        // A process in the background would be stopped.
        if tcgetpgrp(io::stdin()) != Ok(getpgrp()) {
            return false;
        }
        settings.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        settings.special_codes[SpecialCodeIndex::VMIN] = 1;
        settings.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &settings).is_ok()
    }

    /// Restores the settings, unless nothing has changed them.
    pub fn restore(&self) {
        let (Some(before), Ok(now)) = (&self.0, tcgetattr(io::stdin())) else {
            return;
        };
        // Setting them unnecessarily would stop a process in the background.
        if (now.local_modes, now.input_modes) != (before.local_modes, before.input_modes) {
            // The terminal may be gone, and nothing can be done about that.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

impl Drop for TerminalState {
    fn drop(&mut self) {
        running::set_terminal(None);
        self.restore();
    }
}

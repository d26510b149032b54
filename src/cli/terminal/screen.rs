//! A screen that shows one run after another.

use std::io;

use super::{Stream, Term, write};

/// Moves to the first column of the first line, and erases what is on the screen.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

impl Term {
    /// Whether both streams are a terminal.
    pub(crate) fn is_screen(&self) -> bool {
        Stream::Out.is_terminal() && Stream::Error.is_terminal()
    }

    /// Begins another run: its warnings are shown again, on an empty screen if `clears`.
    pub(crate) fn begin_again(&mut self, clears: bool) {
        self.shown.clear();
        if clears {
            let written = write(&mut io::stdout().lock(), CLEAR);
            self.remember(written);
        }
    }
}

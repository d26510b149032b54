//! Shows a run while it goes.
//!
//! Owns what is told of each event, and that a warning is told once. It must not know how a run
//! works: it observes. On a terminal the [`Board`] shows where every check is; elsewhere each event
//! that matters is one line.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};

use cargo_pipe::event::{Event, Observer};
use cargo_pipe::report::harmless;
use cargo_pipe::report::human::style::{self, paint};

use super::board::Board;
use super::{lines, say};
use crate::settings::Verbosity;

/// Whoever shows a run.
pub(crate) struct Watcher {
    verbosity: Verbosity,
    board: Option<Board>,
    told: BTreeSet<String>,
}

impl Watcher {
    pub(super) fn new(verbosity: Verbosity) -> Self {
        let board = (verbosity == Verbosity::Normal).then(Board::on_terminal).flatten();
        Watcher { verbosity, board, told: BTreeSet::new() }
    }

    /// Leaves the terminal as a report needs it, and gives the warnings that were told.
    pub(super) fn finish(self) -> BTreeSet<String> {
        if let Some(board) = &self.board {
            // Where the report goes elsewhere, the board is all that is left on the terminal.
            if io::stdout().is_terminal() {
                board.clear();
            } else {
                board.leave();
            }
        }
        self.told
    }

    fn tell(&self, line: &str) {
        match &self.board {
            Some(board) => board.above(line),
            None => say(line),
        }
    }
}

impl Observer for Watcher {
    fn observe(&mut self, event: &Event<'_>) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        if let Event::Warning { message } = event {
            if self.told.insert((*message).to_owned()) {
                let label = paint(style::WARNING, "warning:");
                self.tell(&format!("{label} {}\n", harmless::text(message)));
            }
            return;
        }
        if let (Event::Lending, Some(board)) = (event, &self.board) {
            // From here on the terminal is somebody else's.
            board.clear();
            self.board = None;
        }
        match &mut self.board {
            Some(board) => board.update(event),
            None => self.tell(&lines::of(event, self.verbosity)),
        }
    }
}

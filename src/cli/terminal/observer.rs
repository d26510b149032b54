//! The observer that shows the progress of a run.
//!
//! On a terminal the [`Board`] shows every check; otherwise each important event is a line. A warning is
//! shown only once.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};

use crate::event::{Event, Observer};
use crate::report::human::fold::labelled;
use crate::report::human::style::{self, paint};
use crate::report::jsonl;

use super::board::Board;
use super::{lines, say};
use crate::cli::settings::Verbosity;
use crate::program::Program;

/// The explanation of a run that starts with builds.
const FIRST_BUILD: &str = "\
first the environments are built, one for each tool, from the project's locks
that takes as long as pip does, and happens once: a later run builds only what
changed in a lock, the Dockerfile or the base image
they contain none of your code: a check gets a read-only copy of it
Ctrl-C stops everything that was started; `-v` shows every command
";

/// The observer of a run.
pub(crate) struct TermObserver {
    program: Program,
    verbosity: Verbosity,
    board: Option<Board>,
    shown: BTreeSet<String>,
    builds: Builds,
    events: Option<io::Result<()>>,
}

/// Whether the run has built anything yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Builds {
    NoneYet,
    Explained,
}

impl TermObserver {
    pub(super) fn new(program: Program, verbosity: Verbosity) -> Self {
        let is_wanted = verbosity == Verbosity::Normal;
        let board = is_wanted.then(|| Board::on_terminal(program)).flatten();
        let (shown, builds) = (BTreeSet::new(), Builds::NoneYet);
        TermObserver { program, verbosity, board, shown, builds, events: None }
    }

    /// Also writes events to standard output, one a line.
    pub(crate) fn with_events(mut self) -> Self {
        // Lines and a board cannot share a terminal.
        self.board = None;
        self.events = Some(Ok(()));
        self
    }

    /// Prepares the terminal for the report. Returns the warnings that were shown, and whether all writes
    /// succeeded.
    pub(super) fn finish(self) -> (BTreeSet<String>, io::Result<()>) {
        if let Some(board) = &self.board {
            // If the report goes elsewhere, the board stays on the terminal.
            if io::stdout().is_terminal() {
                board.clear();
            } else {
                board.leave();
            }
        }
        (self.shown, self.events.unwrap_or(Ok(())))
    }

    fn tell(&self, line: &str) {
        let line = self.program.spell(line);
        match &self.board {
            Some(board) => board.above(&line),
            None => say(&line),
        }
    }
}

impl Observer for TermObserver {
    fn observe(&mut self, event: &Event<'_>) {
        if let Some(written @ Ok(())) = &mut self.events
            && let Some(line) = jsonl::of_event(event)
        {
            *written = super::write(&mut io::stdout().lock(), &line);
        }
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        if let Event::Warning { message } = event {
            if self.shown.insert((*message).to_owned()) {
                let width = super::width_of_stderr();
                self.tell(&labelled((style::WARNING, "warning:"), message, width));
            }
            return;
        }
        if matches!(event, Event::BuildStarted { .. }) && self.builds == Builds::NoneYet {
            self.builds = Builds::Explained;
            self.tell(&(paint(style::DIM, FIRST_BUILD.trim_end()) + "\n"));
        }
        if let (Event::Lending, Some(board)) = (event, &self.board) {
            // From here on, the shell owns the terminal.
            board.clear();
            self.board = None;
        }
        match &mut self.board {
            Some(board) => board.update(event),
            None => self.tell(&lines::of(event, self.verbosity)),
        }
    }
}

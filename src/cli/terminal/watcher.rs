//! Shows a run while it goes.
//!
//! Owns what is shown of each event, and that a warning is shown once. It must not know how a run
//! works: it observes. On a terminal the [`Board`] shows where every check is; elsewhere each event
//! that matters is one line.

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

/// What a person wonders when a run begins with builds.
const FIRST_BUILD: &str = "\
first the environments are made, one for each tool, from the project's locks
that takes as long as pip does, and happens once: a later run builds only what
changed in a lock, the Dockerfile or the base image
nothing of your code goes into them; a check gets a copy of it, read-only
Ctrl-C stops everything that was started; `-v` shows every command
";

/// Whoever shows a run.
pub(crate) struct Watcher {
    program: Program,
    verbosity: Verbosity,
    board: Option<Board>,
    shown: BTreeSet<String>,
    builds: Builds,
    events: Option<io::Result<()>>,
}

/// Whether the run has come to a build.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Builds {
    NoneYet,
    Explained,
}

impl Watcher {
    pub(super) fn new(program: Program, verbosity: Verbosity) -> Self {
        let is_wanted = verbosity == Verbosity::Normal;
        let board = is_wanted.then(|| Board::on_terminal(program)).flatten();
        let (shown, builds) = (BTreeSet::new(), Builds::NoneYet);
        Watcher { program, verbosity, board, shown, builds, events: None }
    }

    /// Writes events to standard output as well, a line each.
    pub(crate) fn with_events(mut self) -> Self {
        // Both on one terminal would be neither.
        self.board = None;
        self.events = Some(Ok(()));
        self
    }

    /// Leaves the terminal as a report needs it, and gives the warnings that were shown, and whether
    /// standard output took everything.
    pub(super) fn finish(self) -> (BTreeSet<String>, io::Result<()>) {
        if let Some(board) = &self.board {
            // Where the report goes elsewhere, the board is all that is left on the terminal.
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

impl Observer for Watcher {
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

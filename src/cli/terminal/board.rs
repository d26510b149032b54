//! The live progress of a run on a terminal: one line for each check.
//!
//! Events update it. After the run, the report replaces it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::environment::recipe::RUST;
use crate::event::Event;
use crate::plan::EnvironmentSpec;
use crate::report::elapsed::Elapsed;
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::{Verbosity, lines, say};
use crate::program::Program;

/// The interval at which the time of running checks is drawn.
const TICK: Duration = Duration::from_millis(100);

/// The longest name that is not shortened, so that a name and a state fit 40 columns.
const NAME: usize = 16;

/// One line per check.
pub(super) struct Board {
    program: Program,
    lines: MultiProgress,
    rows: BTreeMap<String, Row>,
}

/// The line of a check.
struct Row {
    bar: ProgressBar,
    environment: Option<String>,
    begun: bool,
}

impl Board {
    /// A board on standard error, if that is a terminal that can draw one.
    pub(super) fn on_terminal(program: Program) -> Option<Self> {
        let board = Board::on(ProgressDrawTarget::stderr(), program);
        (!board.lines.is_hidden()).then_some(board)
    }

    fn on(target: ProgressDrawTarget, program: Program) -> Self {
        Board { program, lines: MultiProgress::with_draw_target(target), rows: BTreeMap::new() }
    }

    /// Removes the board from the terminal.
    pub(super) fn clear(&self) {
        // A terminal that has gone cannot be cleaned.
        drop(self.lines.clear());
    }

    /// Leaves the board as it is.
    pub(super) fn leave(&self) {
        for row in self.rows.values().filter(|row| !row.bar.is_finished()) {
            row.bar.abandon();
        }
    }

    /// Writes above the board.
    pub(super) fn above(&self, text: &str) {
        self.lines.suspend(|| say(text));
    }

    /// Updates the board for an event.
    pub(super) fn update(&mut self, event: &Event<'_>) {
        match event {
            Event::Started(plan) => {
                let rows: Vec<(&str, Option<String>)> = plan
                    .steps
                    .iter()
                    .map(|step| match &step.environment {
                        EnvironmentSpec::Tool { lock: name, .. } | EnvironmentSpec::Image(name) => {
                            (step.id.as_str(), Some(step.environment.label(name)))
                        }
                        EnvironmentSpec::Rust { .. } => {
                            (step.id.as_str(), Some(step.environment.label(RUST)))
                        }
                        EnvironmentSpec::Base { .. } => (step.id.as_str(), None),
                    })
                    .collect();
                self.begin(&rows);
            }
            Event::Waiting { .. } => self.above(&lines::of(event, Verbosity::Normal)),
            Event::PullStarted { image } => self.wait(image, &format!("pulling {image}")),
            Event::PullFinished { image, .. } => self.built(image),
            Event::BuildStarted { environment } => self.building(environment, ""),
            Event::BuildProgress { environment, line } => self.building(environment, line),
            Event::BuildFinished { environment, .. } => self.built(environment),
            Event::FixStarted { check } => self.say(check.as_str(), "fixing"),
            Event::FixFinished { check, changed } => {
                self.say(check.as_str(), &lines::fixed(changed.len()));
            }
            Event::CheckStarted { check } => self.running(check.as_str()),
            Event::CheckFinished { outcome } => {
                self.ended(outcome.id.as_str(), &lines::ended(outcome));
            }
            _ => {}
        }
    }

    /// Adds the checks, and the environments that they wait for.
    fn begin(&mut self, checks: &[(&str, Option<String>)]) {
        let names = checks.iter().map(|(name, _)| name.chars().count());
        let width = names.max().unwrap_or_default().min(NAME);
        for (name, environment) in checks {
            let shortened: String = name.chars().take(NAME).collect();
            // Set before it is added, otherwise it would draw itself.
            let bar = self.lines.add(ProgressBar::no_length());
            bar.set_style(template("{prefix} {wide_msg}"));
            bar.set_prefix(shown(&paint(style::STRONG, format!("{shortened:width$}"))));
            bar.set_message("waiting");
            bar.tick();
            let row = Row { bar, environment: environment.clone(), begun: false };
            self.rows.insert((*name).to_owned(), row);
        }
    }

    /// Sets the message of a check that has not started.
    fn say(&self, check: &str, what: &str) {
        if let Some(row) = self.rows.get(check) {
            row.bar.set_message(shown(what));
        }
    }

    fn running(&mut self, check: &str) {
        if let Some(row) = self.rows.get_mut(check) {
            row.begun = true;
            row.bar.set_style(template("{prefix} running {took}"));
            row.bar.reset_elapsed();
            row.bar.tick();
            row.bar.enable_steady_tick(TICK);
        }
    }

    fn ended(&mut self, check: &str, how: &str) {
        if let Some(row) = self.rows.get_mut(check) {
            row.begun = true;
            row.bar.disable_steady_tick();
            row.bar.set_style(template("{prefix} {wide_msg}"));
            row.bar.abandon_with_message(shown(&self.program.spell(how)));
        }
    }

    /// Shows a build on the lines of the checks that wait for it.
    fn building(&self, environment: &str, line: &str) {
        let colon = if line.is_empty() { "" } else { ": " };
        self.wait(environment, &format!("building {environment}{colon}{line}"));
    }

    /// Sets the message of the checks that wait for an environment.
    fn wait(&self, environment: &str, what: &str) {
        let message = harmless::line(what).to_string();
        self.waiting_for(environment).for_each(|row| row.bar.set_message(message.clone()));
    }

    fn built(&self, environment: &str) {
        self.waiting_for(environment).for_each(|row| row.bar.set_message("waiting"));
    }

    /// The checks that wait for an environment. If there are none, it is the base, and all wait for it.
    fn waiting_for(&self, environment: &str) -> impl Iterator<Item = &Row> {
        let waits = move |row: &Row| row.environment.as_deref() == Some(environment);
        let known = self.rows.values().any(waits);
        self.rows.values().filter(move |row| !row.begun && (!known || waits(row)))
    }
}

/// The template of a line. `wide_msg` is cut at the terminal's width, so that no line wraps.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar()).with_key(
        "took",
        |state: &ProgressState, to: &mut dyn Write| {
            // Failing to draw progress must not fail the run.
            write!(to, "{}", Elapsed(state.elapsed())).unwrap_or_default();
        },
    )
}

/// Removes styles where the terminal does not support them, because indicatif does not.
fn shown(text: &str) -> String {
    match anstream::AutoStream::choice(&std::io::stderr()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    fn board(columns: u16) -> (Board, InMemoryTerm) {
        let terminal = InMemoryTerm::new(10, columns);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let mut board = Board::on(target, Program::Xtask);
        board.begin(&[
            ("lint", Some("pylint".to_owned())),
            ("format", Some("black".to_owned())),
            ("a-name-that-is-far-too-long-to-show", None),
        ]);
        (board, terminal)
    }

    fn lines(terminal: &InMemoryTerm) -> Vec<String> {
        terminal.contents().lines().map(|line| line.trim_end().to_owned()).collect()
    }

    #[test]
    fn each_check_has_one_line_that_never_wraps() {
        let (mut board, terminal) = board(40);
        board.building("pylint", "#7 [2/3] RUN pip install --require-hashes -r /requirements.txt");
        board.ended("format", "error: a reason that is longer than any terminal of forty columns");
        let lines = lines(&terminal);
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert_eq!(lines[0], "lint             building pylint: #7 [2/");
        assert!(lines[1].starts_with("format           error: a reason"));
        assert_eq!(lines[2], "a-name-that-is-f waiting");
    }

    #[test]
    fn a_reason_offers_what_can_be_typed_here() {
        let (mut board, terminal) = board(80);
        board.ended("lint", "error: `cargo pipe update lint` makes it");
        assert!(lines(&terminal)[0].ends_with("error: `cargo xtask pipe update lint` makes it"));
    }

    #[test]
    fn a_wide_terminal_shows_all_that_a_builder_says() {
        let (board, terminal) = board(200);
        let line = "#7 [2/3] RUN pip install --require-hashes -r /requirements.txt";
        board.building("pylint", line);
        let expected = format!("lint             building pylint: {line}");
        assert_eq!(lines(&terminal)[0], expected);
    }

    #[test]
    fn a_build_shows_on_the_checks_that_wait_for_it() {
        let (mut board, terminal) = board(80);
        board.running("format");
        board.building("pylint", "");
        board.building("black", "late");
        let during = lines(&terminal);
        assert!(during[0].ends_with("building pylint"), "{during:#?}");
        assert!(during[1].contains("running "), "{during:#?}");
        board.built("pylint");
        assert!(lines(&terminal)[0].ends_with("waiting"));
    }

    #[test]
    fn a_builder_cannot_steer_the_terminal() {
        let (board, terminal) = board(80);
        board.building("pylint", "\u{1b}[2J\rgone\n");
        assert!(lines(&terminal)[0].ends_with("building pylint: ␛[2J gone"));
    }

    #[test]
    fn a_board_leaves_nothing_when_it_is_cleared() {
        let (mut board, terminal) = board(80);
        board.running("lint");
        board.clear();
        assert_eq!(terminal.contents(), "");
    }
}

//! Verdicts of tries, and the table that counts them.

use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::process::plural;

/// The head of the table.
pub(super) const HEAD: &str = "part          tries   held   lost   left  escapes    time";

/// The faults of one try, each described in a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    pub(super) lost: Vec<String>,
    pub(super) left: Vec<String>,
    pub(super) escapes: Vec<String>,
}

impl Faults {
    /// Whether the program stood the try.
    pub(super) fn is_held(&self) -> bool {
        self.lost.is_empty() && self.left.is_empty() && self.escapes.is_empty()
    }
}

/// The tries of a part, each counted once under its worst fault.
#[derive(Clone, Debug, Default)]
pub(super) struct Score {
    /// How many tries there would be without a time limit.
    planned: usize,
    tries: usize,
    held: usize,
    lost: usize,
    left: usize,
    escapes: usize,
    pub(super) took: Duration,
}

impl Score {
    /// No try yet of so many.
    pub(super) fn of_planned(planned: usize) -> Score {
        Score { planned, ..Score::default() }
    }

    /// Counts a try, and returns its lines.
    pub(super) fn count(&mut self, faults: &Faults) -> Vec<String> {
        self.tries += 1;
        if !faults.escapes.is_empty() {
            self.escapes += 1;
        } else if !faults.lost.is_empty() {
            self.lost += 1;
        } else if !faults.left.is_empty() {
            self.left += 1;
        } else {
            self.held += 1;
        }
        let kinds = [("escape", &faults.escapes), ("lost", &faults.lost), ("left", &faults.left)];
        let lines = kinds.iter().flat_map(|(kind, faults)| {
            faults.iter().map(move |fault| format!("{kind}: {}", fault.trim()))
        });
        lines.collect()
    }

    /// Renders a row of the table; a dagger marks a part that its time limit cut.
    pub(super) fn render(&self, name: &str) -> String {
        let cut = if self.tries < self.planned { "†" } else { " " };
        format!(
            "{name:13} {:5}{cut} {:5}  {:5}  {:5}  {:7}  {:4} s",
            self.tries,
            self.held,
            self.lost,
            self.left,
            self.escapes,
            self.took.as_secs()
        )
    }
}

/// The rows of the table.
#[derive(Debug, Default)]
pub(super) struct Scores(Vec<Score>);

impl Scores {
    /// Adds a row.
    pub(super) fn add(&mut self, score: Score) {
        self.0.push(score);
    }

    /// The last row.
    pub(super) fn total(&self) -> Score {
        self.0.iter().fold(Score::default(), |sum, score| Score {
            planned: sum.planned + score.planned,
            tries: sum.tries + score.tries,
            held: sum.held + score.held,
            lost: sum.lost + score.lost,
            left: sum.left + score.left,
            escapes: sum.escapes + score.escapes,
            took: sum.took + score.took,
        })
    }

    /// Fails unless every try is held.
    ///
    /// # Errors
    ///
    /// When one is not, or none was made.
    pub(super) fn judge(&self) -> Result<()> {
        let total = self.total();
        match total.tries - total.held {
            0 if total.tries == 0 => Err(Failure::new("no try was made")),
            0 => Ok(()),
            faults => Err(Failure::new(format!(
                "{} not held: {} lost, {} left, {} escaped",
                plural(faults as u64, "try is").replace("try iss", "tries are"),
                total.lost,
                total.left,
                total.escapes
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_is_counted_once_under_its_worst_fault() {
        let mut score = Score { planned: 3, ..Score::default() };
        let both = Faults {
            lost: vec!["a panic".to_owned()],
            escapes: vec!["a file".to_owned()],
            ..Faults::default()
        };
        assert_eq!(score.count(&both), ["escape: a file", "lost: a panic"]);
        assert!(score.count(&Faults::default()).is_empty());
        let row = score.render("git");
        assert_eq!(row, "git               2†     1      0      0        1     0 s");
        assert_eq!(row.chars().count(), HEAD.chars().count());
    }

    #[test]
    fn only_tries_that_all_held_pass() {
        let mut scores = Scores::default();
        assert!(scores.judge().is_err());
        let mut score = Score::default();
        score.count(&Faults::default());
        scores.add(score.clone());
        assert!(scores.judge().is_ok());
        score.count(&Faults { left: vec!["a folder".to_owned()], ..Faults::default() });
        scores.add(score);
        let failure = scores.judge().unwrap_err().to_string();
        assert_eq!(failure, "1 try is not held: 0 lost, 1 left, 0 escaped");
    }
}

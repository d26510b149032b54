//! `watch`: runs checks again whenever a file changes that decides what they report.
//!
//! Each round is a run like that of `run-all`. [`Lookout`] notices changes, keys and signals, also during
//! a round, and decides what comes next.

mod cause;
mod folders;
mod keys;
mod lookout;

use std::thread;

use crate::outcome::Verdict;
use crate::plan::{Effect, Fixing, Request};
use crate::process::Cancel;
use crate::report::count::Count;
use crate::report::human;

use super::{reports, run};
use crate::cli::args::MessageFormat;
use crate::cli::exit::Failure;
use crate::cli::settings::{CheckRun, ProjectLocation, WatchCommand};
use crate::cli::terminal::Term;
use cause::Cause;
use keys::Keys;
use lookout::{Lookout, Next, Round};

/// The number of earlier rounds that a terminal shows.
const EARLIER: usize = 5;

/// Runs checks until the user leaves.
pub(super) fn watch(
    place: ProjectLocation,
    wanted: WatchCommand,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let WatchCommand { run, polling } = wanted;
    reports::validate(&run.output.reports, run.output.format)?;
    let place = place.accepting("--baseline", run.baseline.clone());
    let is_page = matches!(run.output.format, MessageFormat::Human | MessageFormat::Short)
        && term.is_screen()
        && place.environment.get("TERM") != Some("dumb");
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut lookout = Lookout::new(place, run.request.clone(), polling, cancel.clone())
        .map_err(|source| Failure::System { what: "cannot watch files".to_owned(), source })?;
    let keys = Keys::listen(&lookout);
    let earlier = Vec::new();
    let mut rounds = Rounds { run, is_page, reads_keys: keys.is_some(), cancel, earlier, term };
    let ended = rounds.repeat(&mut lookout);
    drop(keys);
    drop(interrupts);
    ended
}

/// The rounds of one `watch`.
struct Rounds<'t> {
    run: CheckRun,
    /// Whether each round begins on an empty screen.
    is_page: bool,
    reads_keys: bool,
    cancel: Cancel,
    /// The verdicts of earlier rounds, the newest first.
    earlier: Vec<String>,
    term: &'t mut Term,
}

impl Rounds<'_> {
    /// Runs one round after another.
    fn repeat(&mut self, lookout: &mut Lookout) -> Result<Verdict, Failure> {
        // Before there is a first round, an error ends the command, as it ends every other one.
        let mut next = lookout.begin()?;
        loop {
            next = match next {
                Next::Round(round) => self.show_round(*round, lookout),
                Next::Leave(verdict) => return Ok(verdict),
            };
        }
    }

    /// Runs one round, shows it, and waits for what comes next.
    fn show_round(&mut self, round: Round, lookout: &mut Lookout) -> Next {
        self.term.begin_again(self.is_page);
        self.term.note(&format!("checking {}\n", round.cause));
        match self.run_round(round, lookout) {
            Ok(None) => {}
            Ok(Some(next)) => {
                if let Next::Round(round) = &next
                    && matches!(round.cause, Cause::Changed(_))
                {
                    self.term.note("stopped, because files changed\n");
                }
                return next;
            }
            Err(failure) => self.term.failure(&failure),
        }
        self.show_waiting(lookout);
        lookout.wait()
    }

    /// Runs one round and shows it, unless something else comes next before its end.
    fn run_round(&mut self, round: Round, lookout: &mut Lookout) -> Result<Option<Next>, Failure> {
        let Round { cause, ready } = round;
        let (pipeline, mut plan) = ready?;
        if cause == Cause::Fix {
            let request = Request { fixing: Fixing::Write, ..self.run.request.clone() };
            plan = pipeline.plan(&request)?;
        }
        if let Some(since) = &self.run.affected {
            let mut observer = self.term.observer();
            let narrowed = pipeline.narrow(&mut plan, since, &self.cancel, &mut observer);
            self.term.observed(observer);
            narrowed?;
        }
        for note in &plan.notes {
            self.term.note(&format!("note: {note}\n"));
        }
        // A fixer must not be stopped by its own changes.
        let is_fixing = plan.fixes.as_ref().is_some_and(|fixes| fixes.effect == Effect::Write);
        let cancel = self.cancel.part();
        let mut next = None;
        let (report, recorded) = run::execute(&self.run.output, self.term, |observer| {
            thread::scope(|scope| {
                let end = lookout.begin_round();
                // Without such a thread, changes are noticed after the round.
                let watching = thread::Builder::new().spawn_scoped(scope, || {
                    next = lookout.watch_round(is_fixing);
                    if next.is_some() {
                        cancel.interrupt();
                    }
                });
                let report = pipeline.run(&plan, &cancel, observer);
                drop(end);
                if let Ok(watching) = watching {
                    watching.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                }
                report
            })
        })?;
        lookout.learn_fixes(&report);
        if next.is_some() {
            return Ok(next);
        }
        run::conclude(&pipeline, &self.run, &report, recorded, self.term)?;
        if self.is_page {
            self.show_earlier();
            let verdict = human::verdict(&report, None);
            self.earlier.insert(0, format!("{}, {cause}\n", verdict.trim_end()));
            self.earlier.truncate(EARLIER);
        }
        Ok(None)
    }

    /// Shows the verdicts of earlier rounds, the newest first.
    fn show_earlier(&mut self) {
        if !self.earlier.is_empty() {
            self.term.note(&format!("\nbefore:\n{}", self.earlier.concat()));
        }
    }

    /// Shows that the checks are done, and what can be typed.
    fn show_waiting(&mut self, lookout: &Lookout) {
        let folders = match lookout.folders() {
            Ok(number) => format!(" in {}", Count(number, "folder")),
            Err(reason) => {
                self.term.note(&format!("\nlooking at all files every second, because {reason}\n"));
                String::new()
            }
        };
        let keys = match self.reads_keys {
            true => "; r: run again, f: fix, q: leave",
            false => "",
        };
        self.term.note(&format!("\nwaiting for changes{folders}{keys}\n"));
    }
}

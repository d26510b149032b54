//! Progress of a run as lines, for a stream that is not a terminal.

use crate::event::Event;
use crate::outcome::{CacheUse, CheckOutcome, Status};
use crate::report::count::Count;
use crate::report::elapsed::Elapsed;
use crate::report::harmless;
use crate::report::human::style::{self, paint};

use crate::cli::settings::Verbosity;

/// Renders the line of an event; empty for unimportant events.
pub(super) fn of(event: &Event<'_>, verbosity: Verbosity) -> String {
    let verbose = verbosity == Verbosity::Verbose;
    let line = match event {
        Event::Spawned { command } if verbose => {
            paint(style::DIM, format!("$ {}", harmless::line(command)))
        }
        Event::Waiting { reason } => format!("waiting: {} …", harmless::line(reason)),
        Event::PullStarted { image } => format!("pulling {} …", harmless::line(image)),
        Event::PullFinished { image, duration } => {
            format!("pulled {} in {}", harmless::line(image), Elapsed(*duration))
        }
        Event::BuildStarted { environment } => {
            format!("building {} …", harmless::line(environment))
        }
        Event::BuildProgress { environment, line } if verbose => {
            format!("{}: {}", harmless::line(environment), harmless::line(line))
        }
        Event::BuildFinished { environment, duration } => {
            let environment = harmless::line(environment);
            format!("built {environment} in {}", Elapsed(*duration))
        }
        Event::FixFinished { check, changed } if !changed.is_empty() => {
            let name = paint(style::STRONG, check);
            format!("{name}: {}", fixed(changed.len()))
        }
        Event::CheckFinished { outcome } => {
            let name = paint(style::STRONG, &outcome.id);
            format!("{name}: {}", ended(outcome))
        }
        _ => return String::new(),
    };
    line + "\n"
}

/// The result of a fixer on its working copy. The files are not written yet.
pub(super) fn fixed(files: usize) -> String {
    format!("{} to change", Count(files, "file"))
}

/// The result of a check: `3 findings in 0.8s`.
pub(super) fn ended(check: &CheckOutcome) -> String {
    let style = style::of_status(check.status);
    let took = || match check.cache {
        CacheUse::Hit => "from the cache".to_owned(),
        _ => format!("in {}", Elapsed(check.duration)),
    };
    let gating = check.findings.iter().filter(|finding| finding.gating).count();
    match check.status {
        Status::Passed => format!("{} {}", paint(style, "passed"), took()),
        // A command of the project has no findings to count.
        Status::Findings if gating == 0 => format!("{} {}", paint(style, "findings"), took()),
        Status::Findings => {
            format!("{} {}", paint(style, Count(gating, "finding")), took())
        }
        Status::TimedOut => format!("{} {}", paint(style, "timed out"), took()),
        Status::Error => because(paint(style, "error"), check),
        Status::Cancelled => because(paint(style, "cancelled"), check),
        _ => because(paint(style, "skipped"), check),
    }
}

/// A word and the first line of the reason.
fn because(word: String, check: &CheckOutcome) -> String {
    let reason = check.reason.as_ref().and_then(|reason| reason.message.lines().next());
    match reason {
        Some(reason) => format!("{word}: {}", harmless::line(reason)),
        None => word,
    }
}

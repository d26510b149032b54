//! The time line of a page: a row for each phase and check of the run, with a bar where it ran.
//!
//! Places on the time line are percentages of the run's duration.

use std::time::Duration;

use serde::Serialize;

use crate::outcome::{CacheUse, CheckOutcome, Status};
use crate::report::elapsed::Elapsed;
use crate::report::json::Counts;
use crate::report::phase::{Phase, PhaseKind};
use crate::report::{Report, harmless, human};

/// The distances of two marks, in milliseconds.
const STEPS: &[u64] = &[
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000,
    120_000, 300_000, 600_000, 1_200_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000,
];

/// The largest number of marks.
const MARKS: u64 = 5;

/// The smallest width of a bar, in percent.
const NARROWEST: f64 = 0.4;

/// A time line.
#[derive(Debug, Serialize)]
pub(super) struct ShownTimeline {
    marks: Vec<Mark>,
    rows: Vec<Row>,
}

/// A time on the time line.
#[derive(Debug, Serialize)]
struct Mark {
    at: String,
    label: String,
}

/// A phase or a check.
#[derive(Debug, Serialize)]
struct Row {
    /// `check`, or the kind of the phase.
    kind: &'static str,
    name: String,
    outcome: Option<Outcome>,
    findings: String,
    time: String,
    cache: &'static str,
    bar: Option<Bar>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    class: Status,
    name: &'static str,
}

#[derive(Debug, Serialize)]
struct Bar {
    at: String,
    width: String,
}

impl ShownTimeline {
    /// The time line of a run.
    pub(super) fn of(report: &Report) -> ShownTimeline {
        let mut rows = Vec::new();
        for phase in &report.phases {
            rows.push(phase_row(phase, report.duration));
        }
        for check in &report.checks {
            rows.push(check_row(check, report.duration));
        }
        let has_bars = rows.iter().any(|row| row.bar.is_some());
        let marks = if has_bars { marks(report.duration) } else { Vec::new() };
        ShownTimeline { marks, rows }
    }
}

fn phase_row(phase: &Phase, whole: Duration) -> Row {
    let kind = match phase.kind {
        PhaseKind::Pull => "pull of",
        PhaseKind::Build => "build of",
        PhaseKind::Fix => "fixer of",
    };
    Row {
        kind: phase.kind.name(),
        name: format!("{kind} {}", harmless::line(&phase.name)),
        outcome: None,
        findings: String::new(),
        time: Elapsed(phase.duration).to_string(),
        cache: "",
        bar: bar(phase.started, phase.duration, whole),
    }
}

fn check_row(check: &CheckOutcome, whole: Duration) -> Row {
    Row {
        kind: "check",
        name: check.id.to_string(),
        outcome: Some(Outcome { class: check.status, name: human::status_name(check.status) }),
        findings: count(check),
        time: if check.duration.is_zero() {
            String::new()
        } else {
            Elapsed(check.duration).to_string()
        },
        cache: match check.cache {
            CacheUse::Hit => "hit",
            CacheUse::Miss => "miss",
            CacheUse::Off => "off",
        },
        bar: check.started.and_then(|started| bar(started, check.duration, whole)),
    }
}

/// The numbers of findings by severity, without zeros.
fn count(check: &CheckOutcome) -> String {
    let Counts { error, warning, info } = Counts::of(&check.findings);
    let mut parts = Vec::new();
    for (number, name) in [(error, "error"), (warning, "warning"), (info, "info")] {
        let plural = if number == 1 || name == "info" { "" } else { "s" };
        if number > 0 {
            parts.push(format!("{} {name}{plural}", group_digits(number)));
        }
    }
    parts.join(", ")
}

/// A number with a comma between thousands.
pub(super) fn group_digits(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bar(started: Duration, duration: Duration, whole: Duration) -> Option<Bar> {
    if whole.is_zero() {
        return None;
    }
    let percent = |time: Duration| (time.as_secs_f64() / whole.as_secs_f64() * 100.0).min(100.0);
    let width = percent(duration).max(NARROWEST);
    let at = percent(started).min(100.0 - width).max(0.0);
    Some(Bar { at: format!("{at:.2}"), width: format!("{width:.2}") })
}

/// The marks of a run: whole steps, as few as can be read.
fn marks(whole: Duration) -> Vec<Mark> {
    let whole = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX).max(1);
    let fits = |step: &&u64| whole / **step <= MARKS;
    let step = *STEPS.iter().find(fits).unwrap_or(&whole);
    let mut marks = Vec::new();
    let mut time = 0;
    // The label of a mark at the end would not fit.
    while time <= whole / 20 * 19 {
        #[expect(clippy::cast_precision_loss, reason = "a place on a screen needs few digits")]
        let at = time as f64 / whole as f64 * 100.0;
        let label = Elapsed(Duration::from_millis(time)).to_string();
        marks.push(Mark { at: format!("{at:.2}"), label });
        time += step;
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_few_and_in_whole_steps() {
        for whole in [1, 7, 940, 9_400, 61_000, 3_600_000, 100_000_000] {
            let marks = marks(Duration::from_millis(whole));
            assert!((1..=6).contains(&marks.len()), "{whole}: {marks:?}");
        }
        let labels: Vec<String> =
            marks(Duration::from_millis(9_400)).into_iter().map(|mark| mark.label).collect();
        assert_eq!(labels, ["0ms", "2.0s", "4.0s", "6.0s", "8.0s"]);
    }

    #[test]
    fn a_bar_stays_on_the_time_line() {
        let seconds = Duration::from_secs;
        let late = bar(seconds(10), seconds(5), seconds(10)).unwrap();
        assert_eq!((late.at.as_str(), late.width.as_str()), ("50.00", "50.00"));
        let short = bar(seconds(10), Duration::ZERO, seconds(10)).unwrap();
        assert_eq!((short.at.as_str(), short.width.as_str()), ("99.60", "0.40"));
        assert!(bar(seconds(1), seconds(1), Duration::ZERO).is_none());
    }

    #[test]
    fn thousands_are_grouped() {
        let texts = [0, 999, 1_000, 14_216, 1_234_567].map(group_digits);
        assert_eq!(texts, ["0", "999", "1,000", "14,216", "1,234,567"]);
    }
}

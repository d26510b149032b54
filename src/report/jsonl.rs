//! Events as lines of JSON: `cargo-pipe/events/1`.
//!
//! Each event is an object on a line of its own, written when it happens; the last line contains the
//! whole report. The findings in an event are not filtered by the gate; those in the report are.

use serde::Serialize;

use super::Report;
use super::json::{self, JsonCheck, JsonReport};
use crate::event::Event;

/// The name of this version of the format.
pub const SCHEMA: &str = "cargo-pipe/events/1";

/// A line of the format.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'a> {
    Started { schema: &'static str, version: &'static str, checks: Vec<&'a str> },
    PullStarted { image: &'a str },
    PullFinished { image: &'a str },
    BuildStarted { environment: &'a str },
    BuildFinished { environment: &'a str },
    FixStarted { check: &'a str },
    FixFinished { check: &'a str, changed: &'a [String] },
    CheckStarted { check: &'a str },
    CheckFinished { check: Box<JsonCheck> },
    Warning { message: &'a str },
    Finished { report: Box<JsonReport> },
}

/// Renders the line of an event; none for events that programs do not need.
#[must_use]
pub fn of_event(event: &Event<'_>) -> Option<String> {
    let line = match event {
        Event::Started(plan) => Line::Started {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            checks: plan.steps.iter().map(|step| step.id.as_str()).collect(),
        },
        Event::PullStarted { image } => Line::PullStarted { image },
        Event::PullFinished { image, .. } => Line::PullFinished { image },
        Event::BuildStarted { environment } => Line::BuildStarted { environment },
        Event::BuildFinished { environment, .. } => Line::BuildFinished { environment },
        Event::FixStarted { check } => Line::FixStarted { check: check.as_str() },
        Event::FixFinished { check, changed } => {
            Line::FixFinished { check: check.as_str(), changed }
        }
        Event::CheckStarted { check } => Line::CheckStarted { check: check.as_str() },
        Event::CheckFinished { outcome } => {
            Line::CheckFinished { check: Box::new(JsonCheck::from(*outcome)) }
        }
        Event::Warning { message } => Line::Warning { message },
        _ => return None,
    };
    Some(json::compact(&line))
}

/// Renders the last line.
#[must_use]
pub fn of_report(report: &Report) -> String {
    json::compact(&Line::Finished { report: Box::new(JsonReport::from(report)) })
}

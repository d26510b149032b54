//! What a run tells whoever watches it.
//!
//! The library never prints: it emits events, one at a time and in order, to one [`Observer`].

use std::time::Duration;

use crate::check::CheckName;
use crate::outcome::CheckOutcome;
use crate::plan::Plan;

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The plan is made and its checks begin.
    Started(&'a Plan),
    /// A program was started; for a person who wants to see every command.
    Spawned {
        /// The command as it could be typed.
        command: &'a str,
    },
    /// An image that is not ours is being pulled.
    PullStarted {
        /// The image.
        image: &'a str,
    },
    /// An image was pulled.
    PullFinished {
        /// The image.
        image: &'a str,
        /// How long it took.
        duration: Duration,
    },
    /// An image is being built.
    BuildStarted {
        /// The environment's name, such as `pylint`.
        environment: &'a str,
    },
    /// A line of a build's progress.
    BuildProgress {
        /// The environment's name.
        environment: &'a str,
        /// What the builder said.
        line: &'a str,
    },
    /// An image was built.
    BuildFinished {
        /// The environment's name.
        environment: &'a str,
        /// How long it took.
        duration: Duration,
    },
    /// A fixer began, on a copy of the project.
    FixStarted {
        /// Its check.
        check: &'a CheckName,
    },
    /// A fixer ended.
    FixFinished {
        /// Its check.
        check: &'a CheckName,
        /// The files that it changed in the copy, relative to the project.
        changed: &'a [String],
    },
    /// A check began.
    CheckStarted {
        /// The check.
        check: &'a CheckName,
    },
    /// The terminal is about to be lent to a container.
    Lending,
    /// A check ended.
    CheckFinished {
        /// What became of it.
        outcome: &'a CheckOutcome,
    },
    /// Something a person should know, of no particular check.
    Warning {
        /// What.
        message: &'a str,
    },
}

/// Whoever watches a run.
pub trait Observer: Send {
    /// Takes one event. Called from one thread at a time.
    fn observe(&mut self, event: &Event<'_>);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Event<'_>) {}
}

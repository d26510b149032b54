//! The events of a run.
//!
//! The library never prints: it emits events, one at a time and in order, to one [`Observer`].

use std::time::Duration;

use crate::check::StepId;
use crate::outcome::CheckOutcome;
use crate::plan::Plan;

/// An event of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The plan is made and its checks begin.
    Started(&'a Plan),
    /// A program was started; for users who want to see every command.
    Spawned {
        /// The command line, quoted for a shell.
        command: &'a str,
    },
    /// The run waits for another process.
    Waiting {
        /// The work of the other process, such as `another hook of this project is running`.
        reason: &'a str,
    },
    /// An image is being pulled.
    PullStarted {
        /// The image.
        image: &'a str,
    },
    /// An image was pulled.
    PullFinished {
        /// The image.
        image: &'a str,
        /// The time that it took.
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
        /// The line.
        line: &'a str,
    },
    /// An image was built.
    BuildFinished {
        /// The environment's name.
        environment: &'a str,
        /// The time that it took.
        duration: Duration,
    },
    /// A fixer began to work on a private copy of the project.
    FixStarted {
        /// The step of its check.
        check: &'a StepId,
    },
    /// A fixer ended.
    FixFinished {
        /// The step of its check.
        check: &'a StepId,
        /// The files that it changed in the copy, relative to the project.
        changed: &'a [String],
    },
    /// A check began.
    CheckStarted {
        /// The step.
        check: &'a StepId,
    },
    /// The terminal is about to be attached to a container.
    Lending,
    /// A check ended.
    CheckFinished {
        /// Its outcome.
        outcome: &'a CheckOutcome,
    },
    /// A warning that belongs to no particular check.
    Warning {
        /// The warning.
        message: &'a str,
    },
}

/// Observes a run.
pub trait Observer: Send {
    /// Handles one event. Only one thread calls this at a time.
    fn observe(&mut self, event: &Event<'_>);
}

/// Ignores every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Event<'_>) {}
}

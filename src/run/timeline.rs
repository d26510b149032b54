//! Records when images are pulled, environments are built and fixers run.
//!
//! The events of a run say so; [`PhaseRecorder::watch`] listens to them on their way to the observer.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::event::Event;
use crate::process::Emitter;
use crate::report::phase::{Phase, PhaseKind};

/// The phases of a run that have ended, and the starts of fixers.
pub(super) struct PhaseRecorder {
    begun: Instant,
    recorded: Mutex<Recorded>,
}

#[derive(Default)]
struct Recorded {
    phases: Vec<Phase>,
    fixers: BTreeMap<String, Duration>,
}

impl PhaseRecorder {
    /// The timeline of a run that begins now.
    pub(super) fn start() -> PhaseRecorder {
        PhaseRecorder { begun: Instant::now(), recorded: Mutex::default() }
    }

    /// The time at which the run began.
    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// An emitter that records events and passes them on.
    pub(super) fn watch<'e>(&'e self, emitter: &'e Emitter<'e>) -> Emitter<'e> {
        Emitter::tap(emitter, |event| self.record(event))
    }

    /// The recorded phases, in the order of their ends, and the duration of the run until now.
    pub(super) fn end(self) -> (Vec<Phase>, Duration) {
        let recorded = self.recorded.into_inner().unwrap_or_else(PoisonError::into_inner);
        (recorded.phases, self.begun.elapsed())
    }

    fn record(&self, event: &Event<'_>) {
        let now = self.begun.elapsed();
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let (kind, name, started) = match event {
            Event::FixStarted { check } => {
                recorded.fixers.insert(check.to_string(), now);
                return;
            }
            Event::FixFinished { check, .. } => {
                let name = check.to_string();
                let started = recorded.fixers.remove(&name).unwrap_or(now);
                (PhaseKind::Fix, name, started)
            }
            Event::PullFinished { image, duration } => {
                (PhaseKind::Pull, (*image).to_owned(), now.saturating_sub(*duration))
            }
            Event::BuildFinished { environment, duration } => {
                (PhaseKind::Build, (*environment).to_owned(), now.saturating_sub(*duration))
            }
            _ => return,
        };
        recorded.phases.push(Phase { kind, name, started, duration: now.saturating_sub(started) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Silent;

    #[test]
    fn phases_are_recorded_when_they_end() {
        let timeline = PhaseRecorder::start();
        let check = "ruff".parse().unwrap();
        let mut silent = Silent;
        let observer = Emitter::new(&mut silent);
        let emitter = timeline.watch(&observer);
        emitter.emit(&Event::FixStarted { check: &check });
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(20) {
            std::thread::yield_now();
        }
        emitter.emit(&Event::FixFinished { check: &check, changed: &[] });
        emitter.emit(&Event::BuildStarted { environment: "pylint" });
        let duration = Duration::from_millis(5);
        emitter.emit(&Event::BuildFinished { environment: "pylint", duration });
        drop(emitter);
        let (phases, whole) = timeline.end();
        let names: Vec<_> = phases.iter().map(|phase| (phase.kind, phase.name.as_str())).collect();
        assert_eq!(names, [(PhaseKind::Fix, "ruff"), (PhaseKind::Build, "pylint")]);
        assert!(phases[0].duration >= Duration::from_millis(20), "{phases:?}");
        assert!(phases[1].started > phases[0].started, "{phases:?}");
        assert!(phases.iter().all(|phase| phase.started + phase.duration <= whole), "{phases:?}");
    }

    #[test]
    fn an_observer_still_gets_every_event() {
        #[derive(Default)]
        struct Count(usize);
        impl crate::event::Observer for Count {
            fn observe(&mut self, _: &Event<'_>) {
                self.0 += 1;
            }
        }
        let mut count = Count::default();
        {
            let timeline = PhaseRecorder::start();
            let observer = Emitter::new(&mut count);
            timeline.watch(&observer).emit(&Event::Warning { message: "x" });
            timeline.watch(&observer).emit(&Event::BuildStarted { environment: "x" });
        }
        assert_eq!(count.0, 2);
    }
}

//! A run's off switch.
//!
//! Owns whether a run should stop, and wakes whoever waits for a program to end. It stops nothing
//! itself: who started a container knows its name and removes it.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why a run stops early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stop {
    /// A check did not pass, and the others are not wanted any more.
    FailFast,
    /// Somebody interrupted the run.
    Interrupt,
}

/// Stops a run, from any thread. Clones are the same switch.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    stop: Option<Stop>,
    listeners: Vec<Listener>,
    next: u64,
}

#[derive(Debug)]
struct Listener {
    id: u64,
    wake: Sender<Wake>,
}

/// What ends the wait for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// It said a line.
    Line(String),
    /// It ended.
    Exited,
    /// The run stops.
    Stop,
}

impl Cancel {
    /// Interrupts the run: every container and program of it is stopped. Doing it again does
    /// nothing more.
    pub fn interrupt(&self) {
        self.stop(Stop::Interrupt);
    }

    /// Why the run stops, if it does.
    #[must_use]
    pub fn stopped(&self) -> Option<Stop> {
        self.state().stop
    }

    /// Stops the run; an interrupt outweighs anything else.
    pub(crate) fn stop(&self, why: Stop) {
        let mut state = self.state();
        state.stop = state.stop.max(Some(why));
        for listener in &state.listeners {
            // Who no longer listens has ended already.
            let _ = listener.wake.send(Wake::Stop);
        }
    }

    /// Does what may take long in a thread of its own, and waits for it; none if the run stops
    /// before, and then it goes on alone.
    pub(crate) fn unless_stopped<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (wake, wakes) = channel();
        let (done, result) = channel();
        let _listening = self.listen(wake.clone());
        std::thread::spawn(move || {
            // Who no longer waits has been stopped.
            let _ = done.send(work());
            let _ = wake.send(Wake::Exited);
        });
        match wakes.recv() {
            Ok(Wake::Exited) => result.recv().ok(),
            _ => None,
        }
    }

    /// Has `wake` told when the run stops, at once if it has, until the returned guard is dropped.
    pub(crate) fn listen(&self, wake: Sender<Wake>) -> Listening {
        let mut state = self.state();
        if state.stop.is_some() {
            let _ = wake.send(Wake::Stop);
        }
        let id = state.next;
        state.next += 1;
        state.listeners.push(Listener { id, wake });
        Listening { cancel: self.clone(), id }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole after every statement, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the listening when dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    cancel: Cancel,
    id: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.cancel.state().listeners.retain(|listener| listener.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_outweighs_fail_fast_and_stays() {
        let cancel = Cancel::default();
        cancel.stop(Stop::FailFast);
        cancel.interrupt();
        cancel.stop(Stop::FailFast);
        assert_eq!(cancel.stopped(), Some(Stop::Interrupt));
    }

    #[test]
    fn a_stop_ends_the_wait_for_what_takes_for_ever() {
        let cancel = Cancel::default();
        assert_eq!(cancel.unless_stopped(|| 7), Some(7));
        let (_held, never) = channel::<()>();
        cancel.interrupt();
        assert_eq!(cancel.unless_stopped(move || never.recv().is_ok()), None);
    }

    #[test]
    fn who_listens_is_told_even_if_it_comes_late() {
        let cancel = Cancel::default();
        let (early, told_early) = channel();
        let (late, told_late) = channel();
        let _early = cancel.listen(early);
        cancel.interrupt();
        let _late = cancel.listen(late);
        assert_eq!(told_early.try_recv(), Ok(Wake::Stop));
        assert_eq!(told_late.try_recv(), Ok(Wake::Stop));
    }
}

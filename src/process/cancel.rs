//! The cancellation of a run.
//!
//! It records why a run stops, and wakes every thread that waits for a program. It ends no program
//! and removes no container itself; the engine that started one does.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::child::start_thread;

/// The reason that a run stops early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stop {
    /// A check did not pass, and `--fail-fast` cancels the others.
    FailFast,
    /// The user interrupted the run.
    Interrupt,
}

/// Stops a run, from any thread. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    state: Arc<Mutex<State>>,
    /// The work that this is a part of.
    whole: Option<Box<Cancel>>,
}

#[derive(Debug, Default)]
struct State {
    stop: Option<Stop>,
    listeners: Vec<Listener>,
    next: u64,
    leftovers: Option<String>,
}

#[derive(Debug)]
struct Listener {
    id: u64,
    wake: Sender<Wake>,
}

/// An event that wakes the thread that waits for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The program wrote a line.
    Line(String),
    /// The program ended.
    Exited,
    /// The program printed more than it may.
    TooMuchOutput,
    /// The run stops.
    Stop,
}

impl Cancel {
    /// Interrupts the run: all its containers and programs are stopped. A second call has no
    /// effect.
    pub fn interrupt(&self) {
        self.stop(Stop::Interrupt);
    }

    /// The cancellation of a part of the work, such as one round of `watch`. It stops with the whole, and
    /// can stop alone.
    #[must_use]
    pub fn part(&self) -> Cancel {
        Cancel { state: Arc::default(), whole: Some(Box::new(self.clone())) }
    }

    /// Sets what is left behind if this process ends now; none if nothing is.
    pub(crate) fn set_leftovers(&self, leftovers: Option<String>) {
        if let Some(whole) = &self.whole {
            whole.set_leftovers(leftovers.clone());
        }
        self.state().leftovers = leftovers;
    }

    /// What is left behind if this process ends now.
    #[must_use]
    pub fn leftovers(&self) -> Option<String> {
        self.state().leftovers.clone()
    }

    /// The reason that the run stops, if it does.
    #[must_use]
    pub fn stopped(&self) -> Option<Stop> {
        let whole = self.whole.as_ref().and_then(|whole| whole.stopped());
        self.state().stop.max(whole)
    }

    /// Stops the run; an interrupt takes precedence over other reasons.
    pub(crate) fn stop(&self, why: Stop) {
        let mut state = self.state();
        state.stop = state.stop.max(Some(why));
        for listener in &state.listeners {
            // The receiver may have ended already.
            let _ = listener.wake.send(Wake::Stop);
        }
    }

    /// Does work in a thread of its own and waits for it; none if the run stops first, in which
    /// case the thread continues alone. Without such a thread the work cannot be stopped.
    pub(crate) fn unless_stopped<T, Work>(&self, work: Work) -> Option<T>
    where
        T: Send + 'static,
        Work: FnOnce() -> T + Send + 'static,
    {
        let (wake, wakes) = channel();
        let (done, result) = channel();
        let _listening = self.listen(wake.clone());
        let (give, take) = channel::<Work>();
        let started = start_thread(move || {
            let Ok(work) = take.recv() else { return };
            // The receiver is gone if the run has stopped.
            let _ = done.send(work());
            let _ = wake.send(Wake::Exited);
        });
        if started.is_err() {
            return Some(work());
        }
        let _ = give.send(work);
        match wakes.recv() {
            Ok(Wake::Exited) => result.recv().ok(),
            _ => None,
        }
    }

    /// Sends [`Wake::Stop`] to `wake` when the run stops, at once if it has stopped already, until
    /// the returned guard is dropped.
    pub(crate) fn listen(&self, wake: Sender<Wake>) -> Listening {
        let whole = self.whole.as_ref().map(|whole| Box::new(whole.listen(wake.clone())));
        let mut state = self.state();
        if state.stop.is_some() {
            let _ = wake.send(Wake::Stop);
        }
        let id = state.next;
        state.next += 1;
        state.listeners.push(Listener { id, wake });
        Listening { cancel: self.clone(), id, _whole: whole }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is valid after every statement, so a poisoned lock does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the listener when dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    cancel: Cancel,
    id: u64,
    _whole: Option<Box<Listening>>,
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
    fn an_interrupt_takes_precedence_over_fail_fast() {
        let cancel = Cancel::default();
        cancel.stop(Stop::FailFast);
        cancel.interrupt();
        cancel.stop(Stop::FailFast);
        assert_eq!(cancel.stopped(), Some(Stop::Interrupt));
    }

    #[test]
    fn a_stop_ends_an_endless_wait() {
        let cancel = Cancel::default();
        assert_eq!(cancel.unless_stopped(|| 7), Some(7));
        let (_held, never) = channel::<()>();
        cancel.interrupt();
        assert_eq!(cancel.unless_stopped(move || never.recv().is_ok()), None);
    }

    #[test]
    fn a_late_listener_is_woken_as_well() {
        let cancel = Cancel::default();
        let (early, woken_early) = channel();
        let (late, woken_late) = channel();
        let _early = cancel.listen(early);
        cancel.interrupt();
        let _late = cancel.listen(late);
        assert_eq!(woken_early.try_recv(), Ok(Wake::Stop));
        assert_eq!(woken_late.try_recv(), Ok(Wake::Stop));
    }

    #[test]
    fn a_part_stops_alone_and_with_the_whole() {
        let whole = Cancel::default();
        let (wake, woken) = channel();
        let part = whole.part();
        let listening = part.listen(wake.clone());
        part.interrupt();
        assert_eq!((part.stopped(), whole.stopped()), (Some(Stop::Interrupt), None));
        assert_eq!(woken.try_recv(), Ok(Wake::Stop));
        drop(listening);

        let next = whole.part();
        let _listening = next.listen(wake);
        assert_eq!(next.stopped(), None);
        next.set_leftovers(Some("a container".to_owned()));
        assert_eq!(whole.leftovers().as_deref(), Some("a container"));
        whole.interrupt();
        assert_eq!(next.stopped(), Some(Stop::Interrupt));
        assert_eq!(woken.try_recv(), Ok(Wake::Stop));
    }
}

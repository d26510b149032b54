//! Work in threads that may be refused by the system.

use std::sync::{Mutex, PoisonError};
use std::{io, thread};

/// Starts so many threads at once and ends them, before a dependency starts its own and panics without.
///
/// # Errors
///
/// When the system refuses one of them.
pub fn try_threads(number: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    let wait = || drop(gate.lock());
    let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        let start = |_| thread::Builder::new().spawn_scoped(scope, wait).map(drop);
        let started = (0..number).try_for_each(start);
        drop(closed);
        started
    })
}

/// Calls `work` for each item, each in a thread of its own; in this one where the system refuses another.
///
/// # Panics
///
/// When `work` panics.
pub fn for_each_at_once<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let work = &work;
    thread::scope(|scope| {
        let start = |item| {
            let started = thread::Builder::new().spawn_scoped(scope, move || work(item));
            started.map_err(|_| work(item))
        };
        let threads: Vec<_> = items.iter().map(start).collect();
        let end = |thread: Result<thread::ScopedJoinHandle<'_, R>, R>| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(result) => result,
        };
        threads.into_iter().map(end).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_order_of_their_items() {
        let items: Vec<usize> = (0..50).collect();
        let doubled = for_each_at_once(&items, |item| 2 * item);
        assert_eq!(doubled, items.iter().map(|item| 2 * item).collect::<Vec<_>>());
    }
}

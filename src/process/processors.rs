//! How many processors a program has.
//!
//! Owns which of them: so many in a row, and the next ones for the next program, so that programs that
//! run side by side share as few as they have to. It must not know what runs there; a program inherits
//! it from the thread that starts it, and hands it on to all that it starts.

/// Starts something with this many processors; with all that this thread has if none.
#[cfg(target_os = "linux")]
pub(super) fn within<T>(number: Option<usize>, start: impl FnOnce() -> T) -> T {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    /// Where the next program begins.
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    let (Some(number), Ok(all)) = (number, sched_getaffinity(None)) else {
        return start();
    };
    let there: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|it| all.is_set(*it)).collect();
    if number >= there.len() {
        return start();
    }
    let first = NEXT.fetch_add(number, Ordering::Relaxed);
    let mut lent = CpuSet::new();
    there.iter().cycle().skip(first % there.len()).take(number).for_each(|it| lent.set(*it));
    // Where the system refuses, a program has more than it asked for, and the same answer.
    let _ = sched_setaffinity(None, &lent);
    let started = start();
    let _ = sched_setaffinity(None, &all);
    started
}

/// Starts something; no other system can be told.
#[cfg(not(target_os = "linux"))]
pub(super) fn within<T>(_: Option<usize>, start: impl FnOnce() -> T) -> T {
    start()
}

//! Limits the number of processors of a program.
//!
//! Each program gets consecutive processors, and the next program the following ones, so that
//! programs that run at the same time share as few as possible. A program inherits its processors
//! from the thread that starts it.

/// Calls `start` on this many processors; on all of this thread's if none.
#[cfg(target_os = "linux")]
pub(super) fn within<T>(number: Option<usize>, start: impl FnOnce() -> T) -> T {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    /// The first processor of the next program.
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    let (Some(number), Ok(all)) = (number, sched_getaffinity(None)) else {
        return start();
    };
    let available: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|it| all.is_set(*it)).collect();
    if number >= available.len() {
        return start();
    }
    let first = NEXT.fetch_add(number, Ordering::Relaxed);
    let mut chosen = CpuSet::new();
    available
        .iter()
        .cycle()
        .skip(first % available.len())
        .take(number)
        .for_each(|it| chosen.set(*it));
    // If the system refuses, the program has more processors, and the same result.
    let _ = sched_setaffinity(None, &chosen);
    let started = start();
    let _ = sched_setaffinity(None, &all);
    started
}

/// Calls `start`: other systems have no such limit.
#[cfg(not(target_os = "linux"))]
pub(super) fn within<T>(_: Option<usize>, start: impl FnOnce() -> T) -> T {
    start()
}

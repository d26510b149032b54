//! The programs that run now, so that the end of this process can end them.
//!
//! A second interrupt ends this process at once, without anything that waits for a program. The
//! registry is global because a signal concerns the whole process.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::termios::{OptionalActions, Termios, tcsetattr};

static RUNNING: Mutex<Running> =
    Mutex::new(Running { groups: BTreeSet::new(), attached: BTreeSet::new(), terminal: None });

struct Running {
    /// The process groups of the programs.
    groups: BTreeSet<i32>,
    /// The programs in our own process group.
    attached: BTreeSet<i32>,
    /// The settings of the terminal before a program got it.
    terminal: Option<Termios>,
}

/// Registers a program that leads a process group.
pub(super) fn add(pids: &[u32]) {
    running().groups.extend(pids.iter().filter_map(|pid| i32::try_from(*pid).ok()));
}

/// Registers a program in our own process group.
pub(super) fn add_attached(pids: &[u32]) {
    running().attached.extend(pids.iter().filter_map(|pid| i32::try_from(*pid).ok()));
}

/// Forgets a program that has ended.
pub(super) fn remove(pids: &[u32]) {
    let mut running = running();
    for pid in pids.iter().filter_map(|pid| i32::try_from(*pid).ok()) {
        running.groups.remove(&pid);
        running.attached.remove(&pid);
    }
}

/// Sets what the terminal is restored to.
pub(super) fn set_terminal(terminal: Option<Termios>) {
    running().terminal = terminal;
}

/// Kills every program and restores the terminal. The process has to end afterwards.
pub fn end_all() {
    let running = running();
    for group in running.groups.iter().filter_map(|group| Pid::from_raw(*group)) {
        // It may have ended in the meantime.
        let _ = kill_process_group(group, Signal::KILL);
    }
    for pid in running.attached.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        let _ = kill_process(pid, Signal::KILL);
    }
    if let Some(terminal) = &running.terminal {
        // The terminal may be gone, and nothing can be done about that.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, terminal);
    }
}

fn running() -> MutexGuard<'static, Running> {
    // The registry is valid after every statement, so a poisoned lock does no harm.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

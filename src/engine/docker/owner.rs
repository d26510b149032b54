//! Who started a container, so that a later run can tell whether it was left behind.
//!
//! Owns the text of the label and the judgement over it: provably dead, alive, or not to be judged
//! from here, in which case the container's deadline decides. Linux only; elsewhere nothing can be
//! judged.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// A process, told apart from any other one of this machine, ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    boot: String,
    namespace: String,
    pid: String,
    start: String,
}

impl Owner {
    /// The process that runs this.
    pub(super) fn this_process() -> Option<Owner> {
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        Some(Owner {
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned(),
            namespace: namespace.to_string_lossy().into_owned(),
            pid: std::process::id().to_string(),
            start: start_time("self")?,
        })
    }

    /// The owner as a label's value.
    pub(super) fn label(&self) -> String {
        let Owner { boot, namespace, pid, start } = self;
        format!("{boot}/{namespace}/{pid}/{start}")
    }

    fn read(label: &str) -> Option<Owner> {
        let mut parts = label.split('/').map(str::to_owned);
        let owner = Owner {
            boot: parts.next()?,
            namespace: parts.next()?,
            pid: parts.next()?,
            start: parts.next()?,
        };
        parts.next().is_none().then_some(owner)
    }
}

/// Whether what `owner` started by `deadline` (seconds since 1970) was left behind.
pub(super) fn is_left_behind(owner: &str, deadline: &str, now: u64) -> bool {
    match (Owner::read(owner), Owner::this_process()) {
        // The same machine since its last start, and the same numbering of processes.
        (Some(owner), Some(here))
            if (&owner.boot, &owner.namespace) == (&here.boot, &here.namespace) =>
        {
            match start_time(&owner.pid) {
                Some(start) => start != owner.start,
                // Of another user's process there may be nothing to see (`hidepid`, see proc(5)).
                None => is_gone(&owner.pid) || is_past(deadline, now),
            }
        }
        _ => is_past(deadline, now),
    }
}

fn is_past(deadline: &str, now: u64) -> bool {
    deadline.parse::<u64>().is_ok_and(|deadline| deadline < now)
}

/// Whether there is no such process, of whatever user.
fn is_gone(pid: &str) -> bool {
    let pid = pid.parse().ok().and_then(Pid::from_raw);
    pid.is_none_or(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// When a process started, in ticks since the machine did; none if that is not to be seen.
///
/// Field 22 of `/proc/PID/stat`, see proc_pid_stat(5). The second field may hold anything, but it
/// ends at the last parenthesis.
fn start_time(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_owner_keeps_what_is_its_own_whatever_the_deadline() {
        let owner = Owner::this_process().unwrap();
        assert!(!is_left_behind(&owner.label(), "0", 1));
    }

    #[test]
    fn a_dead_owner_leaves_things_behind_even_if_its_number_is_used_again() {
        let owner = Owner { start: "1".into(), ..Owner::this_process().unwrap() };
        assert!(is_left_behind(&owner.label(), "99999999999", 1));
    }

    #[test]
    fn a_process_is_gone_only_if_nobody_has_its_number() {
        assert!(!is_gone("1"));
        // The highest number that Linux gives is below.
        assert!(is_gone("4194305") && is_gone("") && is_gone("no number"));
    }

    #[test]
    fn an_owner_elsewhere_is_judged_by_the_deadline_alone() {
        let owner = Owner { boot: "another".into(), ..Owner::this_process().unwrap() };
        assert!(!is_left_behind(&owner.label(), "10", 9));
        assert!(is_left_behind(&owner.label(), "10", 11));
        assert!(!is_left_behind("", "", 11));
    }
}

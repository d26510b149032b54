//! Identifies the process that started a container, to find containers that were left behind.
//!
//! The owner is a label. Its process is provably dead, alive, or unknown from here, in which case
//! the container's deadline decides. Processes can be identified on Linux only.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// A process, distinguished from all others of this machine at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    boot: String,
    namespace: String,
    pid: String,
    start: String,
}

impl Owner {
    /// This process.
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

/// Whether a container with this owner and deadline (seconds since 1970) was left behind.
pub(super) fn is_left_behind(owner: &str, deadline: &str, now: u64) -> bool {
    match (Owner::read(owner), Owner::this_process()) {
        // The same boot of the same machine, and the same process namespace.
        (Some(owner), Some(here))
            if (&owner.boot, &owner.namespace) == (&here.boot, &here.namespace) =>
        {
            match start_time(&owner.pid) {
                Some(start) => start != owner.start,
                // Another user's process may be invisible (`hidepid`, see proc(5)).
                None => is_gone(&owner.pid) || is_past(deadline, now),
            }
        }
        _ => is_past(deadline, now),
    }
}

fn is_past(deadline: &str, now: u64) -> bool {
    deadline.parse::<u64>().is_ok_and(|deadline| deadline < now)
}

/// Whether no user has a process with this number.
fn is_gone(pid: &str) -> bool {
    let pid = pid.parse().ok().and_then(Pid::from_raw);
    pid.is_none_or(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// The start time of a process in ticks since boot; none if it is invisible.
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
    fn a_living_owner_keeps_its_containers_past_the_deadline() {
        let owner = Owner::this_process().unwrap();
        assert!(!is_left_behind(&owner.label(), "0", 1));
    }

    #[test]
    fn a_dead_owner_is_recognised_although_its_number_is_in_use_again() {
        let owner = Owner { start: "1".into(), ..Owner::this_process().unwrap() };
        assert!(is_left_behind(&owner.label(), "99999999999", 1));
    }

    #[test]
    fn a_process_is_gone_only_if_its_number_is_free() {
        assert!(!is_gone("1"));
        // Above the highest number that Linux assigns.
        assert!(is_gone("4194305") && is_gone("") && is_gone("no number"));
    }

    #[test]
    fn the_deadline_alone_decides_about_an_owner_elsewhere() {
        let owner = Owner { boot: "another".into(), ..Owner::this_process().unwrap() };
        assert!(!is_left_behind(&owner.label(), "10", 9));
        assert!(is_left_behind(&owner.label(), "10", 11));
        assert!(!is_left_behind("", "", 11));
    }
}

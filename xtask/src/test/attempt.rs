//! Runs one program under a time limit, and ends it with all that it has started.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::signals::Interrupted;
use crate::failure::{Failure, Result};
use crate::process::Command;

/// How often a running program is compared with its limit.
pub(crate) const STEP: Duration = Duration::from_millis(100);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself.
    Exit(ExitStatus),
    /// It was killed at its time limit.
    Limit,
    /// It was killed because the run was interrupted.
    Interrupt,
}

/// One run of a program.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) ending: Ending,
    /// From its start to its end.
    pub(crate) took: Duration,
    /// Both of its streams.
    pub(crate) output: String,
}

impl Attempt {
    /// Whether the program ended by itself and with success.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.ending, Ending::Exit(status) if status.success())
    }

    /// Describes a failure, for a line of its own.
    pub(crate) fn describe(&self) -> String {
        match self.ending {
            Ending::Exit(status) => match status.signal() {
                Some(signal) => format!("killed by signal {signal}"),
                None => format!("{status}"),
            },
            Ending::Limit => {
                format!("killed after {} s, its time limit", self.took.as_secs())
            }
            Ending::Interrupt => "killed: the run was interrupted".to_owned(),
        }
    }
}

/// Runs a program with a time limit. Its output is in a file, so that a child that it left running
/// holds up nothing.
///
/// # Errors
///
/// When it cannot be started or waited for.
pub(crate) fn run(
    command: &Command,
    limit: Duration,
    interrupted: &Interrupted,
) -> Result<Attempt> {
    let unusable = |error| Failure::new(format!("cannot keep the output of a test: {error}"));
    let mut output = tempfile::tempfile().map_err(unusable)?;
    let begin = Instant::now();
    let child = command.start_group(Stdio::null(), &output)?;
    let ending = wait(child, begin + limit, interrupted)?;
    let took = begin.elapsed();
    Ok(Attempt { ending, took, output: read(&mut output).map_err(unusable)? })
}

/// Waits for the end of a program, at most until the deadline, and kills what is left of it.
pub(crate) fn wait(
    mut child: Child,
    deadline: Instant,
    interrupted: &Interrupted,
) -> Result<Ending> {
    let leader = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    // It ends with the child, which is killed below if it does not end by itself.
    thread::spawn(move || sender.send(child.wait()));
    let ending = loop {
        match receiver.recv_timeout(STEP) {
            Ok(status) => {
                let failed = |error| Failure::new(format!("cannot wait for a test: {error}"));
                break Ending::Exit(status.map_err(failed)?);
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new("cannot wait for a test"));
            }
            Err(RecvTimeoutError::Timeout) if interrupted.happened() => break Ending::Interrupt,
            Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => break Ending::Limit,
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    // Those that left the group are found only while their parents are there.
    let others = if matches!(ending, Ending::Exit(_)) { Vec::new() } else { descendants(leader) };
    // Also when it has ended: a child that it left running must not disturb other tests.
    let _ = kill_process_group(leader, Signal::KILL);
    for process in others {
        let _ = kill_process(process, Signal::KILL);
    }
    Ok(ending)
}

fn read(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The processes below one, which may have left its group. Empty on a system without `/proc`.
pub(crate) fn descendants(leader: Pid) -> Vec<Pid> {
    let parents: Vec<(i32, i32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| parent(&std::fs::read_to_string(entry.path().join("stat")).ok()?))
        .collect();
    let mut found = vec![leader.as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| pid));
        next += 1;
    }
    found[1..].iter().filter_map(|pid| Pid::from_raw(*pid)).collect()
}

/// The process and its parent, from a line of `/proc/PID/stat`: `PID (NAME) STATE PARENT …`, where
/// the name may hold anything.
fn parent(stat: &str) -> Option<(i32, i32)> {
    let (pid, _) = stat.split_once(' ')?;
    let (_, rest) = stat.rsplit_once(')')?;
    Some((pid.parse().ok()?, rest.split_whitespace().nth(1)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(script: &str, limit: Duration) -> Attempt {
        run(&Command::new("sh", ["-c", script]), limit, &Interrupted::default()).unwrap()
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let script = "setsid sleep 1000 & sleep 1000 & echo $!; wait";
        let attempt = attempt(script, Duration::from_secs(1));
        assert_eq!(attempt.ending, Ending::Limit);
        let child: i32 = attempt.output.trim().parse().unwrap();
        // A kill returns before the process has ended, and init may need a moment to collect it.
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            if stat.is_empty() || stat.contains(") Z ") {
                break;
            }
            assert!(Instant::now() < deadline, "{stat}");
            std::thread::yield_now();
        }
        assert_eq!(attempt.describe(), "killed after 1 s, its time limit");
    }

    #[test]
    fn a_child_that_is_left_running_holds_up_nothing() {
        let attempt = attempt("sleep 1000 & echo done", Duration::from_secs(60));
        assert!(attempt.is_success());
        assert_eq!(attempt.output, "done\n");
        assert!(attempt.took < Duration::from_secs(30));
    }

    #[test]
    fn the_parent_follows_a_name_with_spaces() {
        assert_eq!(parent("12 (a b) c) S 7 12 12"), Some((12, 7)));
    }
}

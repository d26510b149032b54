//! Lends our own streams to a program, until it ends.
//!
//! Owns what differs from a program whose output is captured: it stays in our process group, so
//! that a terminal's keys are its own, and it reads and writes where we would. It must not know
//! what the program is; who lends says how it is stopped. A terminal is given back as it was.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::cancel::Wake;
use super::{Cancel, Emitter, GRACE, Invocation, ProcessError, Stdin, processors};
use crate::event::Event;

/// Runs a program to its end with our streams, and returns its exit status: 128 plus the number
/// for a signal. Only standard input can be another one: a file. When the run stops, `stop` is called, and has to make it end.
///
/// # Errors
///
/// When it cannot be started, or the run was stopped.
pub fn lend(
    invocation: &Invocation,
    cancel: &Cancel,
    emitter: &Emitter<'_>,
    stop: impl FnOnce(),
) -> Result<i32, ProcessError> {
    emitter.emit(&Event::Spawned { command: &invocation.display() });
    let _terminal = Lent::remember();
    let program = match &invocation.stdin {
        Stdin::File(file) => super::expression(invocation).stdin_path(file),
        Stdin::Empty | Stdin::Held => super::expression(invocation),
    };
    let program = program.unchecked();
    let started = processors::within(invocation.processors, || program.start());
    let handle = Arc::new(started.map_err(|source| ProcessError::NotStarted {
        program: invocation.program.display().to_string(),
        source,
    })?);
    let (wake, wakes) = channel();
    let _listening = cancel.listen(wake.clone());
    let waiter = Arc::clone(&handle);
    std::thread::spawn(move || {
        // The status itself is read below.
        let _ = waiter.wait();
        let _ = wake.send(Wake::Exited);
    });
    if wakes.recv() == Ok(Wake::Stop) {
        stop();
        if !exits(&wakes, GRACE) {
            // It may have ended in the meantime.
            let _ = handle.kill();
        }
        return Err(ProcessError::Stopped);
    }
    match handle.wait() {
        Ok(output) => Ok(super::status(output)),
        // Only if somebody else reaped it.
        Err(_) => Ok(-1),
    }
}

/// Whether the program exits in time, however often the run is stopped meanwhile.
fn exits(wakes: &Receiver<Wake>, limit: Duration) -> bool {
    loop {
        match wakes.recv_timeout(limit) {
            Ok(Wake::Exited) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// The state of the terminal on standard input, restored when dropped.
struct Lent(Option<Termios>);

impl Lent {
    fn remember() -> Self {
        Lent(tcgetattr(io::stdin()).ok())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(before), Ok(now)) = (&self.0, tcgetattr(io::stdin())) else {
            return;
        };
        // Setting it in vain would stop a process that is not in the foreground.
        if (now.local_modes, now.input_modes) != (before.local_modes, before.input_modes) {
            // Nothing can be done about a terminal that went away.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Silent;

    fn shell(script: &str) -> Invocation {
        Invocation::new("/bin/sh", ["-c", script])
    }

    #[test]
    fn the_exit_status_comes_back() {
        let mut silent = Silent;
        let emitter = Emitter::new(&mut silent);
        for (script, status) in [("exit 0", 0), ("exit 42", 42), ("kill -9 $$", 137)] {
            let ended = lend(&shell(script), &Cancel::default(), &emitter, || {}).unwrap();
            assert_eq!(ended, status, "{script}");
        }
    }

    #[test]
    fn a_run_that_stops_ends_the_program() {
        let cancel = Cancel::default();
        cancel.interrupt();
        let mut silent = Silent;
        let emitter = Emitter::new(&mut silent);
        let folder = tempfile::tempdir().unwrap();
        let end = folder.path().join("end");
        let script = format!("until test -e {}; do :; done", end.display());
        let stop = || std::fs::write(&end, "").unwrap();
        let error = lend(&shell(&script), &cancel, &emitter, stop).unwrap_err();
        assert!(matches!(error, ProcessError::Stopped), "{error}");
        assert!(end.exists());
    }
}

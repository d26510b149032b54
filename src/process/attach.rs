//! Runs a program with our own streams until it ends.
//!
//! Unlike a program whose output is captured, it stays in our process group, so that the terminal's
//! keys reach it. The caller decides how it is stopped. The terminal's settings are restored
//! afterwards.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::cancel::Wake;
use super::child::{GRACE, Waiter};
use super::{Cancel, Emitter, Invocation, ProcessError, Stdin, TerminalState, processors, running};
use crate::event::Event;

/// Runs a program to its end with our streams, and returns its exit status: 128 plus the number of
/// a signal. Standard input may be a file instead. When the run stops, `stop` is called and has to
/// end the program.
///
/// # Errors
///
/// When it cannot be started, or the run was stopped.
pub fn attach(
    invocation: &Invocation,
    cancel: &Cancel,
    emitter: &Emitter<'_>,
    stop: impl FnOnce(),
) -> Result<i32, ProcessError> {
    emitter.emit(&Event::Spawned { command: &invocation.display() });
    let _terminal = TerminalState::save();
    let program = match &invocation.stdin {
        Stdin::File(file) => super::expression(invocation).stdin_path(file),
        Stdin::Bytes(bytes) => super::expression(invocation).stdin_bytes(bytes.clone()),
        Stdin::Empty | Stdin::Held => super::expression(invocation),
    };
    let program = program.unchecked();
    let not_started = |source| ProcessError::NotStarted {
        program: invocation.program.display().to_string(),
        source,
    };
    let (wake, wakes) = channel();
    let _listening = cancel.listen(wake.clone());
    let waiter = Waiter::start(wake).map_err(not_started)?;
    let started = processors::within(invocation.processors, || program.start());
    let handle = Arc::new(started.map_err(not_started)?);
    running::add_attached(&handle.pids());
    waiter.wait_for(&handle);
    if wakes.recv() == Ok(Wake::Stop) {
        stop();
        if !exits(&wakes, GRACE) {
            // The program may have ended in the meantime.
            let _ = handle.kill();
        }
        return Err(ProcessError::Stopped);
    }
    match handle.wait() {
        Ok(output) => Ok(super::status(output)),
        // Only if another part of the process reaped it.
        Err(_) => Ok(-1),
    }
}

/// Whether the program exits in time. Further stops in the meantime are ignored.
fn exits(wakes: &Receiver<Wake>, limit: Duration) -> bool {
    loop {
        match wakes.recv_timeout(limit) {
            Ok(Wake::Exited) => return true,
            Ok(_) => {}
            Err(_) => return false,
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
            let ended = attach(&shell(script), &Cancel::default(), &emitter, || {}).unwrap();
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
        let error = attach(&shell(&script), &cancel, &emitter, stop).unwrap_err();
        assert!(matches!(error, ProcessError::Stopped), "{error}");
        assert!(end.exists());
    }
}

//! A running program: its output, its end, and the reasons to end it earlier.

use std::fs::File;
use std::io::{self, Cursor, PipeReader, PipeWriter, Read};
use std::os::unix::process::CommandExt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::cancel::{Listening, Wake};
use super::capture::{self, OutputLimit};
use super::{Emitter, Invocation, ProcessError, Stdin, Until, expression, processors, running};
use crate::event::Event;
use crate::limits::{ByteSize, LimitKind};
use crate::outcome::RawOutput;
use crate::secrets::Secrets;

/// The time between two looks at a program whose resources are watched.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// The time between the signals TERM and KILL.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Whether the lines of standard error are passed on while the program runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LineMode {
    Kept,
    PassedOn,
}

/// The end of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The program has ended.
    Exited,
    /// The run stops; the program is still running.
    Stopped,
    /// The time is up; the program is still running.
    TimedOut,
    /// The program exceeds a limit; it is still running.
    Exceeded(LimitKind),
}

/// Looks at a running program by its process id, and returns the limit that it exceeds, if any.
pub(super) type Watch<'w> = &'w mut dyn FnMut(u32) -> Option<LimitKind>;

/// A running program.
pub struct Child {
    command: String,
    secrets: Secrets,
    handle: Arc<duct::Handle>,
    wakes: Receiver<Wake>,
    wake: Sender<Wake>,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
    output_limit: Option<OutputLimit>,
    exited: bool,
    held: Option<PipeWriter>,
}

/// Content as a pipe, which a thread fills. A confined program may be refused a file even if its parent has
/// opened it, as docker of the snap is (<https://bugs.launchpad.net/snapd/+bug/1849753>).
fn read_through_pipe(mut content: impl Read + Send + 'static) -> io::Result<PipeReader> {
    let (reader, mut writer) = io::pipe()?;
    // The program may end before it has read everything.
    start_thread(move || io::copy(&mut content, &mut writer))?;
    Ok(reader)
}

/// Starts a thread.
pub(super) fn start_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    std::thread::Builder::new().spawn(work)
}

/// A thread that waits for the end of a program.
pub(super) struct Waiter(Sender<Arc<duct::Handle>>);

impl Waiter {
    /// Starts the thread, which sends [`Wake::Exited`] to `wake` at the end of its program.
    pub(super) fn start(wake: Sender<Wake>) -> io::Result<Waiter> {
        let (program, programs) = channel::<Arc<duct::Handle>>();
        start_thread(move || {
            // There is none if it could not be started.
            let Ok(program) = programs.recv() else { return };
            let pids = program.pids();
            // The status itself is read by the owner of the program.
            let _ = program.wait();
            running::remove(&pids);
            let _ = wake.send(Wake::Exited);
        })?;
        Ok(Waiter(program))
    }

    /// Makes the thread wait for a program.
    pub(super) fn wait_for(self, program: &Arc<duct::Handle>) {
        let _ = self.0.send(Arc::clone(program));
    }
}

impl Child {
    /// Starts a program and captures its output.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn(invocation: &Invocation, emitter: &Emitter<'_>) -> Result<Child, ProcessError> {
        Child::start(invocation, LineMode::Kept, None, emitter)
    }

    /// The same for a program whose output is limited. [`Child::wait`] ends when there is more.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn_limited(
        invocation: &Invocation,
        output: ByteSize,
        emitter: &Emitter<'_>,
    ) -> Result<Child, ProcessError> {
        Child::start(invocation, LineMode::Kept, Some(output), emitter)
    }

    pub(super) fn start(
        invocation: &Invocation,
        lines: LineMode,
        output: Option<ByteSize>,
        emitter: &Emitter<'_>,
    ) -> Result<Child, ProcessError> {
        let command = invocation.display();
        emitter.emit(&Event::Spawned { command: &command });
        let not_started = |source| ProcessError::NotStarted {
            program: invocation.program.display().to_string(),
            source,
        };
        let (stdout, stdout_end) = io::pipe().map_err(not_started)?;
        let (stderr, stderr_end) = io::pipe().map_err(not_started)?;
        let program = expression(invocation);
        let (fed, held) = match &invocation.stdin {
            Stdin::Empty => (program.stdin_null(), None),
            Stdin::File(file) => {
                let file = File::open(file).map_err(not_started)?;
                (program.stdin_file(read_through_pipe(file).map_err(not_started)?), None)
            }
            Stdin::Bytes(bytes) => {
                let bytes = Cursor::new(bytes.clone());
                (program.stdin_file(read_through_pipe(bytes).map_err(not_started)?), None)
            }
            Stdin::Held => {
                let (end, held) = io::pipe().map_err(not_started)?;
                (program.stdin_file(end), Some(held))
            }
        };
        let expression = fed
            .stdout_file(stdout_end)
            .stderr_file(stderr_end)
            .before_spawn(|command| {
                command.process_group(0);
                Ok(())
            })
            .unchecked();
        // A system that refuses a thread must do so before there is a program to look after.
        let (wake, wakes) = channel();
        let line_wake = (lines == LineMode::PassedOn).then(|| wake.clone());
        let output_limit = output.map(|limit| OutputLimit::new(limit, wake.clone()));
        let (of_stdout, of_stderr) = (output_limit.clone(), output_limit.clone());
        let stdout = start_thread(move || capture::capture(stdout, of_stdout.as_ref()));
        let stdout = stdout.map_err(not_started)?;
        let stderr = start_thread(move || match line_wake {
            Some(wake) => capture::capture_lines(stderr, &wake),
            None => capture::capture(stderr, of_stderr.as_ref()),
        });
        let stderr = stderr.map_err(not_started)?;
        let waiter = Waiter::start(wake.clone()).map_err(not_started)?;

        let started = processors::within(invocation.processors, || expression.start());
        let handle = Arc::new(started.map_err(not_started)?);
        running::add(&handle.pids());
        waiter.wait_for(&handle);
        // The expression holds our copies of the write ends; the readers wait for the last one to
        // close.
        drop(expression);
        let secrets = invocation.secrets.clone();
        Ok(Child {
            command,
            secrets,
            handle,
            wakes,
            wake,
            stdout,
            stderr,
            output_limit,
            exited: false,
            held,
        })
    }

    /// Waits until the program ends, the run stops, or the time is up.
    pub fn wait(&mut self, until: Until<'_>) -> Waited {
        self.wait_with(until, None, |_| {})
    }

    /// The same, and looks at the program a few times a second.
    pub fn wait_watched(&mut self, until: Until<'_>, watch: Watch<'_>) -> Waited {
        self.wait_with(until, Some(watch), |_| {})
    }

    fn wait_with(
        &mut self,
        until: Until<'_>,
        mut watch: Option<Watch<'_>>,
        mut on_line: impl FnMut(&str),
    ) -> Waited {
        let _listening: Option<Listening> =
            until.cancel.map(|cancel| cancel.listen(self.wake.clone()));
        // A deadline that cannot be represented means no limit.
        let deadline = Instant::now().checked_add(until.limit);
        while !self.exited {
            let left =
                deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            let pause = if watch.is_some() { left.min(WATCH_INTERVAL) } else { left };
            match self.wakes.recv_timeout(pause) {
                Ok(Wake::TooMuchOutput) => return Waited::Exceeded(LimitKind::Output),
                Ok(Wake::Line(line)) => on_line(&self.secrets.redact(&line)),
                Ok(Wake::Stop) if until.cancel.is_some() => return Waited::Stopped,
                Ok(Wake::Stop) => {}
                Ok(Wake::Exited) | Err(RecvTimeoutError::Disconnected) => self.exited = true,
                Err(RecvTimeoutError::Timeout) if pause == left => return Waited::TimedOut,
                Err(RecvTimeoutError::Timeout) => {
                    let pid = self.handle.pids().first().copied().unwrap_or_default();
                    if let Some(kind) = watch.as_mut().and_then(|watch| watch(pid)) {
                        return Waited::Exceeded(kind);
                    }
                }
            }
        }
        Waited::Exited
    }

    /// Ends the program and its process group, with TERM and then with KILL.
    pub fn end(&mut self) {
        drop(self.held.take());
        self.signal(rustix::process::Signal::TERM);
        if self.wait(Until { cancel: None, limit: GRACE }) != Waited::Exited {
            self.kill();
        }
    }

    /// Kills the program and its process group.
    pub fn kill(&mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.wait(Until { cancel: None, limit: Duration::MAX });
    }

    /// Kills what is left of the process group of a program that has ended.
    pub fn kill_group(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    /// The exit status and the output of the program. Waits for its end.
    #[must_use]
    pub fn output(self) -> RawOutput {
        self.output_with(|_| {})
    }

    /// The same, and the limit of its output if it printed more.
    #[must_use]
    pub fn limited_output(self) -> (RawOutput, Option<LimitKind>) {
        let limit = self.output_limit.clone();
        let output = self.output();
        let is_exceeded = limit.is_some_and(|limit| limit.is_exceeded());
        (output, is_exceeded.then_some(LimitKind::Output))
    }

    /// The same, and passes on the lines that were read after the program's end.
    fn output_with(self, mut on_line: impl FnMut(&str)) -> RawOutput {
        let code = match self.handle.wait() {
            Ok(output) => super::status(output),
            // Only if another part of the process reaped it; the captured streams are still valid.
            Err(_) => -1,
        };
        let secrets = self.secrets;
        let text =
            |thread: JoinHandle<Vec<u8>>| secrets.redact_bytes(thread.join().unwrap_or_default());
        let (stdout, stderr) = (text(self.stdout), text(self.stderr));
        for wake in self.wakes.try_iter() {
            if let Wake::Line(line) = wake {
                on_line(&secrets.redact(&line));
            }
        }
        RawOutput { code, stdout, stderr }
    }

    pub(super) fn finish(
        mut self,
        until: Until<'_>,
        mut on_line: impl FnMut(&str),
    ) -> Result<RawOutput, ProcessError> {
        match self.wait_with(until, None, &mut on_line) {
            Waited::Exited => Ok(self.output_with(on_line)),
            Waited::Stopped | Waited::Exceeded(_) => {
                self.end();
                Err(ProcessError::Stopped)
            }
            Waited::TimedOut => {
                self.end();
                Err(ProcessError::TimedOut { command: self.command, limit: until.limit })
            }
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        for pid in self.handle.pids() {
            let group = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(group) = group {
                // The group may have ended in the meantime.
                let _ = rustix::process::kill_process_group(group, signal);
            }
        }
    }
}

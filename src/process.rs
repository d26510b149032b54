//! Starts, awaits and ends every other program.
//!
//! A program runs in its own process group, so that a Ctrl-C on the terminal reaches cargo pipe
//! alone. Its output is captured up to a limit, until it exits, its time is up, or the run stops.
//! Only [`attach()`] passes on our own streams. No other module may start a process; clippy forbids
//! it.

mod attach;
mod cancel;
mod capture;
mod processors;
mod running;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, PipeWriter};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::event::{Event, Observer};
use crate::limits::{ByteSize, LimitKind};
use crate::network::Secrets;
use crate::outcome::RawOutput;

pub use attach::attach;
use cancel::Listening;
pub(crate) use cancel::Wake;
pub use cancel::{Cancel, Stop};
pub(crate) use capture::CAPTURE_LIMIT;
use capture::OutputLimit;
pub use running::end_all;

/// The time between two looks at a program whose resources are watched.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// The time between the signals TERM and KILL.
const GRACE: Duration = Duration::from_secs(5);

/// A program to start.
#[derive(Clone)]
pub struct Invocation {
    /// The program's path.
    pub program: PathBuf,
    /// The arguments.
    pub args: Vec<OsString>,
    /// Variables in addition to those of this process.
    pub env: Vec<(&'static str, String)>,
    /// All of its variables, if it does not inherit those of this process.
    pub only: Option<BTreeMap<String, OsString>>,
    /// Secrets that it was given; they are redacted in the displayed command and in its output.
    pub secrets: Secrets,
    /// The working directory; that of this process if none.
    pub folder: Option<PathBuf>,
    /// The standard input.
    pub stdin: Stdin,
    /// The number of processors for it and its children; all of this process if none.
    pub processors: Option<usize>,
}

/// The standard input of a program.
#[derive(Clone, Debug, Default)]
pub enum Stdin {
    /// Empty.
    #[default]
    Empty,
    /// A file.
    File(PathBuf),
    /// Empty, but open for as long as this process lives and has not stopped the program, which
    /// can so tell from its end that it has to exit.
    Held,
}

impl Invocation {
    /// A program with these arguments and an empty standard input.
    pub fn new<A: Into<OsString>>(
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Invocation {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            only: None,
            secrets: Secrets::default(),
            folder: None,
            stdin: Stdin::Empty,
            processors: None,
        }
    }

    /// The command as a shell would accept it.
    #[must_use]
    pub fn display(&self) -> String {
        let words: Vec<String> = std::iter::once(self.program.as_os_str())
            .chain(self.args.iter().map(OsString::as_os_str))
            .map(|word| {
                let word = word.to_string_lossy();
                shlex::try_quote(&word)
                    .map_or_else(|_| word.to_string(), |quoted| quoted.to_string())
            })
            .collect();
        self.secrets.redact(&words.join(" ")).into_owned()
    }
}

/// Variables can contain passwords, so they are not shown.
impl fmt::Debug for Invocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Invocation").field(&self.display()).finish()
    }
}

/// An error that kept a program from running to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The program could not be started.
    #[error("cannot start `{program}`: {source}")]
    NotStarted {
        /// The program.
        program: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The run was stopped, and the program with it.
    #[error("stopped")]
    Stopped,
    /// The program exceeded its time limit and was stopped.
    #[error("`{command}` took longer than {}", humantime::format_duration(*.limit))]
    TimedOut {
        /// The command as a shell would accept it.
        command: String,
        /// The time limit.
        limit: Duration,
    },
}

/// Passes events from any thread to one observer, one at a time.
///
/// The observer is behind a function, so that a longer-lived emitter is accepted where a shorter-lived
/// one is expected.
pub struct Emitter<'a>(Box<dyn Fn(&Event<'_>) + Send + Sync + 'a>);

impl<'a> Emitter<'a> {
    /// An emitter for this observer.
    pub fn new(observer: &'a mut dyn Observer) -> Self {
        let observer = Mutex::new(observer);
        Emitter(Box::new(move |event| {
            observer.lock().unwrap_or_else(PoisonError::into_inner).observe(event);
        }))
    }

    /// Passes on one event.
    pub fn emit(&self, event: &Event<'_>) {
        (self.0)(event);
    }
}

/// The conditions that stop a program before its end.
#[derive(Clone, Copy, Debug)]
pub struct Until<'a> {
    /// The cancellation of the run; none for a program that must run even when the run stops.
    pub cancel: Option<&'a Cancel>,
    /// The time limit.
    pub limit: Duration,
}

/// Runs a program to its end and captures its output.
///
/// # Errors
///
/// When it cannot be started, or was stopped.
pub fn run(
    invocation: &Invocation,
    until: Until<'_>,
    emitter: &Emitter<'_>,
) -> Result<RawOutput, ProcessError> {
    let child = Child::start(invocation, Lines::Kept, None, emitter)?;
    child.finish(until, |_| {})
}

/// Runs a program to its end, and passes on each line of its standard error immediately.
///
/// # Errors
///
/// When it cannot be started, or was stopped.
pub fn stream(
    invocation: &Invocation,
    until: Until<'_>,
    emitter: &Emitter<'_>,
    on_line: impl FnMut(&str),
) -> Result<RawOutput, ProcessError> {
    let child = Child::start(invocation, Lines::PassedOn, None, emitter)?;
    child.finish(until, on_line)
}

/// Whether the lines of standard error are passed on while the program runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
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
pub type Watch<'w> = &'w mut dyn FnMut(u32) -> Option<LimitKind>;

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

impl Child {
    /// Starts a program and captures its output.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn(invocation: &Invocation, emitter: &Emitter<'_>) -> Result<Child, ProcessError> {
        Child::start(invocation, Lines::Kept, None, emitter)
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
        Child::start(invocation, Lines::Kept, Some(output), emitter)
    }

    fn start(
        invocation: &Invocation,
        lines: Lines,
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
            Stdin::File(file) => (program.stdin_path(file), None),
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
        let started = processors::within(invocation.processors, || expression.start());
        let handle = Arc::new(started.map_err(not_started)?);
        let pids = handle.pids();
        running::add(&pids);
        // The expression holds our copies of the write ends; the readers wait for the last one to
        // close.
        drop(expression);

        let (wake, wakes) = channel();
        let line_wake = (lines == Lines::PassedOn).then(|| wake.clone());
        let output_limit = output.map(|limit| OutputLimit::new(limit, wake.clone()));
        let (of_stdout, of_stderr) = (output_limit.clone(), output_limit.clone());
        let stdout = std::thread::spawn(move || capture::capture(stdout, of_stdout.as_ref()));
        let stderr = std::thread::spawn(move || match line_wake {
            Some(wake) => capture::capture_lines(stderr, &wake),
            None => capture::capture(stderr, of_stderr.as_ref()),
        });
        let (waiter, exit_wake) = (Arc::clone(&handle), wake.clone());
        std::thread::spawn(move || {
            // The status itself is read in `output`.
            let _ = waiter.wait();
            running::remove(&pids);
            let _ = exit_wake.send(Wake::Exited);
        });
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
            Ok(output) => status(output),
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

    fn finish(
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

/// A program with its arguments and variables, attached to our own streams.
fn expression(invocation: &Invocation) -> duct::Expression {
    #[expect(clippy::disallowed_methods, reason = "this module starts every program")]
    let program = duct::cmd(&invocation.program, &invocation.args);
    let program = match &invocation.folder {
        Some(folder) => program.dir(folder),
        None => program,
    };
    let added = invocation.env.iter();
    let program = added.fold(program, |program, (name, value)| program.env(name, value));
    // `duct` applies the outermost call first, so that the variables of `env` are added to these.
    match &invocation.only {
        Some(variables) => program.full_env(variables),
        None => program,
    }
}

/// An exit status in a shell's notation: 128 plus the number of a signal.
fn status(output: &std::process::Output) -> i32 {
    match (output.status.code(), output.status.signal()) {
        (Some(code), _) => code,
        (None, signal) => 128 + signal.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;

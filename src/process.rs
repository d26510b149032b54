//! The only door to other programs.
//!
//! Owns how a program is started, waited for and ended: in a process group of its own, so that a
//! Ctrl-C on the terminal reaches cargo pipe alone; with its output captured up to a limit; until
//! it exits, its time is up, or the run stops. Only `lend` gives one our own streams. It knows no
//! docker; the engine decides what a stop means for a container.

mod attach;
mod cancel;
mod processors;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::event::{Event, Observer};
use crate::network::Secrets;
use crate::outcome::RawOutput;

pub use attach::lend;
use cancel::Listening;
pub(crate) use cancel::Wake;
pub use cancel::{Cancel, Stop};

/// How much of each stream is kept, in bytes. What comes after is read and dropped.
const CAPTURE_LIMIT: u64 = 256 * 1024 * 1024;

/// How long a program that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// A program to start.
#[derive(Clone)]
pub struct Invocation {
    /// The program's path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables that it gets besides those of this process.
    pub env: Vec<(&'static str, String)>,
    /// Its variables if those of this process are not for it.
    pub only: Option<BTreeMap<String, OsString>>,
    /// What it was given that nobody may read: it is taken out of the command as it is shown, and of
    /// all that the program writes.
    pub secrets: Secrets,
    /// The folder it is started in; that of this process if none.
    pub folder: Option<PathBuf>,
    /// What it reads from standard input.
    pub stdin: Stdin,
    /// How many processors it has, with all that it starts; all that this process has if none.
    pub processors: Option<usize>,
}

/// What a program reads from standard input.
#[derive(Clone, Debug, Default)]
pub enum Stdin {
    /// Nothing.
    #[default]
    Empty,
    /// This file.
    File(PathBuf),
    /// Nothing, and no end either for as long as this process lives and has not stopped it: whoever
    /// reads an end has to go.
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

    /// The command as it could be typed.
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

/// Variables can hold passwords, so none is shown.
impl fmt::Debug for Invocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Invocation").field(&self.display()).finish()
    }
}

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start `{program}`: {source}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The run was stopped while it ran, and it was ended.
    #[error("stopped")]
    Stopped,
    /// It took longer than it may, and was ended.
    #[error("`{command}` took longer than {}", humantime::format_duration(*.limit))]
    TimedOut {
        /// The command as it could be typed.
        command: String,
        /// What it may take.
        limit: Duration,
    },
}

/// Tells one observer what happens, from any thread, one event at a time.
///
/// The observer is behind a function, so that a longer-lived emitter is accepted where a shorter-lived
/// one is expected.
pub struct Emitter<'a>(Box<dyn Fn(&Event<'_>) + Send + Sync + 'a>);

impl<'a> Emitter<'a> {
    /// Tells this observer.
    pub fn new(observer: &'a mut dyn Observer) -> Self {
        let observer = Mutex::new(observer);
        Emitter(Box::new(move |event| {
            observer.lock().unwrap_or_else(PoisonError::into_inner).observe(event);
        }))
    }

    /// Tells it one thing.
    pub fn emit(&self, event: &Event<'_>) {
        (self.0)(event);
    }
}

/// What stops a program before its end.
#[derive(Clone, Copy, Debug)]
pub struct Until<'a> {
    /// The run's switch; none for what has to be done even when the run stops.
    pub cancel: Option<&'a Cancel>,
    /// How long it may take.
    pub limit: Duration,
}

/// Runs a program to its end and keeps what it wrote.
///
/// # Errors
///
/// When it cannot be started, or was ended before its end.
pub fn run(
    invocation: &Invocation,
    until: Until<'_>,
    emitter: &Emitter<'_>,
) -> Result<RawOutput, ProcessError> {
    let child = Child::start(invocation, Lines::Kept, emitter)?;
    child.finish(until, |_| {})
}

/// Runs a program to its end, and passes on each line of its standard error as it comes.
///
/// # Errors
///
/// When it cannot be started, or was ended before its end.
pub fn stream(
    invocation: &Invocation,
    until: Until<'_>,
    emitter: &Emitter<'_>,
    on_line: impl FnMut(&str),
) -> Result<RawOutput, ProcessError> {
    let child = Child::start(invocation, Lines::PassedOn, emitter)?;
    child.finish(until, on_line)
}

/// Whether lines of standard error are of interest while the program runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    Kept,
    PassedOn,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The program ended by itself.
    Exited,
    /// The run stops; the program still runs.
    Stopped,
    /// Its time is up; the program still runs.
    TimedOut,
}

/// A program that runs.
pub struct Child {
    command: String,
    secrets: Secrets,
    handle: Arc<duct::Handle>,
    wakes: Receiver<Wake>,
    wake: Sender<Wake>,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
    exited: bool,
    held: Option<PipeWriter>,
}

impl Child {
    /// Starts a program whose output is wanted whole.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn(invocation: &Invocation, emitter: &Emitter<'_>) -> Result<Child, ProcessError> {
        Child::start(invocation, Lines::Kept, emitter)
    }

    fn start(
        invocation: &Invocation,
        lines: Lines,
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
        // The expression holds our copy of the pipes' ends; the readers wait for the last one.
        drop(expression);

        let (wake, wakes) = channel();
        let line_wake = (lines == Lines::PassedOn).then(|| wake.clone());
        let stdout = std::thread::spawn(move || capture(stdout));
        let stderr = std::thread::spawn(move || match line_wake {
            Some(wake) => capture_lines(stderr, &wake),
            None => capture(stderr),
        });
        let (waiter, exit_wake) = (Arc::clone(&handle), wake.clone());
        std::thread::spawn(move || {
            // The status itself is read in `output`.
            let _ = waiter.wait();
            let _ = exit_wake.send(Wake::Exited);
        });
        let secrets = invocation.secrets.clone();
        Ok(Child { command, secrets, handle, wakes, wake, stdout, stderr, exited: false, held })
    }

    /// Waits until the program ends, the run stops, or the time is up.
    pub fn wait(&mut self, until: Until<'_>) -> Waited {
        self.wait_with(until, |_| {})
    }

    fn wait_with(&mut self, until: Until<'_>, mut on_line: impl FnMut(&str)) -> Waited {
        let _listening: Option<Listening> =
            until.cancel.map(|cancel| cancel.listen(self.wake.clone()));
        // A limit too far away to be written down is no limit.
        let deadline = Instant::now().checked_add(until.limit);
        while !self.exited {
            let left =
                deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            match self.wakes.recv_timeout(left) {
                Ok(Wake::Line(line)) => on_line(&self.secrets.redact(&line)),
                Ok(Wake::Stop) if until.cancel.is_some() => return Waited::Stopped,
                Ok(Wake::Stop) => {}
                Ok(Wake::Exited) | Err(RecvTimeoutError::Disconnected) => self.exited = true,
                Err(RecvTimeoutError::Timeout) => return Waited::TimedOut,
            }
        }
        Waited::Exited
    }

    /// Ends the program and everything in its process group: first asked, then killed.
    pub fn end(&mut self) {
        drop(self.held.take());
        self.signal(rustix::process::Signal::TERM);
        if self.wait(Until { cancel: None, limit: GRACE }) != Waited::Exited {
            self.kill();
        }
    }

    /// Kills the program and everything in its process group.
    pub fn kill(&mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.wait(Until { cancel: None, limit: Duration::MAX });
    }

    /// What the program left behind. Waits for its end.
    #[must_use]
    pub fn output(self) -> RawOutput {
        self.output_with(|_| {})
    }

    /// The same, and the last lines, which may have been read after the program's end.
    fn output_with(self, mut on_line: impl FnMut(&str)) -> RawOutput {
        let code = match self.handle.wait() {
            Ok(output) => status(output),
            // Only if somebody else reaped it; the captured streams still tell.
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
        match self.wait_with(until, &mut on_line) {
            Waited::Exited => Ok(self.output_with(on_line)),
            Waited::Stopped => {
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
                // It may have ended in the meantime.
                let _ = rustix::process::kill_process_group(group, signal);
            }
        }
    }
}

/// A program with its arguments and variables, and our own streams.
fn expression(invocation: &Invocation) -> duct::Expression {
    #[expect(clippy::disallowed_methods, reason = "this is the one door")]
    let program = duct::cmd(&invocation.program, &invocation.args);
    let program = match &invocation.folder {
        Some(folder) => program.dir(folder),
        None => program,
    };
    let added = invocation.env.iter();
    let program = added.fold(program, |program, (name, value)| program.env(name, value));
    // What is said last holds for all that was said before, and so is the ground of it.
    match &invocation.only {
        Some(variables) => program.full_env(variables),
        None => program,
    }
}

/// An exit status as a shell has it: 128 plus the number for a signal.
fn status(output: &std::process::Output) -> i32 {
    match (output.status.code(), output.status.signal()) {
        (Some(code), _) => code,
        (None, signal) => 128 + signal.unwrap_or_default(),
    }
}

fn capture(mut pipe: PipeReader) -> Vec<u8> {
    let mut kept = Vec::new();
    // A broken pipe ends the stream like its end does.
    let _ = (&mut pipe).take(CAPTURE_LIMIT).read_to_end(&mut kept);
    let _ = io::copy(&mut pipe, &mut io::sink());
    kept
}

fn capture_lines(pipe: PipeReader, wake: &Sender<Wake>) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let _ = wake.send(Wake::Line(String::from_utf8_lossy(&line).trim_end().to_owned()));
        if (kept.len() + line.len()) as u64 <= CAPTURE_LIMIT {
            kept.append(&mut line);
        }
        line.clear();
    }
    kept
}

#[cfg(test)]
mod tests;

//! Starts, awaits and ends every other program.
//!
//! A program runs in its own process group, so that a Ctrl-C on the terminal reaches cargo pipe
//! alone. Its output is captured up to a limit, until it exits, its time is up, or the run stops.
//! Only [`attach()`] passes on our own streams. No other module may start a process; clippy forbids
//! it.

mod attach;
mod cancel;
mod capture;
mod child;
mod processors;
mod running;
mod terminal_state;
mod threads;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::env_vars::PRIVATE;
use crate::event::{Event, Observer};
use crate::outcome::RawOutput;
use crate::secrets::Secrets;

pub use attach::attach;
#[cfg(feature = "cli")]
pub(crate) use cancel::Listening;
pub(crate) use cancel::Wake;
pub use cancel::{Cancel, Stop};
pub(crate) use capture::CAPTURE_LIMIT;
use child::LineMode;
pub use child::{Child, Waited};
pub use running::end_all;
pub use terminal_state::TerminalState;
pub use threads::{for_each_at_once, try_threads};

/// A program to start.
#[derive(Clone)]
pub struct Invocation {
    /// The program's path.
    pub program: PathBuf,
    /// The arguments.
    pub args: Vec<OsString>,
    /// Variables in addition to those of this process.
    pub env: Vec<(Cow<'static, str>, String)>,
    /// Variables of this process that it does not inherit.
    pub removed: Vec<String>,
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
    /// These bytes.
    Bytes(Vec<u8>),
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
            removed: Vec::new(),
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
                // The first line of a script says what it does.
                let word = match word.split_once('\n') {
                    Some((first, _)) => Cow::Owned(format!("{first}…")),
                    None => word,
                };
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

    /// An emitter that shows each event to a listener before it passes it on to another emitter.
    pub fn tap(next: &'a Emitter<'a>, listener: impl Fn(&Event<'_>) + Send + Sync + 'a) -> Self {
        Emitter(Box::new(move |event| {
            listener(event);
            next.emit(event);
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
    let child = Child::start(invocation, LineMode::Kept, None, emitter)?;
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
    let child = Child::start(invocation, LineMode::PassedOn, None, emitter)?;
    child.finish(until, on_line)
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
    let program = added.fold(program, |program, (name, value)| program.env(name.as_ref(), value));
    let removed = invocation.removed.iter().map(String::as_str).chain(PRIVATE);
    let program = removed.fold(program, |program, name| program.env_remove(name));
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

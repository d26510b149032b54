//! Why a task did not do its work.
//!
//! Owns the form of an error: one message, and where the reader can do something about it, what
//! to type. Must not know what went wrong; `main` shows it and ends the process.

use std::fmt;
use std::process::ExitCode;

/// Result of a task.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// One message, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    usage: bool,
}

impl Failure {
    /// The work could not be done.
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, usage: false }
    }

    /// The words on the command line mean nothing.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure { usage: true, ..Failure::new(message) }
    }

    /// A file or folder could not be read, written or moved.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Failure {
        Failure::new(format!("`{}`: {error}", path.display()))
    }

    /// Says what to type next, in place of a hint that is there already.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// The same way out of another trouble.
    pub(crate) fn about(mut self, message: &str) -> Failure {
        self.message = message.to_owned();
        self
    }

    /// 2 for words that mean nothing, else 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.usage { 2 } else { 1 })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

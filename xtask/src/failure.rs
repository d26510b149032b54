//! Error of a task: one message, and a hint about what to type.

use std::fmt;

/// Result of a task.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A message and an optional hint.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// The work could not be done.
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None }
    }

    /// A file or folder could not be read, written or moved.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Failure {
        Failure::new(format!("`{}`: {error}", path.display()))
    }

    /// Sets the hint about what to type, and replaces an earlier one.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// Replaces the message and keeps the hint.
    pub(crate) fn about(mut self, message: &str) -> Failure {
        self.message = message.to_owned();
        self
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

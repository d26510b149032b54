//! Errors of snapshots, and the reasons that they give to checks.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SOURCE_LIMIT;
use crate::outcome::{Reason, ReasonKind};
use crate::project::ProjectPath;
use crate::read::Size;

/// The error of a snapshot.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A path of the configuration does not exist.
    #[error("`{0}` does not exist")]
    Missing(ProjectPath),
    /// A glob is invalid.
    #[error("invalid glob `{glob}`: {reason}")]
    Glob {
        /// The glob.
        glob: String,
        /// The error in it.
        reason: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// The attempted action, such as `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: Arc<io::Error>,
    },
    /// A file is larger than a check can see.
    #[error("the size of `{path}` is {}, and the limit for a source is {}", Size(*.size), Size(SOURCE_LIMIT))]
    TooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// A `.gitignore` or a glob is beyond a limit.
    #[error("`{path}` {problem}")]
    Ignore {
        /// The `.gitignore`.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A path of the configuration is a link.
    #[error("`{0}` is a link; name the folder or file that it leads to")]
    Link(ProjectPath),
    /// The run was stopped.
    #[error("stopped")]
    Stopped,
    /// A file changed each time it was read.
    #[error("`{0}` keeps changing while it is read")]
    Changing(ProjectPath),
}

impl SnapshotError {
    /// The reason of a check that ends with this error.
    pub(crate) fn reason(&self) -> Reason {
        let (kind, hint) = match self {
            SnapshotError::Missing(_) => {
                let hint = "change `source` or `inputs` in pipe.toml to a path that exists";
                (ReasonKind::Config, Some(hint.to_owned()))
            }
            SnapshotError::TooLarge { path, .. } => {
                let hint =
                    format!("add it to `.gitignore`, or to `exclude` in pipe.toml: \"/{path}\"");
                (ReasonKind::Config, Some(hint))
            }
            SnapshotError::Glob { .. } | SnapshotError::Link(_) | SnapshotError::Ignore { .. } => {
                (ReasonKind::Config, None)
            }
            SnapshotError::Stopped => (ReasonKind::Stopped, None),
            _ => (ReasonKind::Environment, None),
        };
        Reason::new(kind, self.to_string()).with_hint(hint)
    }

    /// Whether another attempt may succeed, because files are being edited, renamed or deleted.
    pub(super) fn is_transient(&self) -> bool {
        self.is_gone() || matches!(self, SnapshotError::Changing(_))
    }

    /// Whether a file or folder no longer existed.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, SnapshotError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    pub(crate) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> SnapshotError + use<'a> {
        move |source| SnapshotError::Io { action, path: path.to_owned(), source: Arc::new(source) }
    }
}

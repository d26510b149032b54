//! Git hooks: installs and removes the files that start cargo pipe.
//!
//! A repository has one file for each kind of hook, with a line for each project. A file that others
//! wrote or edited is never touched. The module `script` has the text of such a file.

mod pushed;
mod script;

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::git::{self, GitContext, GitError, HookIndex, HookIndexError};
use crate::outcome::Verdict;
use crate::read::{self, SizeLimit};

pub use pushed::{PushedCommit, parse_pushed};
pub use script::{Entry, HookKind, Script};

/// Why a hook cannot be installed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// The repository is unknown.
    #[error(transparent)]
    Repository(#[from] HookIndexError),
    /// Git failed.
    #[error("cannot read the configuration of git: {0}")]
    Git(#[from] GitError),
    /// Git looks for hooks elsewhere.
    #[error("`core.hooksPath` is `{folder}`, so git runs no hook in `{}`", .own.display())]
    OtherFolder {
        /// The folder that it names.
        folder: String,
        /// The repository's own folder of hooks.
        own: PathBuf,
        /// Advice on the next step.
        hint: String,
    },
    /// Something else wrote the file, or it was edited.
    #[error("`{}` {what}", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The observation, as the end of a sentence.
        what: &'static str,
        /// Advice on the next step.
        hint: String,
    },
    /// The file cannot be read or written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// The attempted action, such as `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

impl HookError {
    /// Advice on the next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            HookError::Repository(error) => error.hint(),
            HookError::OtherFolder { hint, .. } | HookError::Foreign { hint, .. } => {
                Some(hint.clone())
            }
            HookError::Git(_) | HookError::Io { .. } => None,
        }
    }
}

impl HookError {
    /// The verdict of a command that fails with this error.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            HookError::Git(_) | HookError::Io { .. } => Verdict::Error,
            HookError::Repository(_)
            | HookError::OtherFolder { .. }
            | HookError::Foreign { .. } => Verdict::Config,
        }
    }
}

/// A change of the file of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was written.
    Written,
    /// It was removed.
    Removed,
    /// It was as wanted.
    Nothing,
}

/// Adds the project's line to the file of a hook.
///
/// # Errors
///
/// When git looks for hooks elsewhere, others wrote the file, or it cannot be written.
pub fn install(
    context: GitContext<'_>,
    kind: HookKind,
    program: &[String],
    is_fixing: bool,
) -> Result<(PathBuf, Changed), HookError> {
    let index = HookIndex::find(context.root, context.variables)?;
    let folder = index.project_folder().to_owned();
    let entry = Entry { program: program.to_vec(), folder, is_fixing };
    let (own, path) = locate(&index, kind);
    let line = entry.command(kind);
    if let Some(folder) = git::find_hooks_path(context)? {
        let hint = format!("add this line to `{kind}` in that folder:\n{line}");
        return Err(HookError::OtherFolder { folder, own, hint });
    }
    let mut script = read_own(&path, kind)
        .map_err(|refused| refused.into_error(&path, describe_line(kind, &line)))?
        .unwrap_or_else(|| Script::new(kind));
    let before = script.clone();
    script.add(entry);
    if script == before {
        return Ok((path, Changed::Nothing));
    }
    fs::create_dir_all(&own).map_err(failed("create", &own))?;
    write(&path, &script.render())?;
    Ok((path, Changed::Written))
}

/// Removes the project's line from the file of a hook, and the file with its last line.
///
/// # Errors
///
/// When others edited the file, or it cannot be written.
pub fn uninstall(context: GitContext<'_>, kind: HookKind) -> Result<(PathBuf, Changed), HookError> {
    let index = HookIndex::find(context.root, context.variables)?;
    let (_, path) = locate(&index, kind);
    let mut script = match read_own(&path, kind) {
        Ok(Some(script)) => script,
        Ok(None) | Err(Refused::Foreign(_)) => return Ok((path, Changed::Nothing)),
        Err(refused) => {
            let hint = "remove the line with `hook run` from it".to_owned();
            return Err(refused.into_error(&path, hint));
        }
    };
    if !script.remove(index.project_folder()) {
        return Ok((path, Changed::Nothing));
    }
    if script.is_empty() {
        fs::remove_file(&path).map_err(failed("remove", &path))?;
        return Ok((path, Changed::Removed));
    }
    write(&path, &script.render())?;
    Ok((path, Changed::Written))
}

/// The repository's folder of hooks, and the file of one of them.
fn locate(index: &HookIndex, kind: HookKind) -> (PathBuf, PathBuf) {
    let folder = index.hooks_folder();
    let path = folder.join(kind.name());
    (folder, path)
}

/// Why a file is not taken for ours.
enum Refused {
    /// Something else wrote it.
    Foreign(&'static str),
    /// It was ours before it was edited.
    Edited,
    Io(io::Error),
}

impl Refused {
    fn into_error(self, path: &Path, hint: String) -> HookError {
        let path = path.to_owned();
        match self {
            Refused::Foreign(what) => HookError::Foreign { path, what, hint },
            Refused::Edited => {
                HookError::Foreign { path, what: "was edited, so it was left alone", hint }
            }
            Refused::Io(source) => HookError::Io { action: "read", path, source },
        }
    }
}

/// Reads the file of a hook, if it exists and is ours.
fn read_own(path: &Path, kind: HookKind) -> Result<Option<Script>, Refused> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Refused::Io(error)),
        Ok(metadata) if !metadata.is_file() => {
            return Err(Refused::Foreign("is not a regular file, so it was left alone"));
        }
        Ok(_) => {}
    }
    let bytes =
        read::read_unlinked(path, SizeLimit::Config).map_err(|it| Refused::Io(it.into()))?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(Refused::Foreign("is a hook of another program"));
    };
    match Script::parse(kind, &text) {
        Some(script) => Ok(Some(script)),
        None if Script::is_marked(&text) => Err(Refused::Edited),
        None if text.contains("pre-commit.com") => Err(Refused::Foreign("is a hook of pre-commit")),
        None if text.contains("prek") => Err(Refused::Foreign("is a hook of prek")),
        None => Err(Refused::Foreign("is a hook of another program")),
    }
}

/// Says how a hook of others starts cargo pipe.
fn describe_line(kind: HookKind, line: &str) -> String {
    let text = format!("add this line to it:\n{line}");
    match kind {
        HookKind::PreCommit => format!(
            "{text}\nor, with pre-commit or prek, this entry to `.pre-commit-config.yaml`:\n{}",
            script::PRE_COMMIT_ENTRY
        ),
        HookKind::PrePush => text,
    }
}

/// Replaces a file atomically.
fn write(path: &Path, text: &str) -> Result<(), HookError> {
    let folder = path.parent().unwrap_or(path);
    let written =
        tempfile::Builder::new().prefix(".cargo-pipe-").tempfile_in(folder).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.as_file().set_permissions(fs::Permissions::from_mode(0o755))?;
            file.persist(path).map_err(io::Error::from)
        });
    written.map(drop).map_err(failed("write", path))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HookError {
    let path = path.to_owned();
    move |source| HookError::Io { action, path, source }
}

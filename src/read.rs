//! Reads files within limits.
//!
//! A stranger may have written the project: a file of it can be a link to `/etc/shadow` or to
//! `/dev/zero`, a pipe that never gets a writer, or a terabyte of zeros. So every file of the project
//! goes through [`read_project_file`], which refuses whatever leads out of the project, is not a
//! regular file, or is larger than files of its kind are. It never blocks: a file is opened without
//! waiting, and inspected once it is open. `cargo xtask tidy` refuses other ways to read a file.
//!
//! The sizes are in `src/guide/security.md` as well.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::discover::{self, OutsideError};
use crate::project::ProjectPath;

/// The size that files of a kind may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SizeLimit {
    /// A `.gitignore`: 256 KiB. Its patterns are compiled in every run.
    Gitignore,
    /// Manifests, configurations, Dockerfiles, pipelines: 4 MiB.
    Config,
    /// Journals of tests: 16 MiB.
    Journal,
    /// Locks: 32 MiB. A lock of a thousand packages has about one.
    Lock,
    /// Baselines and reports: 256 MiB.
    Report,
    /// The index of a repository, and the record of a copy: 512 MiB, for millions of files.
    GitIndex,
    /// Sources: 1 GiB. They are hashed and copied in pieces.
    Source,
}

impl SizeLimit {
    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            SizeLimit::Gitignore => MIB / 4,
            SizeLimit::Config => 4 * MIB,
            SizeLimit::Journal => 16 * MIB,
            SizeLimit::Lock => 32 * MIB,
            SizeLimit::Report => 256 * MIB,
            SizeLimit::GitIndex => 512 * MIB,
            SizeLimit::Source => 1024 * MIB,
        }
    }
}

const MIB: u64 = 1024 * 1024;

/// The reason why a file is not read. Its message does not repeat the path of the file, which the
/// caller names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It does not exist.
    #[error("it does not exist")]
    Missing,
    /// The path leaves the project.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// It is something else than a file.
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    /// It is larger than files of its kind may be.
    #[error("its size is {}, and the limit is {}", Size(*size), Size(*limit))]
    TooLarge {
        /// Its size in bytes, or the part of it that was read.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// It contains bytes that are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// The system refuses it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ReadError {
    /// Whether the file does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self {
            ReadError::Missing => true,
            ReadError::Io(error) => error.kind() == ErrorKind::NotFound,
            _ => false,
        }
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> io::Error {
        match error {
            ReadError::Io(error) => error,
            error @ ReadError::Missing => io::Error::new(ErrorKind::NotFound, error),
            error @ ReadError::NotUtf8 => io::Error::new(ErrorKind::InvalidData, error),
            error => io::Error::other(error),
        }
    }
}

/// A size in bytes, in the largest unit that keeps it readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl std::fmt::Display for Size {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Size(bytes) = *self;
        let units = [(MIB * MIB, "TiB"), (1024 * MIB, "GiB"), (MIB, "MiB"), (1024, "KiB")];
        let Some((unit, name)) = units.into_iter().find(|(unit, _)| bytes >= *unit) else {
            return write!(formatter, "{bytes} bytes");
        };
        let (whole, tenth) = (bytes / unit, bytes % unit * 10 / unit);
        if tenth == 0 {
            write!(formatter, "{whole} {name}")
        } else {
            write!(formatter, "{whole}.{tenth} {name}")
        }
    }
}

/// Reads a file of the project at `root`. Links inside the project are followed.
///
/// # Errors
///
/// When the path leaves the project, or the file is missing, is not a regular file, is too large or
/// cannot be read.
pub fn read_project_file(
    root: &Path,
    path: &ProjectPath,
    limit: SizeLimit,
) -> Result<Vec<u8>, ReadError> {
    let Some(place) = discover::resolve(root, path)? else {
        return Err(ReadError::Missing);
    };
    // The resolved path has no link, so one that takes a file's place by now is refused.
    let (file, size) = open_regular(&place, OFlags::NOFOLLOW)?;
    read_bounded(file, size, limit.bytes())
}

/// Reads a text of the project at `root`.
///
/// # Errors
///
/// When [`read_project_file`] fails, or the content is not UTF-8.
pub fn read_project_text(
    root: &Path,
    path: &ProjectPath,
    limit: SizeLimit,
) -> Result<String, ReadError> {
    to_text(read_project_file(root, path, limit)?)
}

/// Reads a regular file of the machine or of our own. Links are followed wherever they lead, so it
/// is not for files of a project.
///
/// # Errors
///
/// When the file is missing, is not a regular file, is too large or cannot be read.
pub fn read_file(place: &Path, limit: SizeLimit) -> Result<Vec<u8>, ReadError> {
    let (file, size) = open_regular(place, OFlags::empty())?;
    read_bounded(file, size, limit.bytes())
}

/// Reads a regular file in a folder that a walk of the project reached. Unlike
/// [`read_project_file`] it follows no link in the last part of the path, and checks no other part.
///
/// # Errors
///
/// When the file is missing, a link, not a regular file, is too large or cannot be read.
pub fn read_unlinked(place: &Path, limit: SizeLimit) -> Result<Vec<u8>, ReadError> {
    let (file, size) = open_unlinked(place)?;
    read_bounded(file, size, limit.bytes())
}

/// Reads a text that the user named on the command line. It may lie anywhere, and may be a pipe or
/// `/dev/stdin`, which is read to its end.
///
/// # Errors
///
/// When the file is missing, a folder, too large, not UTF-8 or cannot be read.
pub fn read_named_text(place: &Path, limit: SizeLimit) -> Result<String, ReadError> {
    let file = File::open(place)?;
    let metadata = file.metadata()?;
    to_text(read_bounded(file, metadata.len(), limit.bytes())?)
}

/// Opens a regular file without following a link in its last part, and without waiting for a writer
/// if it is a pipe.
///
/// # Errors
///
/// When the file is missing, a link, not a regular file, or cannot be opened.
pub fn open_unlinked(place: &Path) -> Result<(File, u64), ReadError> {
    open_regular(place, OFlags::NOFOLLOW)
}

/// Opens a regular file, and returns it with its size.
fn open_regular(place: &Path, flags: OFlags) -> Result<(File, u64), ReadError> {
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = match fs::OpenOptions::new().read(true).custom_flags(flags).open(place) {
        Ok(file) => file,
        Err(error) => return Err(explain_failure(place, error)),
    };
    // The open file is inspected, not whatever has its name by now.
    let metadata = file.metadata()?;
    match describe_kind(metadata.file_type()) {
        Some(kind) => Err(ReadError::NotRegular(kind)),
        None => Ok((file, metadata.len())),
    }
}

/// Sockets and links cannot be opened at all.
fn explain_failure(place: &Path, error: io::Error) -> ReadError {
    let is_special = [Errno::NXIO, Errno::LOOP, Errno::NODEV]
        .iter()
        .any(|special| error.raw_os_error() == Some(special.raw_os_error()));
    let kind = is_special.then(|| fs::symlink_metadata(place)).and_then(Result::ok);
    match kind.and_then(|metadata| describe_kind(metadata.file_type())) {
        Some(kind) => ReadError::NotRegular(kind),
        None => ReadError::Io(error),
    }
}

/// Describes a type of file; none if it is a regular file.
fn describe_kind(kind: fs::FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a folder")
    } else if kind.is_symlink() {
        Some("a link")
    } else if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}

/// Reads a file of this size to its end. The limit holds for a file that grows meanwhile as well.
fn read_bounded(file: impl Read, size: u64, limit: u64) -> Result<Vec<u8>, ReadError> {
    if size > limit {
        return Err(ReadError::TooLarge { size, limit });
    }
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(limit + 1).read_to_end(&mut content)?;
    let size = content.len() as u64;
    if size > limit {
        return Err(ReadError::TooLarge { size, limit });
    }
    Ok(content)
}

fn to_text(content: Vec<u8>) -> Result<String, ReadError> {
    String::from_utf8(content).map_err(|_| ReadError::NotUtf8)
}

#[cfg(test)]
mod tests;

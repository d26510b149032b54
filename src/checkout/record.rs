//! The record of a checkout: which content each file has, and its metadata after it was written.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::CheckoutError;
use crate::cache::{self, Stat, entry};
use crate::git::{Staged, StagedFile, StagedKind};
use crate::hash::Hash;
use crate::read::{self, SizeLimit};

/// The name of the record.
const RECORD: &str = "record";
/// The name of the file with the project's folder.
const ROOT: &str = "root";

/// The record of a checkout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CheckoutRecord {
    /// The folder that the user works in.
    pub(super) root: PathBuf,
    /// The hash of what decided how contents were converted.
    pub(super) conversion: Hash,
    /// The files, sorted by path.
    pub(super) files: Vec<RecordedFile>,
}

/// A file of a checkout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordedFile {
    pub(super) path: String,
    pub(super) id: String,
    kind: u8,
    stat: Stat,
    /// Why its content is missing.
    pub(super) withheld: Option<String>,
}

impl CheckoutRecord {
    /// An empty record for these files.
    pub(super) fn new(staged: &Staged<'_>) -> CheckoutRecord {
        CheckoutRecord { root: PathBuf::new(), conversion: staged.conversion, files: Vec::new() }
    }

    /// Reads the record of a checkout. One that is missing or damaged is none.
    pub(super) fn read(folder: &Path) -> Option<CheckoutRecord> {
        let bytes = read::read_file(&folder.join(RECORD), SizeLimit::GitIndex).ok()?;
        Some(entry::open(RECORD, &bytes)?.0)
    }

    /// The folder that the user of a checkout works in.
    pub(super) fn read_root(folder: &Path) -> Option<PathBuf> {
        Some(entry::open(ROOT, &read::read_file(&folder.join(ROOT), SizeLimit::Config).ok()?)?.0)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), CheckoutError> {
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            cache::replace(&path, &[bytes]).map_err(CheckoutError::io("write", &path))
        };
        if CheckoutRecord::read_root(folder).as_ref() != Some(&self.root) {
            write(ROOT, &entry::seal(ROOT, &self.root))?;
        }
        write(RECORD, &entry::seal(RECORD, self))
    }
}

impl RecordedFile {
    /// The record of a file that was written.
    pub(super) fn new(
        path: &str,
        file: &StagedFile,
        stat: Stat,
        withheld: Option<String>,
    ) -> RecordedFile {
        let StagedFile { kind, id } = file;
        RecordedFile { path: path.to_owned(), id: id.clone(), kind: number(*kind), stat, withheld }
    }

    /// Whether the file on disk, with this metadata, has the wanted content.
    pub(super) fn is_written(&self, wanted: &StagedFile, stat: &Stat) -> bool {
        self.id == wanted.id && self.kind == number(wanted.kind) && self.stat == *stat
    }
}

impl RecordedFile {
    /// Whether the file on disk is as it was after it was written.
    pub(super) fn has_stat(&self, stat: &Stat) -> bool {
        self.stat == *stat
    }
}

fn number(kind: StagedKind) -> u8 {
    match kind {
        StagedKind::File { executable: false } => 0,
        StagedKind::File { executable: true } => 1,
        StagedKind::Link => 2,
        StagedKind::Submodule => 3,
    }
}

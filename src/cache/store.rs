//! Outcomes of checks, each under its [`Key`].
//!
//! Owns the folder `results`, which can be carried to another machine as it is: a file for each
//! outcome, whose time says when it was last of use, so that the oldest go when there are too many.
//! It must not decide what may be kept. An entry is believed if it is whole and in its place; whoever
//! can write to the folder can write what is believed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::state::STATES;
use super::{Key, PARTIAL, create, entry, is_ours, mark, replace};
use crate::config::CacheMode;
use crate::finding::{Excerpts, Finding};
use crate::fingerprint;
use crate::fingerprint::ingredients::Inputs;
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Log, Status};

/// The folder's name.
pub(super) const RESULTS: &str = "results";

/// Where lists of files are, below it.
const FILES: &str = "files";

/// How old a file has to be that nobody finished to be taken for left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// What is kept of an outcome: all but the names that other checks have, and when it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CachedOutcome {
    /// Passed or findings.
    pub status: Status,
    /// pylint's score.
    pub score: Option<f64>,
    /// What the tool wrote.
    pub log: Log,
    /// Sorted findings.
    pub findings: Vec<Finding>,
    /// The source lines that they speak of.
    pub excerpts: Excerpts,
    /// What the tool warned of.
    pub warnings: Vec<String>,
}

impl From<CheckOutcome> for CachedOutcome {
    fn from(outcome: CheckOutcome) -> CachedOutcome {
        let CheckOutcome { status, score, log, findings, excerpts, warnings, .. } = outcome;
        CachedOutcome { status, score, log, findings, excerpts, warnings }
    }
}

/// What a kept outcome was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutcomeOrigin {
    /// The name that its check had.
    pub check: String,
    /// What the fingerprint is made from.
    pub inputs: Inputs,
}

/// Outcomes of checks.
#[derive(Debug)]
pub struct ResultCache {
    home: PathBuf,
    mode: CacheMode,
    /// How much may be kept, in bytes.
    limit: u64,
}

impl ResultCache {
    /// The store of a user, for this use.
    #[must_use]
    pub fn new(home: PathBuf, mode: CacheMode, limit: u64) -> ResultCache {
        ResultCache { home, mode, limit }
    }

    /// Where it is.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What it is used for.
    #[must_use]
    pub fn mode(&self) -> CacheMode {
        self.mode
    }

    /// The outcome under a key.
    #[must_use]
    pub fn lookup(&self, key: &Key) -> Option<CachedOutcome> {
        if !self.mode.replays() || !is_ours(&self.folder()) {
            return None;
        }
        let mut file = File::open(self.folder().join(key.path())).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let (_, rest) = entry::open::<OutcomeOrigin>(&origin(key), &bytes)?;
        let (kept, rest) = entry::open(&outcome(key), rest)?;
        if self.mode.keeps() {
            // Used just now. Where that cannot be written down it is only forgotten earlier.
            let _ = file.set_modified(SystemTime::now());
        }
        rest.is_empty().then_some(kept)
    }

    /// Whether there is an outcome under a key, as far as can be seen without reading it.
    #[must_use]
    pub fn holds(&self, key: &Key) -> bool {
        self.folder().join(key.path()).is_file()
    }

    /// Keeps an outcome under a key, and lets go of the oldest if there is too much.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn save(&self, key: &Key, of: &OutcomeOrigin, kept: &CachedOutcome) -> io::Result<()> {
        if !self.mode.keeps() {
            return Ok(());
        }
        let path = self.create()?.join(key.path());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        replace(&path, &[&entry::seal(&origin(key), of), &entry::seal(&outcome(key), kept)])?;
        self.evict();
        Ok(())
    }

    /// Forgets the outcome under a key.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be removed.
    pub fn forget(&self, key: &Key) -> io::Result<()> {
        match fs::remove_file(self.folder().join(key.path())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Keeps the list of a snapshot's files, so that a difference from it can be named.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn save_files(&self, sources: &Hash, files: &BTreeMap<String, Hash>) -> io::Result<()> {
        let path = self.files_path(sources);
        if !self.mode.keeps() || path.exists() {
            return Ok(());
        }
        fs::create_dir_all(self.create()?.join(FILES))?;
        replace(&path, &[&entry::seal(FILES, files)])
    }

    /// The list of a snapshot's files.
    #[must_use]
    pub fn files(&self, sources: &Hash) -> Option<BTreeMap<String, Hash>> {
        let bytes = fs::read(self.files_path(sources)).ok()?;
        let (files, _): (BTreeMap<String, Hash>, _) = entry::open(FILES, &bytes)?;
        let hash = fingerprint::of_files(files.iter().map(|(path, hash)| (path.as_str(), *hash)));
        (hash == *sources).then_some(files)
    }

    /// What each outcome was made from.
    #[must_use]
    pub fn origins(&self) -> Vec<OutcomeOrigin> {
        let entries = entries(&self.folder());
        let others = [FILES, STATES].map(|name| self.folder().join(name));
        let outcomes = entries
            .iter()
            .filter(|entry| !others.iter().any(|other| entry.path.starts_with(other)));
        outcomes.filter_map(|entry| read_origin(&entry.path)).collect()
    }

    /// The folder of what can be carried to another machine.
    pub(super) fn folder(&self) -> PathBuf {
        self.home.join(RESULTS)
    }

    fn files_path(&self, sources: &Hash) -> PathBuf {
        self.folder().join(FILES).join(sources.to_string())
    }

    pub(super) fn create(&self) -> io::Result<PathBuf> {
        let folder = create(&self.home, RESULTS)?;
        // It may be carried alone.
        mark(&folder)?;
        Ok(folder)
    }

    /// Lets go of what was of no use for the longest time, until a tenth of the limit is free.
    pub(super) fn evict(&self) {
        let mut entries = entries(&self.folder());
        let now = SystemTime::now();
        entries.retain(|entry| {
            let age = now.duration_since(entry.used).unwrap_or_default();
            let is_partial = entry.name.starts_with(PARTIAL);
            if is_partial && age > LEFT_BEHIND {
                // Somebody else may have been faster.
                let _ = fs::remove_file(&entry.path);
            }
            !is_partial
        });
        let mut total: u64 = entries.iter().map(|entry| entry.size).sum();
        if total <= self.limit {
            return;
        }
        entries.sort_by_key(|entry| entry.used);
        for entry in entries {
            if total <= self.limit - self.limit / 10 {
                return;
            }
            let _ = fs::remove_file(&entry.path);
            total = total.saturating_sub(entry.size);
        }
    }
}

/// A file below the folder.
struct Entry {
    path: PathBuf,
    name: String,
    used: SystemTime,
    size: u64,
}

fn entries(folder: &Path) -> Vec<Entry> {
    let below = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let entry = |entry: fs::DirEntry| {
        let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(Entry {
            path: entry.path(),
            name: entry.file_name().to_string_lossy().into_owned(),
            used: metadata.modified().ok()?,
            size: metadata.len(),
        })
    };
    below(folder).flat_map(|folder| below(&folder.path())).filter_map(entry).collect()
}

/// What the outcome in a file was made from; its end is not read.
fn read_origin(path: &Path) -> Option<OutcomeOrigin> {
    let folder = path.parent()?.file_name()?.to_str()?;
    let name = format!("{folder}{}", path.file_name()?.to_str()?);
    let bytes = fs::read(path).ok()?;
    Some(entry::open(&origin_of(&name), &bytes)?.0)
}

fn origin(key: &Key) -> String {
    origin_of(&key.to_string())
}

fn origin_of(key: &str) -> String {
    format!("origin {key}")
}

fn outcome(key: &Key) -> String {
    format!("outcome {key}")
}

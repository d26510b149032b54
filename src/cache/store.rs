//! The result cache: outcomes of checks, each under its [`Key`].
//!
//! The folder `results` can be carried to another machine as it is. It has one file for each
//! outcome; the file's time says when it was last used, so that the oldest are evicted first. An
//! entry is believed if it is intact and under its own name. Anyone who can write to the folder can
//! therefore write entries that are believed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{Key, PARTIAL, SharedCache, create, entry, is_ours, mark, replace};
use crate::config::CacheMode;
use crate::finding::{Excerpts, Finding};
use crate::fingerprint;
use crate::fingerprint::ingredients::Inputs;
use crate::hash::Hash;
use crate::outcome::{CheckOutcome, Coverage, Log, Status};

/// The name of the folder.
pub(super) const RESULTS: &str = "results";

/// The folder of file lists in it.
const FILES: &str = "files";

/// The folder of the incremental tools' memories in it.
pub(super) const MEMORIES: &str = "states";

/// The age from which an unfinished file counts as left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// The part of an outcome that is cached: everything but its name, its time and its duration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CachedOutcome {
    /// Passed or findings.
    pub status: Status,
    /// The score of pylint.
    pub score: Option<f64>,
    /// The lines that tests executed.
    pub coverage: Option<Coverage>,
    /// The output of the tool.
    pub log: Log,
    /// The findings, sorted.
    pub findings: Vec<Finding>,
    /// The source lines of the findings.
    pub excerpts: Excerpts,
    /// The warnings of the tool.
    pub warnings: Vec<String>,
}

impl From<CheckOutcome> for CachedOutcome {
    fn from(outcome: CheckOutcome) -> CachedOutcome {
        let CheckOutcome { status, score, coverage, log, findings, excerpts, warnings, .. } =
            outcome;
        CachedOutcome { status, score, coverage, log, findings, excerpts, warnings }
    }
}

/// The check and the inputs of a cached outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutcomeOrigin {
    /// The name of the check.
    pub check: String,
    /// The inputs behind the fingerprint.
    pub inputs: Inputs,
}

/// The cached outcomes of checks.
pub struct ResultCache {
    home: PathBuf,
    mode: CacheMode,
    /// The size limit in bytes.
    limit: u64,
    /// The cache that other machines share.
    shared: Option<Arc<dyn SharedCache>>,
}

impl ResultCache {
    /// Opens the result cache in the user's cache folder.
    #[must_use]
    pub fn new(home: PathBuf, mode: CacheMode, limit: u64) -> ResultCache {
        ResultCache { home, mode, limit, shared: None }
    }

    /// The same with a cache that other machines share: outcomes that are missing here are looked up there,
    /// and new ones are passed on.
    pub(crate) fn sharing(self, shared: Option<Arc<dyn SharedCache>>) -> ResultCache {
        ResultCache { shared, ..self }
    }

    /// The user's cache folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Whether it is read and written.
    #[must_use]
    pub fn mode(&self) -> CacheMode {
        self.mode
    }

    /// Looks up the outcome under a key.
    #[must_use]
    pub fn lookup(&self, key: &Key) -> Option<CachedOutcome> {
        if !self.mode.replays() {
            return None;
        }
        self.lookup_local(key).or_else(|| self.lookup_shared(key))
    }

    fn lookup_local(&self, key: &Key) -> Option<CachedOutcome> {
        if !is_ours(&self.folder()) {
            return None;
        }
        let mut file = File::open(self.folder().join(key.path())).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let (_, cached) = read_entry(key, &bytes)?;
        if self.mode.keeps() {
            // Marks it as just used. If that fails, it is only evicted earlier.
            let _ = file.set_modified(SystemTime::now());
        }
        Some(cached)
    }

    /// Looks up an outcome in the shared cache, and keeps it here.
    fn lookup_shared(&self, key: &Key) -> Option<CachedOutcome> {
        let bytes = self.shared.as_ref()?.fetch(key)?;
        let (origin, cached) = read_entry(key, &bytes)?;
        if Key::from_fingerprint(&origin.inputs.ingredients.fingerprint()) != *key {
            return None;
        }
        if self.mode.keeps() {
            // The next run asks the shared cache again if it cannot be written.
            let _ = self.write(key, &[&bytes]);
        }
        Some(cached)
    }

    /// Whether a file exists for a key. It may still be damaged.
    #[must_use]
    pub fn holds(&self, key: &Key) -> bool {
        self.folder().join(key.path()).is_file()
    }

    /// Saves an outcome under a key, and evicts the oldest ones above the size limit.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(&self, key: &Key, from: &OutcomeOrigin, cached: &CachedOutcome) -> io::Result<()> {
        if !self.mode.keeps() {
            return Ok(());
        }
        let sealed = [entry::seal(&origin(key), from), entry::seal(&outcome(key), cached)];
        self.write(key, &[&sealed[0], &sealed[1]])?;
        if let Some(shared) = &self.shared {
            shared.send(key, from.inputs.ingredients.fingerprint(), sealed.concat());
        }
        Ok(())
    }

    /// Writes an entry, and evicts the oldest ones above the size limit.
    fn write(&self, key: &Key, parts: &[&[u8]]) -> io::Result<()> {
        let path = self.create()?.join(key.path());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        replace(&path, parts)?;
        self.evict();
        Ok(())
    }

    /// Forgets the outcome under a key.
    ///
    /// # Errors
    ///
    /// When the file exists and cannot be removed.
    pub fn forget(&self, key: &Key) -> io::Result<()> {
        match fs::remove_file(self.folder().join(key.path())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Saves the list of a snapshot's files, so that changed files can be named later.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save_files(&self, sources: &Hash, files: &BTreeMap<String, Hash>) -> io::Result<()> {
        let path = self.files_path(sources);
        if !self.mode.keeps() || path.exists() {
            return Ok(());
        }
        fs::create_dir_all(self.create()?.join(FILES))?;
        replace(&path, &[&entry::seal(FILES, files)])
    }

    /// Looks up the list of a snapshot's files.
    #[must_use]
    pub fn files(&self, sources: &Hash) -> Option<BTreeMap<String, Hash>> {
        let bytes = fs::read(self.files_path(sources)).ok()?;
        let (files, _): (BTreeMap<String, Hash>, _) = entry::open(FILES, &bytes)?;
        let hash = fingerprint::of_files(files.iter().map(|(path, hash)| (path.as_str(), *hash)));
        (hash == *sources).then_some(files)
    }

    /// The origin of each cached outcome.
    #[must_use]
    pub fn origins(&self) -> Vec<OutcomeOrigin> {
        let entries = entries(&self.folder());
        let others = [FILES, MEMORIES].map(|name| self.folder().join(name));
        let outcomes = entries
            .iter()
            .filter(|entry| !others.iter().any(|other| entry.path.starts_with(other)));
        outcomes.filter_map(|entry| read_origin(&entry.path)).collect()
    }

    /// The number of files, and their size in bytes.
    #[must_use]
    pub fn measure(&self) -> (usize, u64) {
        let entries = entries(&self.folder());
        (entries.len(), entries.iter().map(|entry| entry.size).sum())
    }

    /// The folder that can be carried to another machine.
    pub(super) fn folder(&self) -> PathBuf {
        self.home.join(RESULTS)
    }

    fn files_path(&self, sources: &Hash) -> PathBuf {
        self.folder().join(FILES).join(sources.to_string())
    }

    pub(super) fn create(&self) -> io::Result<PathBuf> {
        let folder = create(&self.home, RESULTS)?;
        // The folder may be carried without its parent, which is marked, too.
        mark(&folder)?;
        Ok(folder)
    }

    /// Evicts the least recently used files until a tenth of the limit is free.
    pub(super) fn evict(&self) {
        let mut entries = entries(&self.folder());
        let now = SystemTime::now();
        entries.retain(|entry| {
            let age = now.duration_since(entry.used).unwrap_or_default();
            let is_partial = entry.name.starts_with(PARTIAL);
            if is_partial && age > LEFT_BEHIND {
                // Another run may have removed it first.
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

/// Reads an entry, if it is intact and belongs to the key.
fn read_entry(key: &Key, bytes: &[u8]) -> Option<(OutcomeOrigin, CachedOutcome)> {
    let (from, rest) = entry::open(&origin(key), bytes)?;
    let (cached, rest) = entry::open(&outcome(key), rest)?;
    rest.is_empty().then_some((from, cached))
}

/// Reads the origin of the outcome in a file, and not the outcome.
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

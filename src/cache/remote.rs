//! A remote cache: outcomes that machines of a team share, in a store that no machine has to trust.
//!
//! An entry is believed if the owner of a key that the caller named has signed it for its fingerprint;
//! anything else in the store is a miss. The store costs a run a bounded time: after the first failure,
//! or when the time for reading is spent, it is not asked again by this run. New entries are sent in the
//! background, and a run waits for them a bounded time at its end.

mod entry;
mod keys;
mod store;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Key;
use super::shared_cache::SharedCache;
use crate::env_vars::{CACHE_KEYS, CACHE_REMOTE, CACHE_SIGNING_KEY, EnvVars};
use crate::hash::Hash;
use crate::read::{self, SizeLimit};
use crate::report::count::Count;

use keys::{PublicKey, SigningKey};
use store::Store;

pub(crate) use keys::generate;

/// The time that one request may take.
const REQUEST: Duration = Duration::from_secs(5);

/// The time that all requests for entries of a run may take together.
const READING: Duration = Duration::from_secs(15);

/// The time for which a run waits at its end for entries that are being sent.
const WRITING: Duration = Duration::from_secs(5);

/// A remote cache.
pub(crate) struct RemoteCache {
    store: Arc<Store>,
    believed: Vec<PublicKey>,
    signer: Option<SigningKey>,
    reading: Mutex<Reading>,
    sending: Mutex<Option<Sending>>,
}

/// What a run has asked so far.
#[derive(Default)]
struct Reading {
    asked: BTreeSet<Key>,
    spent: Duration,
    trouble: Option<String>,
    unbelieved: usize,
}

/// The thread that sends entries.
struct Sending {
    entries: Sender<(Key, Vec<u8>)>,
    /// Gets the number of entries that were not sent, and the reason.
    ended: Receiver<Option<(usize, String)>>,
    number: usize,
}

impl RemoteCache {
    /// The remote cache that the variables name; none if they name none. `authorities` is a file of
    /// certificates that replace the usual ones.
    ///
    /// # Errors
    ///
    /// When the address or a key is not valid.
    pub(crate) fn of(
        variables: &EnvVars,
        authorities: Option<PathBuf>,
    ) -> Result<Option<RemoteCache>, String> {
        let Some(address) = variables.get(CACHE_REMOTE) else { return Ok(None) };
        let store = Store::open(address, variables, authorities)
            .map_err(|error| format!("invalid `{CACHE_REMOTE}`: {error}"))?;
        let mut believed = Vec::new();
        let keys = variables.get(CACHE_KEYS).unwrap_or_default();
        for text in keys.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let key = PublicKey::parse(text).ok_or_else(|| {
                format!("invalid `{CACHE_KEYS}`: expected public keys such as `ed25519:…`")
            })?;
            believed.push(key);
        }
        let signer = read_signing_key(variables)?;
        let (reading, sending) = (Mutex::default(), Mutex::default());
        Ok(Some(RemoteCache { store: Arc::new(store), believed, signer, reading, sending }))
    }

    /// Describes it in a line: its host, whose entries are believed, and whether new ones are signed.
    pub(crate) fn describe(&self) -> String {
        let believed = Count(self.believed.len(), "believed key");
        let signs = match &self.signer {
            Some(signer) => format!("signs as {}", signer.public_key()),
            None => "signs nothing".to_owned(),
        };
        format!("{}, {believed}, {signs}", self.store.host())
    }

    /// The time that a request for an entry may take; none if the entry is not asked for.
    fn begin_reading(&self, key: &Key) -> Option<Duration> {
        let mut reading = lock(&self.reading);
        let left = READING.saturating_sub(reading.spent);
        let is_asked = !self.believed.is_empty()
            && reading.trouble.is_none()
            && !left.is_zero()
            && reading.asked.insert(*key);
        is_asked.then_some(left.min(REQUEST))
    }
}

impl SharedCache for RemoteCache {
    fn fetch(&self, key: &Key) -> Option<Vec<u8>> {
        let limit = self.begin_reading(key)?;
        let started = Instant::now();
        let answer = self.store.get(key, limit);
        let mut reading = lock(&self.reading);
        reading.spent += started.elapsed();
        if reading.spent >= READING {
            reading.trouble.get_or_insert_with(|| "it is slow".to_owned());
        }
        match answer {
            Ok(Some(bytes)) => {
                let content = entry::open(key, &bytes, &self.believed);
                reading.unbelieved += usize::from(content.is_none());
                content
            }
            Ok(None) => None,
            Err(trouble) => {
                reading.trouble.get_or_insert(trouble);
                None
            }
        }
    }

    fn send(&self, key: &Key, fingerprint: Hash, bytes: Vec<u8>) {
        let Some(signer) = &self.signer else { return };
        let Some(entry) = entry::sign(key, fingerprint, &bytes, signer) else { return };
        let mut sending = lock(&self.sending);
        if sending.is_none() {
            *sending = start_sending(Arc::clone(&self.store));
        }
        if let Some(sending) = sending.as_mut() {
            sending.number += 1;
            // The thread has ended if it cannot receive: `finish` says so.
            let _ = sending.entries.send((*key, entry));
        }
    }

    fn finish(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let host = self.store.host();
        let Reading { trouble, unbelieved, .. } = &*lock(&self.reading);
        if let Some(trouble) = trouble {
            warnings.push(format!("the remote cache at `{host}` was not used: {trouble}"));
        }
        if *unbelieved > 0 {
            let entries = Count(*unbelieved, "result");
            warnings.push(format!(
                "the remote cache at `{host}` has {entries} without the signature of a key in \
                 `{CACHE_KEYS}`"
            ));
        }
        let Some(Sending { entries, ended, number }) = lock(&self.sending).take() else {
            return warnings;
        };
        // The thread ends after the last entry.
        drop(entries);
        let unsent = match ended.recv_timeout(WRITING) {
            Ok(unsent) => unsent,
            Err(_) => Some((number, "it is slow".to_owned())),
        };
        if let Some((number, trouble)) = unsent {
            let results = Count(number, "result");
            warnings.push(format!("the remote cache at `{host}` did not get {results}: {trouble}"));
        }
        warnings
    }
}

/// Starts a thread that sends entries until the first failure; none if the system refuses threads.
fn start_sending(store: Arc<Store>) -> Option<Sending> {
    let (entries, waiting) = mpsc::channel::<(Key, Vec<u8>)>();
    let (end, ended) = mpsc::channel();
    let send = move || {
        let mut failed: Option<(usize, String)> = None;
        for (key, entry) in waiting {
            match &mut failed {
                Some((number, _)) => *number += 1,
                None => {
                    failed = store.put(&key, &entry, REQUEST).err().map(|trouble| (1, trouble));
                }
            }
        }
        // A run that has waited long enough does not listen any more.
        let _ = end.send(failed);
    };
    thread::Builder::new().spawn(send).ok()?;
    Some(Sending { entries, ended, number: 0 })
}

/// Reads the key that signs entries: the text of the key, or a file with it.
fn read_signing_key(variables: &EnvVars) -> Result<Option<SigningKey>, String> {
    let Some(value) = variables.get(CACHE_SIGNING_KEY) else { return Ok(None) };
    let key = SigningKey::parse(value).or_else(|| {
        SigningKey::parse(&read::read_named_text(value.as_ref(), SizeLimit::Config).ok()?)
    });
    let wrong =
        || format!("invalid `{CACHE_SIGNING_KEY}`: expected a private key, or a file with one");
    key.ok_or_else(wrong).map(Some)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The public key that belongs to a private one, both as texts.
pub(crate) fn public_key(private: &str) -> Option<String> {
    Some(SigningKey::parse(private)?.public_key().to_string())
}

#[cfg(test)]
mod tests;

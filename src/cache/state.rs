//! What tools leave for their next runs.
//!
//! Owns, in the store of outcomes, a file for each state, under what it rests on and under the
//! files of the run that left it, so that whoever switches branches finds the state of the files
//! that are nearest. It must not know what is in one. A state that is damaged, or that other code
//! wrote, is not there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::store::ResultCache;
use super::{entry, is_ours, replace};
use crate::hash::Hash;

/// Where states are, below the folder of outcomes.
pub(super) const STATES: &str = "states";

/// How many states are looked at, those that were of use last.
const CANDIDATES: usize = 16;

/// What a tool left for its next run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Memory {
    /// What the run did of its work, and why, as it said itself.
    pub summary: String,
    /// What the next run gets, as it is.
    pub content: String,
}

impl ResultCache {
    /// Keeps a state that rests on `key`, of a run that saw these sources.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn save_state(&self, key: &Hash, sources: &Hash, state: &Memory) -> io::Result<()> {
        if !self.mode().keeps() {
            return Ok(());
        }
        let folder = self.create()?.join(STATES);
        fs::create_dir_all(&folder)?;
        let name = name(key, sources);
        replace(&folder.join(&name), &[&entry::seal(&name, state)])?;
        self.evict();
        Ok(())
    }

    /// The state that rests on `key`, of the run whose files differ least from these.
    #[must_use]
    pub fn nearest_state(&self, key: &Hash, files: &BTreeMap<String, Hash>) -> Option<Memory> {
        if !self.mode().reminds() || !is_ours(&self.folder()) {
            return None;
        }
        let mut candidates = self.states(key);
        candidates.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
        candidates.truncate(CANDIDATES);
        // Of equal ones the first stays the first.
        candidates.sort_by_cached_key(|(_, sources)| match self.files(sources) {
            Some(others) => differing(files, &others),
            None => usize::MAX,
        });
        candidates.into_iter().find_map(|(_, sources)| {
            let state = self.state(key, &sources)?;
            if self.mode().keeps() {
                let file = File::open(self.states_folder().join(name(key, &sources)));
                // Used just now. Where that cannot be written down it is only forgotten earlier.
                let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
            }
            Some(state)
        })
    }

    /// The state that rests on `key`, of a run that saw exactly these sources.
    #[must_use]
    pub fn state(&self, key: &Hash, sources: &Hash) -> Option<Memory> {
        let name = name(key, sources);
        let bytes = fs::read(self.states_folder().join(&name)).ok()?;
        let (state, rest) = entry::open(&name, &bytes)?;
        rest.is_empty().then_some(state)
    }

    /// Forgets every state that rests on `key`.
    ///
    /// # Errors
    ///
    /// When one cannot be removed.
    pub fn forget_states(&self, key: &Hash) -> io::Result<()> {
        let folder = self.states_folder();
        let mut states = self.states(key).into_iter();
        states.try_for_each(|(_, sources)| fs::remove_file(folder.join(name(key, &sources))))
    }

    fn states_folder(&self) -> PathBuf {
        self.folder().join(STATES)
    }

    /// The states that rest on a key: when they were of use, and the files of their runs.
    fn states(&self, key: &Hash) -> Vec<(SystemTime, Hash)> {
        let entries = fs::read_dir(self.states_folder());
        let state = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            let sources = name.strip_prefix(&format!("{key}-"))?.to_owned().try_into().ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, sources))
        };
        entries.into_iter().flatten().flatten().filter_map(state).collect()
    }
}

fn name(key: &Hash, sources: &Hash) -> String {
    format!("{key}-{sources}")
}

/// How many files are in one of these lists and not, or with another content, in the other.
fn differing(some: &BTreeMap<String, Hash>, others: &BTreeMap<String, Hash>) -> usize {
    let changed = some.iter().filter(|(path, hash)| others.get(*path) != Some(hash)).count();
    let gone = others.keys().filter(|path| !some.contains_key(*path)).count();
    changed + gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CacheMode;
    use crate::fingerprint;

    /// A store, and runs that saw some files.
    struct Scene {
        store: ResultCache,
        folder: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Scene {
            let folder = tempfile::tempdir().unwrap();
            let store = ResultCache::new(folder.path().to_owned(), CacheMode::On, u64::MAX);
            Scene { store, folder }
        }

        fn save(&self, files: &BTreeMap<String, Hash>, content: &str) {
            let named = files.iter().map(|(path, hash)| (path.as_str(), *hash));
            let sources = fingerprint::of_files(named);
            self.store.save_files(&sources, files).unwrap();
            let state = Memory { content: content.to_owned(), ..Memory::default() };
            self.store.save_state(&key(), &sources, &state).unwrap();
        }

        fn nearest(&self, files: &BTreeMap<String, Hash>) -> Option<String> {
            Some(self.store.nearest_state(&key(), files)?.content)
        }

        fn places(&self) -> Vec<PathBuf> {
            let folder = self.folder.path().join("results").join(STATES);
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
        }
    }

    fn key() -> Hash {
        Hash::of(b"key")
    }

    fn files(contents: &[(&str, &str)]) -> BTreeMap<String, Hash> {
        contents
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Hash::of(text.as_bytes())))
            .collect()
    }

    #[test]
    fn the_state_of_the_nearest_files_is_found_again() {
        let scene = Scene::new();
        scene.save(&files(&[("a.py", "1"), ("b.py", "1"), ("c.py", "1")]), "main");
        scene.save(&files(&[("a.py", "2"), ("b.py", "2")]), "branch");
        let nearest = |contents: &[(&str, &str)]| scene.nearest(&files(contents)).unwrap();
        assert_eq!(nearest(&[("a.py", "1"), ("b.py", "1"), ("c.py", "3")]), "main");
        assert_eq!(nearest(&[("a.py", "2"), ("b.py", "3")]), "branch");
        let other = Hash::of(b"other");
        assert_eq!(scene.store.nearest_state(&other, &files(&[("a.py", "1")])), None);
    }

    #[test]
    fn a_damaged_state_or_one_in_the_place_of_another_is_not_there() {
        let scene = Scene::new();
        let (main, branch) = (files(&[("a.py", "1")]), files(&[("a.py", "2")]));
        scene.save(&main, "main");
        let first = scene.places().remove(0);
        let whole = fs::read(&first).unwrap();
        for length in [0, 10, whole.len() - 1] {
            fs::write(&first, &whole[..length]).unwrap();
            assert_eq!(scene.nearest(&main), None, "{length}");
        }
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&first, &changed).unwrap();
        assert_eq!(scene.nearest(&main), None);
        scene.save(&branch, "branch");
        let second = scene.places().into_iter().find(|path| *path != first).unwrap();
        fs::write(&second, &whole).unwrap();
        assert_eq!(scene.nearest(&branch), None);
    }

    #[test]
    fn states_that_are_forgotten_are_gone() {
        let scene = Scene::new();
        let main = files(&[("a.py", "1")]);
        scene.save(&main, "main");
        let store = ResultCache::new(scene.folder.path().to_owned(), CacheMode::Audit, u64::MAX);
        assert!(store.nearest_state(&key(), &main).is_some());
        store.forget_states(&key()).unwrap();
        assert_eq!(store.nearest_state(&key(), &main), None);
    }

    #[test]
    fn nothing_is_kept_or_found_where_the_cache_is_off() {
        let scene = Scene::new();
        scene.save(&files(&[("a.py", "1")]), "main");
        for mode in [CacheMode::Off, CacheMode::Refresh] {
            let store = ResultCache::new(scene.folder.path().to_owned(), mode, u64::MAX);
            assert_eq!(store.nearest_state(&key(), &files(&[("a.py", "1")])), None);
        }
    }
}

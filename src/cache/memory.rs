//! The memory that incremental tools leave for their next runs.
//!
//! Each memory is a file in the result cache, named after its key and after the files of the run
//! that left it. Someone who switches branches therefore gets the memory of the most similar files.
//! The content is opaque here. A memory that is damaged, or that other code wrote, counts as
//! missing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::store::{MEMORIES, ResultCache};
use super::{entry, is_ours, replace};
use crate::hash::Hash;

/// How many memories are compared, the most recently used ones.
const CANDIDATES: usize = 16;

/// The records that a tool left for its next run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Memory {
    /// The tool's own summary of what the run did, and why.
    pub summary: String,
    /// The records, as the next run gets them.
    pub content: String,
}

impl ResultCache {
    /// Saves the memory of a run on these sources under `key`.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save_memory(&self, key: &Hash, sources: &Hash, memory: &Memory) -> io::Result<()> {
        if !self.mode().keeps() {
            return Ok(());
        }
        let folder = self.create()?.join(MEMORIES);
        fs::create_dir_all(&folder)?;
        let name = name(key, sources);
        replace(&folder.join(&name), &[&entry::seal(&name, memory)])?;
        self.evict();
        Ok(())
    }

    /// The memory under `key` of the run whose files differ least from these.
    #[must_use]
    pub fn nearest_memory(&self, key: &Hash, files: &BTreeMap<String, Hash>) -> Option<Memory> {
        if !self.mode().reminds() || !is_ours(&self.folder()) {
            return None;
        }
        let mut candidates = self.memories(key);
        candidates.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
        candidates.truncate(CANDIDATES);
        // The sort is stable: among equals the most recently used one stays first.
        candidates.sort_by_cached_key(|(_, sources)| match self.files(sources) {
            Some(others) => count_differences(files, &others),
            None => usize::MAX,
        });
        candidates.into_iter().find_map(|(_, sources)| {
            // One without records only says why there are none.
            let memory = self.memory(key, &sources).filter(|it| !it.content.is_empty())?;
            if self.mode().keeps() {
                let file = File::open(self.memories_folder().join(name(key, &sources)));
                // Marks it as just used. If that fails, it is only evicted earlier.
                let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
            }
            Some(memory)
        })
    }

    /// The memory under `key` of a run on exactly these sources.
    #[must_use]
    pub fn memory(&self, key: &Hash, sources: &Hash) -> Option<Memory> {
        let name = name(key, sources);
        let bytes = fs::read(self.memories_folder().join(&name)).ok()?;
        let (memory, rest) = entry::open(&name, &bytes)?;
        rest.is_empty().then_some(memory)
    }

    /// Forgets every memory under `key`.
    ///
    /// # Errors
    ///
    /// When a file cannot be removed.
    pub fn forget_memories(&self, key: &Hash) -> io::Result<()> {
        let folder = self.memories_folder();
        let mut memories = self.memories(key).into_iter();
        memories.try_for_each(|(_, sources)| fs::remove_file(folder.join(name(key, &sources))))
    }

    fn memories_folder(&self) -> PathBuf {
        self.folder().join(MEMORIES)
    }

    /// The memories under a key: when each was last used, and the sources of its run.
    fn memories(&self, key: &Hash) -> Vec<(SystemTime, Hash)> {
        let entries = fs::read_dir(self.memories_folder());
        let memory = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            let sources = name.strip_prefix(&format!("{key}-"))?.to_owned().try_into().ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, sources))
        };
        entries.into_iter().flatten().flatten().filter_map(memory).collect()
    }
}

fn name(key: &Hash, sources: &Hash) -> String {
    format!("{key}-{sources}")
}

/// Counts the files that are only in one of two lists, or have another content in the other.
fn count_differences(some: &BTreeMap<String, Hash>, others: &BTreeMap<String, Hash>) -> usize {
    let changed = some.iter().filter(|(path, hash)| others.get(*path) != Some(hash)).count();
    let gone = others.keys().filter(|path| !some.contains_key(*path)).count();
    changed + gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CacheMode;
    use crate::fingerprint;

    /// A result cache to save memories in.
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
            let memory = Memory { content: content.to_owned(), ..Memory::default() };
            self.store.save_memory(&key(), &sources, &memory).unwrap();
        }

        fn nearest(&self, files: &BTreeMap<String, Hash>) -> Option<String> {
            Some(self.store.nearest_memory(&key(), files)?.content)
        }

        fn places(&self) -> Vec<PathBuf> {
            let folder = self.folder.path().join("results").join(MEMORIES);
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
    fn the_memory_of_the_most_similar_files_is_found() {
        let scene = Scene::new();
        scene.save(&files(&[("a.py", "1"), ("b.py", "1"), ("c.py", "1")]), "main");
        scene.save(&files(&[("a.py", "2"), ("b.py", "2")]), "branch");
        let nearest = |contents: &[(&str, &str)]| scene.nearest(&files(contents)).unwrap();
        assert_eq!(nearest(&[("a.py", "1"), ("b.py", "1"), ("c.py", "3")]), "main");
        assert_eq!(nearest(&[("a.py", "2"), ("b.py", "3")]), "branch");
        let other = Hash::of(b"other");
        assert_eq!(scene.store.nearest_memory(&other, &files(&[("a.py", "1")])), None);
    }

    #[test]
    fn a_damaged_or_misplaced_memory_counts_as_missing() {
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
    fn a_memory_without_records_hides_no_other() {
        let scene = Scene::new();
        scene.save(&files(&[("a.py", "1"), ("b.py", "1")]), "main");
        scene.save(&files(&[("a.py", "2"), ("b.py", "1")]), "");
        let nearest = scene.nearest(&files(&[("a.py", "2"), ("b.py", "1")]));
        assert_eq!(nearest.as_deref(), Some("main"));
    }

    #[test]
    fn a_forgotten_memory_is_gone() {
        let scene = Scene::new();
        let main = files(&[("a.py", "1")]);
        scene.save(&main, "main");
        let store = ResultCache::new(scene.folder.path().to_owned(), CacheMode::Audit, u64::MAX);
        assert!(store.nearest_memory(&key(), &main).is_some());
        store.forget_memories(&key()).unwrap();
        assert_eq!(store.nearest_memory(&key(), &main), None);
    }

    #[test]
    fn nothing_is_found_where_the_cache_is_off() {
        let scene = Scene::new();
        scene.save(&files(&[("a.py", "1")]), "main");
        for mode in [CacheMode::Off, CacheMode::Refresh] {
            let store = ResultCache::new(scene.folder.path().to_owned(), mode, u64::MAX);
            assert_eq!(store.nearest_memory(&key(), &files(&[("a.py", "1")])), None);
        }
    }
}

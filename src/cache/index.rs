//! The hashes of a project's files, so that unchanged files are not read again.
//!
//! The index is one file in the cache, read at the start of a run and written at its end if a file
//! was read. `stat` decides whether a file is unchanged. The hashes go into an
//! [`crate::snapshot::Inventory`].

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};

use super::stat::{Clock, Stat, is_unchanged};
use super::{PARTIAL, entry, last_run, replace};
use crate::hash::Hash;
use crate::project::ProjectPath;

/// The name of the index and of its file, which no check can have.
const INDEX: &str = "Files";

/// The hashes of a project's files.
#[derive(Debug)]
pub struct Index {
    /// The cache and the project; none for an index that is not saved.
    place: Option<(PathBuf, String)>,
    known: Known,
    read: Mutex<Vec<(ProjectPath, Stat, Hash)>>,
    /// The time before the first file of this run was read.
    read_at: OnceLock<Clock>,
    look: fn(&Metadata) -> Stat,
}

/// The saved form: three flat buffers however many files there are, because all of it is read
/// each time.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    /// The time before the first file was read.
    read_at: Clock,
    /// The sorted paths, concatenated.
    paths: String,
    /// The end of each path.
    ends: Vec<usize>,
    /// The metadata and hash of each path.
    files: Vec<(Stat, Hash)>,
}

impl Known {
    fn path(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.paths[start..self.ends[at]]
    }

    fn find(&self, path: &str) -> Option<&(Stat, Hash)> {
        let (mut from, mut to) = (0, self.ends.len());
        while from < to {
            let middle = from.midpoint(to);
            match self.path(middle).cmp(path) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return self.files.get(middle),
                Ordering::Greater => to = middle,
            }
        }
        None
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &(Stat, Hash))> {
        self.files.iter().enumerate().map(|(at, file)| (self.path(at), file))
    }
}

impl Index {
    /// An empty index that is not saved.
    #[must_use]
    pub fn none() -> Index {
        Index {
            place: None,
            known: Known::default(),
            read: Mutex::default(),
            read_at: OnceLock::new(),
            look: Stat::from_metadata,
        }
    }

    /// The index of a project, read-only: new hashes are not saved.
    #[must_use]
    pub fn read(home: &Path, project: &str) -> Index {
        let path = last_run::folder(home, project).join(INDEX);
        let known = fs::read(path).ok().and_then(|bytes| Some(entry::open(INDEX, &bytes)?.0));
        Index { known: known.unwrap_or_default(), ..Index::none() }
    }

    /// The index of a project, to be saved after the run.
    #[must_use]
    pub fn load(home: &Path, project: &str) -> Index {
        let place = Some((home.to_owned(), project.to_owned()));
        Index { place, ..Index::read(home, project) }
    }

    /// The hash of a file, if the file is known to be unchanged. Otherwise the caller reads it.
    #[must_use]
    pub fn hash(&self, path: &ProjectPath, metadata: &Metadata) -> Option<Hash> {
        let known = self
            .known
            .find(path.as_str())
            .filter(|(entry, _)| is_unchanged(entry, &(self.look)(metadata), &self.known.read_at));
        if known.is_none() {
            self.read_at();
        }
        known.map(|(_, hash)| *hash)
    }

    /// The time before the first file is read, also by the clock of the cache's file system. That
    /// is mostly the project's file system as well, and the project itself must not be written to.
    fn read_at(&self) -> Clock {
        *self.read_at.get_or_init(|| {
            let written = self.place.as_ref().and_then(|(home, project)| {
                let folder = last_run::create_folder(home, project).ok()?;
                let file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder).ok()?;
                Some((self.look)(&file.as_file().metadata().ok()?))
            });
            Clock::now(written)
        })
    }

    /// Notes the hash of a file that was read after its metadata: the hash covers its content, kind
    /// and permissions only.
    pub fn note(&self, path: &ProjectPath, metadata: &Metadata, hash: Hash) {
        if self.place.is_none() {
            return;
        }
        let entry = (path.clone(), (self.look)(metadata), hash);
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Saves the new hashes, if any, and the known ones of files that still exist.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(self, root: &Path) -> io::Result<()> {
        let read = self.read.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (Some((home, project)), Some(read_at)) =
            (self.place.filter(|_| !read.is_empty()), self.read_at.into_inner())
        else {
            return Ok(());
        };
        let mut files: BTreeMap<&str, (Stat, Hash)> = BTreeMap::new();
        // An entry that is not trusted now could be trusted by a later clock, so it must go.
        files.extend(self.known.iter().map(|(path, file)| (path, *file)).filter(
            |(path, (entry, _))| {
                is_unchanged(entry, entry, &self.known.read_at)
                    && fs::symlink_metadata(root.join(path)).is_ok()
            },
        ));
        files.extend(read.iter().map(|(path, stat, hash)| (path.as_str(), (*stat, *hash))));
        let mut known = Known { read_at, ..Known::default() };
        for (path, file) in files {
            known.paths.push_str(path);
            known.ends.push(known.paths.len());
            known.files.push(file);
        }
        let path = last_run::create_folder(&home, &project)?.join(INDEX);
        replace(&path, &[&entry::seal(INDEX, &known)])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cache::stat::FileTime;

    /// A project with one file, and its cache in the same folder.
    struct Scene {
        folder: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Scene {
            Scene { folder: tempfile::tempdir().unwrap() }
        }

        fn write(&self, text: &str) {
            fs::write(self.folder.path().join("a.py"), text).unwrap();
        }

        /// Whether the file was read, by an index that reads metadata with this function.
        fn reads(&self, look: fn(&Metadata) -> Stat) -> bool {
            let index = Index { look, ..Index::load(self.folder.path(), "p") };
            let path = ProjectPath::new("a.py").unwrap();
            let place = path.on_disk(self.folder.path());
            let metadata = fs::symlink_metadata(&place).unwrap();
            let content = Hash::of(&fs::read(&place).unwrap());
            let known = index.hash(&path, &metadata);
            if known.is_none() {
                index.note(&path, &metadata, content);
            }
            index.save(self.folder.path()).unwrap();
            assert!(known.is_none_or(|hash| hash == content), "a stale hash is believed");
            known.is_none()
        }

        /// Makes the file's entry an hour older.
        fn age(&self) {
            self.note_at(|read_at| read_at.later(Duration::from_secs(3600)));
        }

        /// Changes the recorded time of reading.
        fn note_at(&self, change: impl Fn(FileTime) -> FileTime) {
            let path = last_run::folder(self.folder.path(), "p").join(INDEX);
            let (mut stored, _): (Known, _) =
                entry::open(INDEX, &fs::read(&path).unwrap()).unwrap();
            let Clock { machine, written } = &mut stored.read_at;
            let moments = std::iter::once(machine).chain(written.as_mut().map(|(_, it)| it));
            moments.for_each(|moment| *moment = change(*moment));
            replace(&path, &[&entry::seal(INDEX, &stored)]).unwrap();
        }
    }

    /// Metadata of a file system whose clock ticks every other second.
    fn coarse(metadata: &Metadata) -> Stat {
        let stat = Stat::from_metadata(metadata);
        Stat { modified: stat.modified.rounded(2), changed: stat.changed.rounded(2), ..stat }
    }

    #[test]
    fn a_settled_file_is_read_once() {
        let scene = Scene::new();
        scene.write("x = 1\n");
        assert!(scene.reads(Stat::from_metadata));
        assert!(scene.reads(Stat::from_metadata), "it was modified just now");
        scene.age();
        assert!(!scene.reads(Stat::from_metadata));
        scene.write("x = 2\n");
        assert!(scene.reads(Stat::from_metadata));
    }

    #[test]
    fn a_second_change_within_a_coarse_clocks_tick_is_seen() {
        let scene = Scene::new();
        for number in 0..50 {
            scene.write(&format!("x = {}\n", number % 10));
            scene.reads(coarse);
        }
    }

    /// The same from a server whose clock is an hour behind.
    fn behind(metadata: &Metadata) -> Stat {
        let stat = coarse(metadata);
        let hour = Duration::from_secs(3600);
        let (modified, changed) = (stat.modified.earlier(hour), stat.changed.earlier(hour));
        Stat { modified, changed, ..stat }
    }

    #[test]
    fn a_second_change_within_a_tick_of_a_servers_clock_is_seen() {
        let scene = Scene::new();
        for number in 0..50 {
            scene.write(&format!("x = {}\n", number % 10));
            scene.reads(behind);
        }
    }

    #[test]
    fn an_index_that_is_only_read_writes_nothing() {
        let scene = Scene::new();
        scene.write("x = 1\n");
        let index = Index::read(scene.folder.path(), "p");
        let path = ProjectPath::new("a.py").unwrap();
        let metadata = fs::symlink_metadata(path.on_disk(scene.folder.path())).unwrap();
        assert_eq!(index.hash(&path, &metadata), None);
        index.note(&path, &metadata, Hash::of(b"x = 1\n"));
        index.save(scene.folder.path()).unwrap();
        assert_eq!(fs::read_dir(scene.folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_from_the_future_of_a_clock_that_was_set_back_is_read() {
        let scene = Scene::new();
        scene.write("x = 1\n");
        scene.reads(Stat::from_metadata);
        scene.age();
        assert!(!scene.reads(Stat::from_metadata));
        scene.note_at(|read_at| read_at.rounded(1_000_000_000));
        scene.write("x = 2\n");
        assert!(scene.reads(Stat::from_metadata));
        scene.note_at(|read_at| read_at.rounded(1_000_000_000));
        assert!(scene.reads(Stat::from_metadata), "its time says nothing by this clock");
    }

    #[test]
    fn a_damaged_index_is_ignored() {
        let scene = Scene::new();
        scene.write("x = 1\n");
        scene.reads(Stat::from_metadata);
        scene.age();
        let path = last_run::folder(scene.folder.path(), "p").join(INDEX);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(scene.reads(Stat::from_metadata));
    }
}

//! The hashes of a project's files, so that unchanged ones are not read again.
//!
//! Owns a file of the cache that is read at the beginning of a run and written at its end if
//! something was read anew. Whether a file is unchanged is `stat`'s to say. It must not
//! know which files a check sees. What it says goes into an [`crate::snapshot::Inventory`].

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};

use super::stat::{Clock, Stat, trusted};
use super::{PARTIAL, entry, last_run, replace};
use crate::hash::Hash;
use crate::project::ProjectPath;

/// What the index is said to be, and the name of its file, which no check has.
const INDEX: &str = "Files";

/// The hashes of a project's files.
#[derive(Debug)]
pub struct Index {
    /// The cache and the project; none for an index that is not kept.
    place: Option<(PathBuf, String)>,
    known: Known,
    read: Mutex<Vec<(ProjectPath, Stat, Hash)>>,
    /// When what is read now is read, or earlier.
    read_at: OnceLock<Clock>,
    look: fn(&Metadata) -> Stat,
}

/// What is known of files, as it is kept: in three pieces, however many files there are, because it
/// is read whole each time.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    /// When it was read, or earlier.
    read_at: Clock,
    /// Sorted paths, one after the other.
    paths: String,
    /// Where each path ends.
    ends: Vec<usize>,
    /// What was found under each path.
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
    /// An index that knows no file and is not kept.
    #[must_use]
    pub fn none() -> Index {
        Index {
            place: None,
            known: Known::default(),
            read: Mutex::default(),
            read_at: OnceLock::new(),
            look: Stat::of,
        }
    }

    /// The index of a project, as it is: what is read anew is not kept.
    #[must_use]
    pub fn read(home: &Path, project: &str) -> Index {
        let path = last_run::folder(home, project).join(INDEX);
        let known = fs::read(path).ok().and_then(|bytes| Some(entry::open(INDEX, &bytes)?.0));
        Index { known: known.unwrap_or_default(), ..Index::none() }
    }

    /// The index of a project.
    #[must_use]
    pub fn load(home: &Path, project: &str) -> Index {
        let place = Some((home.to_owned(), project.to_owned()));
        Index { place, ..Index::read(home, project) }
    }

    /// What was noted of a file, if it is known to be unchanged. Else it is about to be read.
    #[must_use]
    pub fn hash(&self, path: &ProjectPath, metadata: &Metadata) -> Option<Hash> {
        let known = self
            .known
            .find(path.as_str())
            .filter(|(entry, _)| trusted(entry, &(self.look)(metadata), &self.known.read_at));
        if known.is_none() {
            self.read_at();
        }
        known.map(|(_, hash)| *hash)
    }

    /// What time it is before the first file is read, also by the clock of the file system that the
    /// index is in: mostly the project's too, and nothing is written in a project to find out.
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

    /// Notes a hash of a file that was looked at and then read: of its content, its kind and its
    /// rights, and of nothing else.
    pub fn note(&self, path: &ProjectPath, metadata: &Metadata, hash: Hash) {
        if self.place.is_none() {
            return;
        }
        let entry = (path.clone(), (self.look)(metadata), hash);
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Keeps what was read, if anything was, with what is known of files that are still there.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn save(self, root: &Path) -> io::Result<()> {
        let read = self.read.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (Some((home, project)), Some(read_at)) =
            (self.place.filter(|_| !read.is_empty()), self.read_at.into_inner())
        else {
            return Ok(());
        };
        let mut files: BTreeMap<&str, (Stat, Hash)> = BTreeMap::new();
        // What is not trusted now could be by a later clock, so it must not stay.
        files.extend(self.known.iter().map(|(path, file)| (path, *file)).filter(
            |(path, (entry, _))| {
                trusted(entry, entry, &self.known.read_at)
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

    /// One file of a project, and the cache beside it.
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

        /// Whether the file was read, by an index that looks at files like this.
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

        /// Makes the file and what is noted of it an hour older.
        fn age(&self) {
            self.note_at(|read_at| read_at.later(Duration::from_secs(3600)));
        }

        /// Changes when the file was read, as it is noted.
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

    /// By a clock that knows every other second only, and by which everything happened at once.
    fn coarse(metadata: &Metadata) -> Stat {
        let stat = Stat::of(metadata);
        Stat { modified: stat.modified.rounded(2), changed: stat.changed.rounded(2), ..stat }
    }

    #[test]
    fn a_settled_file_is_read_once() {
        let scene = Scene::new();
        scene.write("x = 1\n");
        assert!(scene.reads(Stat::of));
        assert!(scene.reads(Stat::of), "it was modified just now");
        scene.age();
        assert!(!scene.reads(Stat::of));
        scene.write("x = 2\n");
        assert!(scene.reads(Stat::of));
    }

    #[test]
    fn a_second_change_within_a_coarse_clocks_tick_is_seen() {
        let scene = Scene::new();
        for number in 0..50 {
            scene.write(&format!("x = {}\n", number % 10));
            scene.reads(coarse);
        }
    }

    /// The same on a server whose clock is an hour behind.
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
        scene.reads(Stat::of);
        scene.age();
        assert!(!scene.reads(Stat::of));
        scene.note_at(|read_at| read_at.rounded(1_000_000_000));
        scene.write("x = 2\n");
        assert!(scene.reads(Stat::of));
        scene.note_at(|read_at| read_at.rounded(1_000_000_000));
        assert!(scene.reads(Stat::of), "its time says nothing by this clock");
    }

    #[test]
    fn what_is_no_index_is_ignored() {
        let scene = Scene::new();
        scene.write("x = 1\n");
        scene.reads(Stat::of);
        scene.age();
        let path = last_run::folder(scene.folder.path(), "p").join(INDEX);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(scene.reads(Stat::of));
    }
}

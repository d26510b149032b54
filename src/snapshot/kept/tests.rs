use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;
use crate::cache::Index;
use crate::snapshot;

/// A project and the cache with its copy.
struct Scene {
    project: tempfile::TempDir,
    cache: tempfile::TempDir,
    runs: tempfile::TempDir,
}

impl Scene {
    fn new() -> Scene {
        let folder = || tempfile::tempdir().unwrap();
        let scene = Scene { project: folder(), cache: folder(), runs: folder() };
        scene.write("src/a.py", "a = 1\n");
        scene.write("src/deep/er/b.py", "b = 1\n");
        scene
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.project.path().join(path)).unwrap();
    }

    fn file_set() -> FileSet {
        FileSet { paths: vec![ProjectPath::new("src").unwrap()], ..FileSet::default() }
    }

    fn inventory(&self) -> Inventory {
        let root = self.project.path();
        Inventory::take(root, &Scene::file_set(), &Index::none(), &Cancel::default()).unwrap()
    }

    fn take(&self, run: &str) -> KeptCopy {
        let folder = self.runs.path().join(run);
        KeptCopy::take(self.cache.path(), "p", &Scene::file_set(), &folder).unwrap()
    }

    fn update(&self, kept: &KeptCopy) -> Tree {
        kept.update(self.project.path(), &self.inventory(), &Cancel::default()).unwrap()
    }

    /// Takes the copy, makes it equal to the project, and describes what a check would see of it.
    fn run(&self, run: &str) -> BTreeMap<PathBuf, String> {
        let kept = self.take(run);
        describe(&self.update(&kept).folder)
    }

    /// The same of a copy of everything.
    fn fresh(&self) -> BTreeMap<PathBuf, String> {
        let folder = tempfile::tempdir().unwrap();
        let take = || Ok(self.inventory());
        let root = self.project.path();
        let copied = snapshot::copy(root, folder.path(), &Cancel::default(), take).unwrap();
        describe(&copied.1.folder)
    }

    /// When a file was written into the copy between runs.
    fn written(&self, path: &str) -> (i64, i64) {
        let metadata = fs::metadata(self.place().join(TREE).join(path)).unwrap();
        (metadata.ctime(), metadata.ctime_nsec())
    }

    fn place(&self) -> PathBuf {
        cache::list_snapshots(self.cache.path()).pop().unwrap()
    }
}

fn describe(tree: &Path) -> BTreeMap<PathBuf, String> {
    let mut seen = BTreeMap::new();
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        for place in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let metadata = fs::symlink_metadata(&place).unwrap();
            let content = if metadata.is_dir() {
                folders.push(place.clone());
                String::new()
            } else if metadata.is_symlink() {
                fs::read_link(&place).unwrap().display().to_string()
            } else {
                String::from_utf8(read::read_file(&place, SizeLimit::Source).unwrap()).unwrap()
            };
            let mode = metadata.permissions().mode();
            let time = if metadata.is_symlink() { 0 } else { metadata.mtime() };
            let path = place.strip_prefix(tree).unwrap().to_owned();
            seen.insert(path, format!("{mode:o} {time} {content}"));
        }
    }
    seen
}

#[test]
fn an_edit_copies_only_what_has_changed() {
    let scene = Scene::new();
    assert_eq!(scene.run("1"), scene.fresh());
    let before = (scene.written("src/a.py"), scene.written("src/deep/er/b.py"));
    scene.write("src/a.py", "a = 2\n");
    assert_eq!(scene.run("2"), scene.fresh());
    assert_ne!(scene.written("src/a.py"), before.0);
    assert_eq!(scene.written("src/deep/er/b.py"), before.1);
    assert_eq!(scene.run("3"), scene.fresh());
}

#[test]
fn any_edits_lead_to_the_copy_of_everything() {
    let mut random = fastrand::Rng::with_seed(1);
    let scene = Scene::new();
    let names = ["a", "b/a", "b/c/a", "b/c/b", "c/a", "d"];
    for number in 0..60 {
        let path = format!("src/{}", names[random.usize(..names.len())]);
        let place = scene.project.path().join(&path);
        let kind = random.usize(..5);
        if place.is_dir() {
            fs::remove_dir_all(&place).unwrap();
        } else if fs::symlink_metadata(&place).is_ok() {
            scene.remove(&path);
        }
        let parent = place.parent().unwrap();
        if parent.is_file() || parent.is_symlink() {
            fs::remove_file(parent).unwrap();
        }
        match kind {
            0 => {}
            1 => {
                fs::create_dir_all(parent).unwrap();
                symlink(scene.project.path().join("src/a.py"), &place).unwrap();
            }
            2 => scene.write(&format!("{path}/{number}"), "in a folder"),
            _ => {
                scene.write(&path, &number.to_string());
                let mode = if kind == 3 { 0o755 } else { 0o600 };
                fs::set_permissions(&place, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        assert_eq!(scene.run(&number.to_string()), scene.fresh(), "{number}");
    }
}

#[test]
fn a_copy_that_was_changed_is_copied_again() {
    let scene = Scene::new();
    let all = scene.run("0");
    type Change = fn(&Path);
    let changes: [Change; 6] = [
        |tree| fs::write(tree.join("src/a.py"), "a = 1\n").unwrap(),
        |tree| fs::write(tree.join("src/new.py"), "").unwrap(),
        |tree| fs::remove_file(tree.join("src/deep/er/b.py")).unwrap(),
        |tree| fs::create_dir(tree.join("src/__pycache__")).unwrap(),
        |tree| fs::write(tree.join(PROOF), "0").unwrap(),
        |tree| {
            fs::remove_dir_all(tree).unwrap();
            symlink("/", tree).unwrap();
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let written = scene.written("src/a.py");
        change(&scene.place().join(TREE));
        assert_eq!(scene.run(&format!("after {number}")), all, "{number}");
        assert_ne!(scene.written("src/a.py"), written, "{number}");
    }
    fs::write(scene.place().join(RECORD), "damaged").unwrap();
    assert_eq!(scene.run("after a damaged record"), all);
}

#[test]
fn two_runs_at_once_have_a_copy_each() {
    let scene = Scene::new();
    let (one, other) = (scene.take("1"), scene.take("2"));
    let trees = [&one, &other].map(|kept| scene.update(kept));
    assert_ne!(trees[0].folder, trees[1].folder);
    assert_eq!(describe(&trees[0].folder), describe(&trees[1].folder));
    drop(one);
    drop(other);
    assert_eq!(cache::list_snapshots(scene.cache.path()).len(), 1);
    assert_eq!(scene.run("3"), scene.fresh());
}

#[test]
fn what_a_killed_run_had_and_what_a_check_could_write_to_is_not_kept() {
    let scene = Scene::new();
    scene.run("1");
    let killed = scene.take("2");
    scene.update(&killed);
    std::mem::forget(killed);
    assert!(cache::list_snapshots(scene.cache.path()).is_empty());
    let writable = scene.take("3");
    scene.update(&writable);
    writable.discard();
    drop(writable);
    assert!(cache::list_snapshots(scene.cache.path()).is_empty());
}

#[test]
fn a_copy_that_no_run_used_for_two_weeks_is_removed() {
    let scene = Scene::new();
    scene.run("1");
    let now = SystemTime::now();
    let age = |age| {
        let record = File::options().write(true).open(scene.place().join(RECORD)).unwrap();
        record.set_modified(now - age).unwrap();
    };
    let begin_another = |run: &str| {
        let folder = scene.runs.path().join(run);
        KeptCopy::take(scene.cache.path(), "q", &Scene::file_set(), &folder).unwrap();
    };
    age(Duration::from_secs(13 * 24 * 3600));
    begin_another("2");
    assert_eq!(cache::list_snapshots(scene.cache.path()).len(), 1);
    age(Duration::from_secs(15 * 24 * 3600));
    begin_another("3");
    assert!(cache::list_snapshots(scene.cache.path()).is_empty());
}

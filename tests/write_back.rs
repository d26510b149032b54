//! Whatever happens while files are written back, each of them is old or new.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use cargo_pipe::cache::Index;
use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::hash::Hash;
use cargo_pipe::pipeline::Cancel;
use cargo_pipe::plan::FileSet;
use cargo_pipe::project::ProjectPath;
use cargo_pipe::run::fix::write_back::{self, Amendment, LeftAlone, WriteBackStep, Written};
use cargo_pipe::snapshot::{Inventory, InventoryEntry, is_staged};
use rustix::process::{Signal, getpid, kill_process};
use tempfile::TempDir;

#[path = "harness/start.rs"]
mod start;

const FILES: [&str; 3] = ["a.py", "pkg/b.py", "pkg/deep/c.py"];

fn path(text: &str) -> ProjectPath {
    ProjectPath::new(text).unwrap()
}

fn old(file: &str) -> String {
    format!("old {file}\n")
}

fn new(file: &str) -> String {
    format!("new {file}, and longer\n")
}

struct Project(TempDir);

impl Project {
    fn new() -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        for file in FILES {
            let place = project.at(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, old(file)).unwrap();
        }
        project
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn at(&self, file: &str) -> PathBuf {
        self.root().join(file)
    }

    fn write(&self, amendments: &[Amendment]) -> Written {
        write_back::write(self.root(), amendments, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    fn sweep(&self) {
        let folders = [".", "pkg", "pkg/deep"].map(path);
        write_back::sweep(self.root(), &folders).unwrap();
    }

    /// What is left of a write that did not come to its end.
    fn staged(&self) -> usize {
        let names = |folder: &str| {
            let entries = fs::read_dir(self.at(folder)).unwrap();
            entries.filter(|entry| is_staged(entry.as_ref().unwrap().file_name().to_str().unwrap()))
        };
        [".", "pkg", "pkg/deep"].into_iter().flat_map(names).count()
    }

    /// How many files are new; the others have to be old, and a check sees nothing else.
    fn new_ones(&self) -> usize {
        let everything = FileSet {
            paths: vec![path(".")],
            exclude: Vec::new(),
            // Even if hidden files were wanted, what is staged would be none.
            include: vec!["*".to_owned()],
            ..FileSet::default()
        };
        let seen = Inventory::take(
            &self.root().canonicalize().unwrap(),
            &everything,
            &Index::none(),
            &Cancel::default(),
        )
        .unwrap();
        let seen: Vec<&str> = seen.entries.keys().map(ProjectPath::as_str).collect();
        assert_eq!(seen, FILES);
        let is_new = |file: &str| {
            let content = fs::read_to_string(self.at(file)).unwrap();
            assert!(content == old(file) || content == new(file), "{content:?}");
            content == new(file)
        };
        FILES.into_iter().filter(|file| is_new(file)).count()
    }
}

fn amendment(file: &str) -> Amendment {
    Amendment {
        path: path(file),
        before: InventoryEntry::file(&Hash::of(old(file).as_bytes()), false),
        content: new(file).into_bytes(),
    }
}

fn amendments() -> Vec<Amendment> {
    FILES.map(amendment).to_vec()
}

/// How many moments a write of all files has.
const MOMENTS: usize = 3 * FILES.len();

#[test]
fn at_each_moment_every_file_is_old_or_new() {
    let project = Project::new();
    let mut seen = Vec::new();
    let written = write_back::write(project.root(), &amendments(), &mut |moment| {
        seen.push((format!("{moment:?}"), project.new_ones()));
        ControlFlow::Continue(())
    });
    assert_eq!(written.unwrap().changed, FILES.map(path));
    let new_ones: Vec<usize> = seen.iter().map(|(_, new_ones)| *new_ones).collect();
    assert_eq!(new_ones, [0, 0, 1, 1, 1, 2, 2, 2, 3], "{seen:?}");
    assert_eq!(project.staged(), 0);
}

/// Kills this process at a moment, when it was started for that.
#[test]
fn victim() {
    let environment = EnvVars::of_process();
    let (Some(root), Some(moment)) = (environment.get("VICTIM"), environment.get("MOMENT")) else {
        return;
    };
    let last: usize = moment.parse().unwrap();
    let mut moments = 0;
    let mut observe = |_: WriteBackStep<'_>| {
        moments += 1;
        if moments == last {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
        ControlFlow::Continue(())
    };
    write_back::write(Path::new(root), &amendments(), &mut observe).unwrap();
}

#[test]
fn killed_at_any_moment_each_file_is_old_or_new_and_the_next_fix_cleans_up() {
    let mut outcomes = BTreeSet::new();
    for moment in 1..=MOMENTS {
        let project = Project::new();
        let mut child = start::command(std::env::current_exe().unwrap());
        child.args(["--exact", "victim"]).env("VICTIM", project.root());
        let output = child.env("MOMENT", moment.to_string()).output().unwrap();
        assert_eq!(output.status.signal(), Some(9), "{output:?}");
        let (new_ones, staged) = (project.new_ones(), project.staged());
        outcomes.insert((new_ones, staged));

        project.sweep();
        assert_eq!(project.staged(), 0, "{moment}");
        let rest: Vec<Amendment> = amendments().split_off(new_ones);
        assert_eq!(project.write(&rest).changed.len(), FILES.len() - new_ones);
        assert_eq!((project.new_ones(), project.staged()), (FILES.len(), 0));
    }
    assert_eq!(outcomes, BTreeSet::from([(0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0)]));
}

#[test]
fn an_aborted_write_leaves_only_old_files() {
    for last in 1..=MOMENTS {
        let project = Project::new();
        let mut moments = 0;
        let written = write_back::write(project.root(), &amendments(), &mut |_| {
            moments += 1;
            if moments == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(written.unwrap().changed.len(), last / 3);
        assert_eq!((project.new_ones(), project.staged()), (last / 3, 0), "{last}");
    }
}

#[test]
fn a_file_that_was_edited_meanwhile_is_left_alone() {
    let edits: [fn(&Path); 5] = [
        |file| fs::write(file, "mine\n").unwrap(),
        |file| fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap(),
        |file| fs::remove_file(file).unwrap(),
        |file| {
            fs::remove_file(file).unwrap();
            symlink("/etc/hostname", file).unwrap();
        },
        |file| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        },
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let project = Project::new();
        let file = project.at("pkg/b.py");
        let mut edited = None;
        // At the last moment at which it can still be noticed.
        let written = write_back::write(project.root(), &amendments(), &mut |moment| {
            if moment == WriteBackStep::Staged(&path("pkg/b.py")) {
                edit(&file);
                edited = fs::symlink_metadata(&file).ok().map(|it| (it.mode(), it.ino()));
            }
            ControlFlow::Continue(())
        });
        let written = written.unwrap();
        assert_eq!(written.changed, ["a.py", "pkg/deep/c.py"].map(path));
        let left_alone = &written.left_alone[&path("pkg/b.py")];
        assert!(matches!(left_alone, LeftAlone::Edited(_)), "{number}: {left_alone}");
        let now = fs::symlink_metadata(&file).ok().map(|it| (it.mode(), it.ino()));
        assert_eq!(now, edited, "{number}");
        assert_eq!(project.staged(), 0);
    }
}

#[test]
fn a_folder_that_became_a_link_is_not_followed() {
    let project = Project::new();
    let outside = Project::new();
    fs::remove_dir_all(project.at("pkg")).unwrap();
    symlink(outside.at("pkg"), project.at("pkg")).unwrap();
    let written = project.write(&amendments());
    assert_eq!(written.changed, [path("a.py")]);
    assert_eq!(written.left_alone.len(), 2);
    assert_eq!(outside.new_ones(), 0);
    project.sweep();
}

#[test]
fn mode_and_owner_stay() {
    let is_root = rustix::process::getuid().is_root();
    for mode in [0o644, 0o444, 0o640, 0o600, 0o664] {
        let project = Project::new();
        let file = project.at("a.py");
        if is_root {
            std::os::unix::fs::chown(&file, Some(1234), Some(4321)).unwrap();
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let before = fs::metadata(&file).unwrap();
        assert_eq!(project.write(&[amendment("a.py")]).changed, [path("a.py")]);
        let after = fs::metadata(&file).unwrap();
        let of = |it: &fs::Metadata| (it.mode(), it.uid(), it.gid());
        assert_eq!(of(&before), of(&after));
        assert_ne!(before.ino(), after.ino());
    }
}

#[test]
fn only_what_is_staged_is_swept() {
    let project = Project::new();
    let names = [
        ".cargo-pipe-1-2.new",
        "pkg/.cargo-pipe-77-0.new",
        ".cargo-pipe-x.new",
        ".cargo-pipe-.new",
        ".cargo-pipe-proof",
        "cargo-pipe-1-2.new",
    ];
    names.iter().for_each(|name| fs::write(project.at(name), "").unwrap());
    assert_eq!(project.staged(), 2);
    project.sweep();
    let left: Vec<bool> = names.iter().map(|name| project.at(name).exists()).collect();
    assert_eq!(left, [false, false, true, true, true, true]);
}

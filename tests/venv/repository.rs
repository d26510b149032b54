//! A repository with a project and its hook.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use regex::Regex;

use crate::engine::without_docker;
use crate::project::{Ended, Project, Report};

/// Two quick checks, one of which fixes.
const SETTINGS: &str = "source = [\"src\"]\nengine = \"venv\"\n[checks.lint]\nenabled = false\n\
    [checks.mypy]\nenabled = false\n";

/// Nothing to find in it.
pub(crate) const CLEAN: &str = "\"\"\"Says something.\"\"\"\n\nprint(\"something\")\n";

/// A file with an unused import.
pub(crate) const UNUSED: &str = "\"\"\"Imports something.\"\"\"\n\nimport os\n";

/// A repository whose root, or a folder of it, is a project.
pub(crate) struct Repository {
    pub(crate) project: Project,
    pub(crate) root: PathBuf,
}

impl Repository {
    /// A project at the root, where nothing is committed yet, and the hook is installed.
    pub(crate) fn new() -> Repository {
        let repository = Repository::without_hook();
        let ended = repository.pipe(&["hook", "install"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        repository
    }

    /// The same with a hook that fixes.
    pub(crate) fn fixing() -> Repository {
        let repository = Repository::without_hook();
        let ended = repository.pipe(&["hook", "install", "--fix"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        repository
    }

    pub(crate) fn without_hook() -> Repository {
        let project = without_docker(Project::empty()).with("CARGO_PIPE_CACHE", "on");
        project.write("pipe.toml", SETTINGS);
        project.write("src/main.py", CLEAN);
        let settings = "[user]\nname = tester\nemail = tester@example.org\n\
            [init]\ndefaultBranch = main\n[protocol \"file\"]\nallow = always\n";
        project.write("../home/.gitconfig", settings);
        let root = project.root.clone();
        let repository = Repository { project: project.scaffold(), root };
        repository.git(&["init", "--quiet"]);
        repository
    }

    /// `cargo-pipe` at the root.
    pub(crate) fn pipe(&self, args: &[&str]) -> Ended {
        Ended::of(self.project.command(args).current_dir(&self.root).output().unwrap())
    }

    /// Git, which must succeed.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let ended = self.try_git(args);
        assert_eq!(ended.status, Some(0), "git {args:?}: {ended:?}");
        ended.stdout
    }

    pub(crate) fn try_git(&self, args: &[&str]) -> Ended {
        Ended::of(self.project.git_in(&self.root, args).output().unwrap())
    }

    /// Git with a standard input.
    pub(crate) fn git_reads(&self, args: &[&str], input: &str) -> Ended {
        let mut command = self.project.git_in(&self.root, args);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ended::of(child.wait_with_output().unwrap())
    }

    /// The same repository in another work tree or clone.
    pub(crate) fn at<T>(&mut self, root: &Path, work: impl FnOnce(&mut Repository) -> T) -> T {
        let before = std::mem::replace(&mut self.root, root.to_owned());
        let result = work(self);
        self.root = before;
        result
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let place = self.root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    pub(crate) fn stage(&self, path: &str, text: impl AsRef<[u8]>) {
        self.write(path, text);
        self.git(&["add", "--", path]);
    }

    /// Commits with these arguments; the hook must agree. Returns the fingerprint that it printed.
    #[track_caller]
    pub(crate) fn commits(&self, args: &[&str]) -> String {
        let ended = self.try_git(&[&["commit", "--message", "change"], args].concat());
        assert_eq!(ended.status, Some(0), "{args:?}: {ended:?}");
        fingerprint(&ended)
    }

    /// Commits with these arguments; the hook must refuse.
    #[track_caller]
    pub(crate) fn refuses(&self, args: &[&str]) -> Ended {
        let head = self.try_git(&["rev-parse", "HEAD"]).stdout;
        let ended = self.try_git(&[&["commit", "--message", "change"], args].concat());
        assert_eq!(ended.status, Some(1), "{args:?}: {ended:?}");
        assert_eq!(self.try_git(&["rev-parse", "HEAD"]).stdout, head);
        ended
    }

    /// Runs all checks in a clean clone: nothing runs, because the hook has left every result.
    #[track_caller]
    pub(crate) fn clone_hits(&self, fingerprint: &str) {
        self.clone_of_hits(Path::new("."), fingerprint);
    }

    /// The same for the project in this folder.
    #[track_caller]
    pub(crate) fn clone_of_hits(&self, folder: &Path, fingerprint: &str) {
        let clone = tempfile::tempdir_in(self.project.root.parent().unwrap()).unwrap();
        let place = clone.path().join("clone");
        self.git(&["clone", "--quiet", ".", place.to_str().unwrap()]);
        let run = ["run-all", "--message-format", "json"];
        let mut command = self.project.command(&run);
        let report =
            Report::of(&Ended::of(command.current_dir(place.join(folder)).output().unwrap()));
        assert_eq!(report.json["fingerprint"].as_str().unwrap()[..16], *fingerprint, "{report:#?}");
        for check in report.json["checks"].as_array().unwrap() {
            assert_eq!(check["cache"], "hit", "{check:#}");
        }
    }

    /// Everything that a hook must not change: the files of the work tree, the index, the stash and
    /// the branch.
    pub(crate) fn state(&self) -> State {
        let mut files = BTreeMap::new();
        collect(&self.root, &self.root, &mut files);
        State {
            files,
            index: self.git(&["ls-files", "--stage"]),
            stash: self.git(&["stash", "list"]),
            head: self.try_git(&["rev-parse", "HEAD"]).stdout,
        }
    }
}

/// The state of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) index: String,
    pub(crate) stash: String,
    pub(crate) head: String,
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if path.is_symlink() {
            files.insert(name, fs::read_link(&path).unwrap().as_os_str().as_bytes().to_owned());
        } else if path.is_dir() && name != ".git" {
            collect(root, &path, files);
        } else if path.is_file() {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// The fingerprint in what a hook printed.
#[track_caller]
pub(crate) fn fingerprint(ended: &Ended) -> String {
    let pattern = Regex::new("fingerprint ([0-9a-f]{16})").unwrap();
    let text = format!("{}{}", ended.stdout, ended.stderr);
    let found = pattern.captures_iter(&text).last().unwrap_or_else(|| panic!("{text}"));
    found[1].to_owned()
}

//! Changed lines, computed with real git.
//!
//! Each test makes a repository of its own, with settings that would change git's output.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use cargo_pipe::env_vars::EnvVars;
use cargo_pipe::event::{Event, Observer};
use cargo_pipe::finding::Place;
use cargo_pipe::gate::lines::ChangedLines;
use cargo_pipe::gate::{GateSpec, Since};
use cargo_pipe::git::GitContext;
use cargo_pipe::outcome::{Reason, Verdict};
use cargo_pipe::process::{Cancel, Emitter};
use cargo_pipe::project::ProjectPath;
use cargo_pipe::run::read_gate;

#[path = "harness/start.rs"]
mod start;

struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Event<'_>) {}
}

/// A repository with one commit on `main`: `src/a.py` of ten lines.
struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn empty() -> Repository {
        let repository = Repository { folder: tempfile::tempdir().unwrap() };
        repository.git("init --quiet --initial-branch main");
        for setting in [
            "user.name tester",
            "user.email tester@example.org",
            "diff.noprefix true",
            "diff.context 9",
            "diff.external false",
            "color.ui always",
            "core.quotePath true",
        ] {
            repository.git(&format!("config {setting}"));
        }
        repository
    }

    fn new() -> Repository {
        let repository = Repository::empty();
        repository.write("src/a.py", &(1..=10).map(|line| format!("{line}\n")).collect::<String>());
        repository.commit();
        repository
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self) {
        self.git("add --all");
        self.git("commit --quiet --message change");
    }

    fn git(&self, words: &str) -> String {
        git(self.path(), words)
    }

    fn changed(&self, since: Option<&str>) -> ChangedLines {
        changed(self.path(), since, &[]).unwrap()
    }
}

fn git(folder: &Path, words: &str) -> String {
    let output = start::command("git")
        .args(words.split(' '))
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_ALLOW_PROTOCOL", "file")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn changed(
    root: &Path,
    since: Option<&str>,
    variables: &[(&str, &str)],
) -> Result<ChangedLines, Reason> {
    let variables = match variables {
        [] => EnvVars::default(),
        [one] => EnvVars::from([*one]),
        _ => unreachable!("no test sets two"),
    };
    let mut observer = Silent;
    let emitter = Emitter::new(&mut observer);
    let cancel = Cancel::default();
    let mut wanted = GateSpec::default();
    wanted.changed = Some(match since {
        Some(name) => Since::Ref(name.to_owned()),
        None => Since::Default,
    });
    let site = GitContext { root, variables: &variables, cancel: &cancel, emitter: &emitter };
    let gate = read_gate(site, &wanted, &[ProjectPath::new("src").unwrap()])?;
    Ok(gate.changed.unwrap().1)
}

/// The lines of a file that changed, of the first twenty.
fn lines(changed: &ChangedLines, path: &str) -> Vec<u32> {
    let place = |line| Place { column: Some(1), ..Place::line(path, line) };
    (1..=20).filter(|line| changed.touch(&place(*line))).collect()
}

fn all() -> Vec<u32> {
    (1..=20).collect()
}

#[test]
fn committed_staged_edited_and_new_lines_count() {
    let repository = Repository::new();
    repository.git("switch --quiet --create work");
    repository.write("src/a.py", "1\nb\n3\n4\n5\n6\n7\n8\n9\n10\n");
    repository.commit();
    repository.write("src/a.py", "1\nb\n3\n4\ne\n6\n7\n8\n9\n10\n");
    repository.git("add --all");
    repository.write("src/a.py", "1\nb\n3\n4\ne\n6\n7\n8\n9\n10\nnew\n");
    repository.write("src/new.py", "1\n");
    repository.write("elsewhere.py", "1\n");
    let changed = repository.changed(None);
    assert_eq!(lines(&changed, "src/a.py"), [2, 5, 11]);
    assert_eq!(lines(&changed, "src/new.py"), all());
    assert!(lines(&changed, "elsewhere.py").is_empty(), "no check looks at it");
}

#[test]
fn changes_on_the_other_branch_do_not_count() {
    let repository = Repository::new();
    repository.git("switch --quiet --create work");
    repository.write("src/a.py", "1\nb\n3\n4\n5\n6\n7\n8\n9\n10\n");
    repository.commit();
    repository.git("switch --quiet main");
    repository.write("src/a.py", "1\n2\n3\n4\n5\n6\n7\n8\n9\nj\n");
    repository.commit();
    repository.git("switch --quiet --detach work");
    assert_eq!(lines(&repository.changed(Some("main")), "src/a.py"), [2]);
    assert_eq!(lines(&repository.changed(None), "src/a.py"), [2]);
}

#[test]
fn renamed_deleted_and_binary_files_are_no_trouble() {
    let repository = Repository::new();
    repository.write("src/gone.py", "1\n");
    repository.write("src/data.bin", "a\0b\n");
    repository.write(".gitattributes", "*.py -diff\n");
    repository.commit();
    repository.git("mv src/a.py src/renamed.py");
    fs::remove_file(repository.path().join("src/gone.py")).unwrap();
    repository.write("src/data.bin", "a\0c\n");
    repository.write("src/renamed.py", "1\n2\nc\n4\n5\n6\n7\n8\n9\n10\n");
    let changed = repository.changed(Some("HEAD"));
    assert_eq!(lines(&changed, "src/renamed.py"), [3]);
    assert!(lines(&changed, "src/gone.py").is_empty());
    assert!(changed.touch(&Place::line("src/data.bin", 1)));
}

#[test]
fn odd_names_are_found() {
    let repository = Repository::new();
    let names = ["src/odd name.py", "src/\u{e9}\u{1f600}.py", "src/a\"b\\c\t.py", "src/[a]*.py"];
    for name in names {
        repository.write(name, "1\n2\n3\n");
    }
    repository.commit();
    for name in names {
        repository.write(name, "1\nb\n3\n");
    }
    // No check can report a name that is not Unicode.
    let odd = std::ffi::OsString::from_vec(b"src/\xff.py".to_vec());
    fs::write(repository.path().join(PathBuf::from(odd)), "1\n").unwrap();
    let changed = repository.changed(Some("HEAD"));
    for name in names {
        assert_eq!(lines(&changed, name), [2], "{name}");
    }
}

#[test]
fn a_project_below_the_repository_and_another_worktree_have_their_own_paths() {
    let repository = Repository::new();
    repository.write("part/src/a.py", "1\n2\n");
    repository.commit();
    let other = repository.path().join("other tree");
    repository.git("config --unset diff.external");
    let status = start::command("git")
        .args(["worktree", "add", "--quiet", "--detach"])
        .arg(&other)
        .current_dir(repository.path())
        .status()
        .unwrap();
    assert!(status.success());
    fs::write(other.join("part/src/a.py"), "1\nb\n").unwrap();
    fs::write(other.join("part/src/new.py"), "1\n").unwrap();
    let changed = changed(&other.join("part"), Some("HEAD"), &[]).unwrap();
    assert_eq!(lines(&changed, "src/a.py"), [2]);
    assert_eq!(lines(&changed, "src/new.py"), all());
}

#[test]
fn another_repository_inside_is_left_alone() {
    let repository = Repository::new();
    let inner = repository.path().join("src/inner");
    fs::create_dir(&inner).unwrap();
    git(&inner, "init --quiet");
    git(&inner, "-c user.name=t -c user.email=t@e commit --quiet --allow-empty --message inner");
    repository.git("-c advice.addEmbeddedRepo=false add --all");
    repository.git("commit --quiet --message submodule");
    fs::write(inner.join("x.py"), "1\n").unwrap();
    let changed = repository.changed(Some("HEAD"));
    assert!(lines(&changed, "src/inner/x.py").is_empty());
}

#[test]
fn the_first_commit_and_none_at_all() {
    let none = Repository::empty();
    none.write("src/a.py", "1\n");
    let reason = changed(none.path(), None, &[]).unwrap_err();
    assert!(reason.message.contains("no commit yet"), "{reason:?}");
    assert_eq!(reason.verdict(), Verdict::Config);

    let first = Repository::new();
    assert!(lines(&first.changed(None), "src/a.py").is_empty());
}

#[test]
fn variables_of_a_job_name_the_commit() {
    let repository = Repository::new();
    let base = repository.git("rev-parse HEAD");
    repository.write("src/a.py", "1\nb\n3\n4\n5\n6\n7\n8\n9\n10\n");
    repository.commit();
    let gitlab = changed(repository.path(), None, &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base)]);
    assert_eq!(lines(&gitlab.unwrap(), "src/a.py"), [2]);

    let missing = changed(repository.path(), None, &[("GITHUB_BASE_REF", "main")]).unwrap_err();
    assert!(
        missing.message.contains("`origin/main`, which `GITHUB_BASE_REF` names"),
        "{missing:?}"
    );
    assert!(missing.to_string().contains("git fetch origin main"), "{missing:?}");
    repository.git(&format!("update-ref refs/remotes/origin/main {base}"));
    let github = changed(repository.path(), None, &[("GITHUB_BASE_REF", "main")]);
    assert_eq!(lines(&github.unwrap(), "src/a.py"), [2]);
}

#[test]
fn a_shallow_clone_names_the_command_that_completes_it() {
    let repository = Repository::new();
    let base = repository.git("rev-parse HEAD");
    repository.write("src/b.py", "1\n");
    repository.commit();
    let clone = tempfile::tempdir().unwrap();
    let source = format!("file://{}", repository.path().display());
    git(clone.path(), &format!("clone --quiet --depth 1 {source} shallow"));
    let shallow = clone.path().join("shallow");
    let reason = changed(&shallow, None, &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base)]).unwrap_err();
    assert!(reason.to_string().contains("git fetch --unshallow"), "{reason:?}");
    assert_eq!(reason.verdict(), Verdict::Config);
}

#[test]
fn a_name_that_is_none_and_one_that_is_an_option_are_refused() {
    let repository = Repository::new();
    for name in ["nowhere", "--all", "-h", ""] {
        let reason = changed(repository.path(), Some(name), &[]).unwrap_err();
        assert!(reason.message.contains("which was asked for"), "{name}: {reason:?}");
    }
}

#[test]
fn a_folder_without_git_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let reason = changed(folder.path(), None, &[]).unwrap_err();
    assert!(reason.message.contains("git knows no repository here"), "{reason:?}");
}

#[test]
fn branches_without_a_common_commit_are_an_error() {
    let repository = Repository::new();
    repository.git("switch --quiet --orphan other");
    repository.write("src/b.py", "1\n");
    repository.commit();
    let reason = changed(repository.path(), Some("main"), &[]).unwrap_err();
    assert!(reason.message.contains("no commit in common"), "{reason:?}");
}

#[test]
fn git_starts_no_program_that_the_repository_names() {
    let repository = Repository::new();
    let witness = repository.path().join("witness");
    let script = repository.path().join("script.sh");
    fs::write(&script, format!("#!/bin/sh\ntouch {}\ncat\n", witness.display())).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).unwrap();
    let script = script.display();
    repository.git(&format!("config core.fsmonitor {script}"));
    repository.git(&format!("config diff.external {script}"));
    repository.git(&format!("config diff.python.textconv {script}"));
    repository.write(".gitattributes", "*.py diff=python\n");
    repository.write("src/a.py", "1\nb\n3\n4\n5\n6\n7\n8\n9\n10\n");
    assert_eq!(lines(&repository.changed(Some("HEAD")), "src/a.py"), [2]);
    assert!(!witness.exists());
}

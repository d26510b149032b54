//! The hook before a commit: real git, real tools, and a clean clone that must agree.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::engine::venv_cache;
use crate::repository::{CLEAN, Repository, UNUSED, fingerprint};

tests!(
    python,
    [
        only_what_is_staged_is_checked,
        every_way_to_commit_is_checked_as_a_clone_of_it,
        kinds_of_files_are_checked_as_a_clone_has_them,
        linked_worktrees_and_submodules_have_their_own_index,
        the_hook_of_another_repository_does_not_lend_its_index,
        each_project_of_a_repository_has_its_line,
        a_merge_is_checked_when_it_is_committed,
        a_killed_hook_changes_nothing,
        a_hook_says_that_it_waits_for_another,
        files_that_need_a_program_of_git_are_named,
        an_untracked_file_is_named_by_why,
    ]
);

fn only_what_is_staged_is_checked() {
    let repository = Repository::new();
    repository.git(&["add", "--all"]);
    let first = repository.commits(&[]);
    repository.clone_hits(&first);

    // A finding in the part that is not staged.
    repository.stage("src/main.py", format!("{CLEAN}print(\"more\")\n"));
    repository.write("src/main.py", format!("{CLEAN}print(\"more\")\nimport os\n"));
    let before = repository.state();
    let second = repository.commits(&[]);
    assert_ne!(first, second);
    repository.clone_hits(&second);
    let after = repository.state();
    assert_eq!((after.files, after.index, after.stash), (before.files, before.index, before.stash));

    // A finding in the part that is staged.
    repository.git(&["add", "--all"]);
    repository.write("src/main.py", CLEAN);
    let before = repository.state();
    let ended = repository.refuses(&[]);
    assert!(ended.stderr.contains("src/main.py:5:1"), "{ended:?}");
    assert!(ended.stderr.contains("`git commit --no-verify` goes on without checks"), "{ended:?}");
    assert_eq!(repository.state(), before);
    repository.git(&["reset", "--quiet"]);

    // Settings and untracked files of the work tree.
    let settings = fs::read_to_string(repository.root.join("pipe.toml")).unwrap();
    repository.write("pipe.toml", "this is not TOML");
    repository.write("src/untracked.py", UNUSED);
    repository.stage("src/other.py", CLEAN);
    let third = repository.commits(&[]);
    repository.clone_hits(&third);

    // A manifest that is staged decides, and only that.
    repository.stage("pipe.toml", settings.replace("[\"src\"]", "[\"elsewhere\"]"));
    repository.write("pipe.toml", &settings);
    let ended = repository.refuses(&[]);
    assert!(ended.stderr.contains("`elsewhere` does not exist"), "{ended:?}");
    fs::remove_file(repository.root.join("pipe.toml")).unwrap();
    repository.git(&["reset", "--quiet"]);
    repository.stage("src/other.py", format!("{CLEAN}print(\"more\")\n"));
    repository.clone_hits(&repository.commits(&[]));
}

fn a_hook_says_that_it_waits_for_another() {
    let repository = Repository::new();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    let id = repository.project.id();
    let lock = venv_cache().join("projects").join(id).join("checkout/lock");
    let lock = fs::File::options().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    let mut command = repository.project.command(&["hook", "run"]);
    let mut hook = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = BufReader::new(hook.stderr.take().unwrap());
    while !said.contains("waiting: another hook of this project is running") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    lock.unlock().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert!(hook.wait().unwrap().success(), "{said}");
}

fn every_way_to_commit_is_checked_as_a_clone_of_it() {
    let repository = Repository::new();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    let more = |lines: usize| format!("{CLEAN}{}", "print(\"more\")\n".repeat(lines));

    // `-a` stages in an index of its own.
    repository.write("src/main.py", UNUSED);
    repository.refuses(&["--all"]);
    repository.write("src/main.py", more(1));
    repository.clone_hits(&repository.commits(&["--all"]));

    // A file that is named is committed alone.
    repository.stage("src/staged.py", UNUSED);
    repository.write("src/main.py", more(2));
    repository.clone_hits(&repository.commits(&["src/main.py"]));
    repository.stage("src/staged.py", CLEAN);
    repository.write("src/main.py", UNUSED);
    repository.refuses(&["src/main.py"]);
    repository.git(&["checkout", "--quiet", "src/main.py"]);
    repository.commits(&[]);

    // Of two hunks, the first is committed and the second is not.
    let long: String = (0..30).map(|number| format!("print({number})\n")).collect();
    repository.stage("src/main.py", format!("{CLEAN}{long}"));
    repository.commits(&[]);
    let hunks = format!("{CLEAN}{long}").replace("print(1)\n", "print(100)\n");
    repository.write("src/main.py", hunks.replace("print(28)\n", "print(28)\nimport os\n"));
    let ended = repository.git_reads(&["commit", "--patch", "--message", "hunk"], "y\nn\n");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    repository.clone_hits(&fingerprint(&ended));
    let ended = repository.git_reads(&["commit", "--patch", "--message", "hunk"], "y\n");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    repository.git(&["checkout", "--quiet", "."]);

    repository.stage("src/main.py", more(3));
    repository.clone_hits(&repository.commits(&["--amend"]));
}

fn kinds_of_files_are_checked_as_a_clone_has_them() {
    let repository = Repository::new();
    repository.stage("src/gone.py", CLEAN);
    repository.stage("src/moved.py", CLEAN);
    repository.stage("src/kept/deep.py", CLEAN);
    repository.git(&["add", "--all"]);
    repository.commits(&[]);

    repository.git(&["rm", "--quiet", "src/gone.py"]);
    repository.git(&["mv", "src/moved.py", "src/kept/moved.py"]);
    repository.clone_hits(&repository.commits(&[]));

    let script = repository.root.join("src/kept/moved.py");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    repository.git(&["add", "--all"]);
    repository.clone_hits(&repository.commits(&[]));

    symlink("main.py", repository.root.join("src/link.py")).unwrap();
    symlink("/etc/passwd", repository.root.join("src/out.py")).unwrap();
    repository.git(&["add", "--all"]);
    repository.clone_hits(&repository.commits(&[]));

    // A link in the place of a folder, and a folder in the place of a file.
    fs::remove_dir_all(repository.root.join("src/kept")).unwrap();
    symlink("other", repository.root.join("src/kept")).unwrap();
    fs::remove_file(repository.root.join("src/link.py")).unwrap();
    repository.write("src/link.py/inner.py", CLEAN);
    repository.write("src/other/deep.py", CLEAN);
    repository.git(&["add", "--all"]);
    repository.clone_hits(&repository.commits(&[]));

    // Only the intent to add it is recorded, so the commit does not have it.
    repository.write("src/intended.py", UNUSED);
    repository.git(&["add", "--intent-to-add", "src/intended.py"]);
    repository.stage("src/__init__.py", "");
    repository.clone_hits(&repository.commits(&[]));
    repository.git(&["rm", "--quiet", "--cached", "--force", "src/intended.py"]);
    fs::remove_file(repository.root.join("src/intended.py")).unwrap();

    // Files that a sparse checkout leaves out are in the commit as well.
    repository.git(&["sparse-checkout", "set", "--cone", "src/other"]);
    assert!(!repository.root.join("src/link.py").exists());
    repository.stage("src/other/deep.py", format!("{CLEAN}print(\"more\")\n"));
    repository.clone_hits(&repository.commits(&[]));

    // A file that git tracks and a `.gitignore` ignores is seen nowhere.
    repository.git(&["sparse-checkout", "disable"]);
    repository.write("src/ignored.py", UNUSED);
    repository.git(&["add", "src/ignored.py"]);
    repository.stage(".gitignore", "ignored.py\n");
    repository.clone_hits(&repository.commits(&[]));
}

fn linked_worktrees_and_submodules_have_their_own_index() {
    let mut repository = Repository::new();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    // The main work tree has something staged that the others must not see.
    repository.stage("src/staged.py", UNUSED);

    let linked = repository.root.with_file_name("linked");
    repository.git(&["worktree", "add", "--quiet", "-b", "other", linked.to_str().unwrap()]);
    repository.at(&linked, |repository| {
        repository.write("src/main.py", format!("{CLEAN}print(\"linked\")\n"));
        repository.clone_hits(&repository.commits(&["--all"]));
        repository.write("src/main.py", UNUSED);
        repository.refuses(&["--all"]);
        repository.refuses(&["src/main.py"]);
    });

    let outer = repository.root.with_file_name("outer");
    fs::create_dir(&outer).unwrap();
    let inner = repository.root.display().to_string();
    repository.at(&outer, |repository| {
        repository.git(&["init", "--quiet"]);
        repository.git(&["submodule", "--quiet", "add", &inner, "inner"]);
    });
    repository.at(&outer.join("inner"), |repository| {
        let installed = repository.pipe(&["hook", "install"]);
        assert!(installed.stderr.contains("outer/.git/modules/inner/hooks/pre-commit"));
        repository.write("src/main.py", format!("{CLEAN}print(\"inner\")\n"));
        repository.clone_hits(&repository.commits(&["--all"]));
        repository.stage("src/main.py", UNUSED);
        repository.refuses(&[]);
    });
}

fn the_hook_of_another_repository_does_not_lend_its_index() {
    let repository = Repository::without_hook();
    repository.git(&["add", "--all"]);
    repository.git(&["commit", "--quiet", "--message", "first"]);
    let other = repository.root.with_file_name("other");
    fs::create_dir(&other).unwrap();
    let git = |args: &[&str]| repository.project.git_in(&other, args).output().unwrap();
    git(&["init", "--quiet"]);
    fs::write(other.join("a.txt"), "a\n").unwrap();
    git(&["add", "--all"]);
    let hook = other.join(".git/hooks/pre-commit");
    let program = env!("CARGO_BIN_EXE_cargo-pipe");
    let root = repository.root.display();
    fs::write(&hook, format!("#!/bin/sh\n{program} -C {root} hook run\n")).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    for arguments in [["--all", "--quiet"], ["--quiet", "a.txt"]] {
        let output = git(&[&["commit", "--message", "a"], &arguments[..]].concat());
        assert!(output.status.success(), "{output:?}");
        fs::write(other.join("a.txt"), "b\n").unwrap();
    }
    repository.stage("src/main.py", UNUSED);
    let output = git(&["commit", "--all", "--message", "a"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

fn each_project_of_a_repository_has_its_line() {
    let mut repository = Repository::without_hook();
    let services = repository.root.join("services");
    for name in ["one", "it's two"] {
        let folder = services.join(name);
        fs::create_dir_all(&folder).unwrap();
        for path in ["pipe.toml", "src/main.py", ".docker", ".config"] {
            let target = folder.join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            let from = repository.root.join(path);
            let copied = repository.project.git_in(&repository.root, &["--version"]).status();
            assert!(copied.unwrap().success());
            copy(&from, &target);
        }
    }
    for path in ["pipe.toml", ".docker", ".config", "src"] {
        let place = repository.root.join(path);
        if place.is_dir() {
            fs::remove_dir_all(place).unwrap()
        } else {
            fs::remove_file(place).unwrap()
        }
    }
    repository.write(".gitattributes", "*.txt text eol=crlf\n");
    for name in ["one", "it's two"] {
        let ended = repository.at(&services.join(name), |it| it.pipe(&["hook", "install"]));
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }
    repository.git(&["add", "--all"]);
    let fingerprint = repository.commits(&[]);
    repository.clone_of_hits(Path::new("services/it's two"), &fingerprint);
    for name in ["one", "it's two"] {
        let path = format!("services/{name}/src/main.py");
        repository.stage(&path, UNUSED);
        repository.refuses(&[]);
        repository.stage(&path, format!("{CLEAN}print(\"more\")\n"));
    }
    repository.commits(&[]);

    let ended = repository.at(&services.join("one"), |it| it.pipe(&["hook", "uninstall"]));
    assert!(ended.stderr.contains("removed this project from"), "{ended:?}");
    repository.stage("services/one/src/main.py", UNUSED);
    repository.commits(&[]);
    repository.stage("services/it's two/src/main.py", UNUSED);
    repository.refuses(&[]);
    let ended = repository.at(&services.join("it's two"), |it| it.pipe(&["hook", "uninstall"]));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(!repository.root.join(".git/hooks/pre-commit").exists());
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else if from.is_file() {
        fs::copy(from, to).unwrap();
    }
}

fn a_merge_is_checked_when_it_is_committed() {
    let repository = Repository::new();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.stage("src/main.py", format!("{CLEAN}print(\"side\")\n"));
    repository.stage("src/side.py", CLEAN);
    repository.commits(&[]);
    repository.git(&["checkout", "--quiet", "main"]);
    repository.stage("src/main.py", format!("{CLEAN}print(\"main\")\n"));
    repository.commits(&[]);
    assert_eq!(repository.try_git(&["merge", "side"]).status, Some(1));
    let ended = repository.pipe(&["hook", "run"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(
        ended.stderr.contains("`src/main.py` has a conflict that is not resolved"),
        "{ended:?}"
    );
    repository.stage("src/main.py", UNUSED);
    repository.refuses(&[]);
    repository.stage("src/main.py", format!("{CLEAN}print(\"both\")\n"));
    repository.clone_hits(&repository.commits(&[]));
    assert_eq!(repository.git(&["log", "--format=%p", "-1"]).split_whitespace().count(), 2);
}

#[expect(clippy::disallowed_methods, reason = "a kill may come at any moment")]
fn a_killed_hook_changes_nothing() {
    let repository = Repository::fixing();
    repository.git(&["add", "--all"]);
    repository.commits(&[]);
    let mut killed = 0;
    // The time of a hook, in which the kills come; the first one is not killed.
    let mut time = None;
    for number in 0..24_u32 {
        // A new content each time, so that something runs.
        let text = format!("{CLEAN}print(   {number}  )\n");
        repository.stage("src/main.py", format!("{text}import os\n"));
        repository.write("src/main.py", format!("{text}import os\nprint(\"not staged\")\n"));
        let before = repository.state();
        let mut command = repository.project.command(&["hook", "run"]);
        let began = Instant::now();
        let mut child = command.process_group(0).spawn().unwrap();
        let signal = [Signal::KILL, Signal::INT, Signal::TERM][number as usize % 3];
        if let Some(time) = time {
            thread::sleep(time * number / 20);
            let _ = kill_process(Pid::from_child(&child), signal);
        }
        let status = child.wait().unwrap();
        time.get_or_insert(began.elapsed());
        killed += usize::from(!matches!(status.code(), Some(1)));
        assert_ne!(status.code(), Some(0));
        assert_eq!(repository.state(), before, "after {number}: {signal:?}");
    }
    assert!(killed > 5, "{killed}");
    let ended = repository.pipe(&["hook", "run"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    repository.stage("src/main.py", format!("{CLEAN}print(\"at last\")\n"));
    repository.clone_hits(&repository.commits(&[]));
}

fn files_that_need_a_program_of_git_are_named() {
    let repository = Repository::new();
    repository.stage(".gitattributes", "*.bin filter=lfs\n*.dat filter=other\n");
    repository.stage("assets/large.bin", "a pointer\n");
    repository.git(&["add", "--all"]);
    // No check sees it, so it does not matter.
    repository.clone_hits(&repository.commits(&[]));
    repository.stage("src/table.dat", "x\n");
    let ended = repository.refuses(&[]);
    assert!(
        ended.stderr.contains("`src/table.dat` has the filter `other`, which only git can apply"),
        "{ended:?}"
    );
    repository.git(&["rm", "--quiet", "--cached", "src/table.dat"]);
    repository.stage(".gitattributes", "pipe.toml filter=lfs\n");
    let ended = repository.refuses(&[]);
    assert!(ended.stderr.contains("`pipe.toml` has the filter `lfs`"), "{ended:?}");
}

fn an_untracked_file_is_named_by_why() {
    let repository = Repository::new();
    repository.git(&["add", "--all"]);
    let fingerprint = repository.commits(&[]);
    // In the other direction: what `run-all` found is a hit for the hook.
    repository.write("src/main.py", format!("{CLEAN}print(\"first checked\")\n"));
    let run = repository.pipe(&["run-all"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    repository.git(&["add", "--all"]);
    let ended = repository.pipe(&["hook", "run"]);
    assert_eq!(crate::repository::fingerprint(&ended), crate::repository::fingerprint(&run));
    assert_ne!(crate::repository::fingerprint(&ended), fingerprint);
    assert!(ended.stdout.contains("2 from the cache"), "{ended:?}");

    repository.write("src/untracked.py", CLEAN);
    let ended = repository.pipe(&["why", "ruff"]);
    assert!(
        ended.stdout.contains(
            "git does not track this, so no commit and no hook has it:\n  src/untracked.py"
        ),
        "{ended:?}"
    );
    repository.git(&["add", "--all"]);
    let ended = repository.pipe(&["why", "ruff"]);
    assert!(!ended.stdout.contains("git does not track"), "{ended:?}");
}

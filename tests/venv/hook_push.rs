//! The hook before a push, with a real remote.

use std::fs;

use crate::project::Ended;
use crate::repository::{CLEAN, Repository, UNUSED, fingerprint};

tests!(python, [pushed_commits_are_checked_and_nothing_else]);

fn pushed_commits_are_checked_and_nothing_else() {
    let repository = Repository::without_hook();
    let ended = repository.pipe(&["hook", "install", "--type", "pre-push"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let remote = repository.root.with_file_name("remote.git");
    repository.git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    repository.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    repository.git(&["commit", "--quiet", "--allow-empty", "--message", "before the project"]);
    repository.git(&["branch", "old"]);
    repository.git(&["add", "--all"]);
    repository.git(&["commit", "--quiet", "--message", "good"]);
    let push = |arguments: &[&str]| -> Ended {
        repository.try_git(&[&["push", "origin"], arguments].concat())
    };

    // A new branch; the work tree, the index and the stash do not count.
    repository.stage("src/staged.py", UNUSED);
    repository.write("src/main.py", "not Python");
    let before = repository.state();
    let ended = push(&["main"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(repository.state(), before);
    repository.clone_hits(&fingerprint(&ended));
    repository.git(&["reset", "--quiet", "--hard"]);

    // One of several branches has a finding.
    repository.git(&["checkout", "--quiet", "-b", "bad"]);
    repository.stage("src/main.py", UNUSED);
    repository.git(&["commit", "--quiet", "--message", "bad"]);
    repository.git(&["checkout", "--quiet", "main"]);
    repository.stage("src/main.py", format!("{CLEAN}print(\"more\")\n"));
    repository.git(&["commit", "--quiet", "--message", "more"]);
    let ended = push(&["main", "bad"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("refs/heads/bad at "), "{ended:?}");
    assert!(ended.stdout.contains("src/main.py:3:8"), "{ended:?}");
    assert!(ended.stderr.contains("`git push --no-verify` goes on without checks"), "{ended:?}");
    let pushed = |name: &str| repository.git(&["ls-remote", "origin", name]);
    assert_eq!(pushed("bad"), "");
    assert_eq!(push(&["main"]).status, Some(0));

    // A finding that a later commit removes is not in what is pushed.
    repository.git(&["checkout", "--quiet", "bad"]);
    repository.stage("src/main.py", CLEAN);
    repository.git(&["commit", "--quiet", "--message", "good again"]);
    let ended = push(&["bad", "old"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("it has no `pipe.toml`, so nothing is checked"), "{ended:?}");

    // A branch that is deleted has nothing to check, and neither has a push without commits.
    let ended = push(&["--delete", "bad"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("no commit is pushed, so nothing is checked"), "{ended:?}");
    assert_eq!(push(&["main"]).status, Some(0));
    assert!(!fs::exists(repository.root.join(".git/index.lock")).unwrap());

    // By hand, without what git lists.
    let ended = repository.pipe(&["hook", "run", "pre-push", "--fix"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("`--fix` cannot change commits"), "{ended:?}");
}

//! The hook before a commit, with checks in containers.

use std::fs;

use crate::project::{Ended, GOOD, Project, Report};

tests![a_commit_is_checked_in_containers_and_its_clone_is_cached, a_hook_without_an_engine_says_so];

fn git(project: &Project, args: &[&str]) -> Ended {
    let who = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"];
    Ended::of(project.git_in(&project.root, &[&who, args].concat()).output().unwrap())
}

/// A scaffolded project in a repository, with a hook.
fn repository(project: &Project, install: &[&str]) {
    project.write("src/main.py", GOOD);
    assert_eq!(git(project, &["init", "--quiet"]).status, Some(0));
    let ended = project.pipe(&[&["hook", "install"], install].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(git(project, &["add", "--all"]).status, Some(0));
}

fn a_commit_is_checked_in_containers_and_its_clone_is_cached() {
    let project = Project::scaffolded().with("CARGO_PIPE_CACHE", "on");
    repository(&project, &["--fix"]);
    project.write("src/main.py", format!("{GOOD}import os\n"));
    let ended = git(&project, &["commit", "--message", "good"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");

    // A finding in each of two checks; one of them is fixed.
    project.write("src/main.py", format!("{GOOD}print( undefined )\n"));
    let ended = git(&project, &["commit", "--all", "--message", "bad"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("staged the fixes of `src/main.py`"), "{ended:?}");
    assert!(ended.stderr.contains("src/main.py:9:7"), "{ended:?}");
    let work = fs::read_to_string(project.root.join("src/main.py")).unwrap();
    assert_eq!(work, format!("{GOOD}print(undefined)\n"));

    project.write("src/main.py", format!("{GOOD}print( \"fixed\" )\n"));
    let ended = git(&project, &["commit", "--all", "--message", "fixed"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(git(&project, &["status", "--porcelain"]).stdout, "");
    let clone = tempfile::tempdir().unwrap();
    let place = clone.path().join("clone");
    git(&project, &["clone", "--quiet", ".", place.to_str().unwrap()]);
    let mut run = project.command(&["run-all", "--message-format", "json"]);
    let report = Report::of(&Ended::of(run.current_dir(&place).output().unwrap()));
    assert_eq!(report.status, 0, "{report:#?}");
    for name in ["lint", "format", "mypy", "ruff"] {
        assert_eq!(report.check(name)["cache"], "hit", "{name}");
    }
    assert!(project.leftovers().is_empty());
}

fn a_hook_without_an_engine_says_so() {
    let project = Project::scaffolded().with("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let project = project.with("CARGO_PIPE_ENGINE", "docker");
    repository(&project, &[]);
    let ended = git(&project, &["commit", "--message", "good"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("unix:///nowhere/docker.sock"), "{ended:?}");
    assert!(ended.stderr.contains("`git commit --no-verify` goes on without checks"), "{ended:?}");
    let ended = git(&project, &["commit", "--no-verify", "--message", "good"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

//! The copy of a project's files that is kept between runs.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

use crate::engine::{without_docker, without_sandbox};
use crate::project::Project;

tests!(
    bubblewrap,
    [a_check_sees_the_same_files_in_a_kept_copy, a_killed_run_leaves_no_copy],
    python,
    [no_copy_is_kept_without_a_sandbox_or_in_ci]
);

/// A project with a check that prints everything that it sees.
fn project() -> Project {
    let project = without_docker(Project::scaffolded()).with("CARGO_PIPE_CACHE", "on");
    project.write("src/pkg/a.py", "A = 1\n");
    project.write("src/pkg/data/b.txt", "b\n");
    // All of these tests share the results in one cache.
    project.write("src/id.txt", format!("{}\n", project.id()));
    project.write("src/see.sh", "ls -lARn --full-time src .hg\ncat $(find src -type f | sort)\n");
    project.write("pipe.toml", "[checks.own]\nrun = [\"sh\", \"src/see.sh\"]\n");
    project
}

/// What the check sees, with these further arguments.
fn seen(project: &Project, args: &[&str]) -> String {
    let run = ["--engine", "venv", "run", "own", "--allow", "host"];
    let report = project.report(&[&run[..], args].concat());
    assert_eq!(report.outcome("own"), "passed", "{report:#?}");
    let stdout = report.check("own")["log"]["stdout"].as_str().unwrap().to_owned();
    // Sizes of folders depend on what was in them.
    let is_file = |line: &&str| !line.starts_with("drwx") && !line.starts_with("total");
    stdout.lines().filter(is_file).map(|line| format!("{line}\n")).collect()
}

/// The copies that are kept, in the cache of all of these tests.
fn kept(project: &Project) -> Vec<PathBuf> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("venv-cache/projects");
    let copies = fs::read_dir(cache.join(project.id()).join("Snapshots"));
    copies.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

fn a_check_sees_the_same_files_in_a_kept_copy() {
    let project = project();
    seen(&project, &[]);
    assert_eq!(kept(&project).len(), 1);
    type Edit = fn(&Project);
    let edits: [Edit; 5] = [
        |project| project.write("src/pkg/a.py", "A = 2\n"),
        |project| project.write("src/pkg/new/c.py", "C = 1\n"),
        |project| fs::remove_dir_all(project.root.join("src/pkg/data")).unwrap(),
        |project| project.write("src/pkg/data", "a file now\n"),
        |project| fs::rename(project.root.join("src/pkg"), project.root.join("src/gkp")).unwrap(),
    ];
    for edit in edits {
        edit(&project);
        let edited = seen(&project, &[]);
        assert_eq!(edited, seen(&project, &["--no-cache"]));
    }
    assert_eq!(kept(&project).len(), 1);
}

fn a_killed_run_leaves_no_copy() {
    let project = project();
    seen(&project, &[]);
    project.write("src/see.sh", "sleep 1000\n");
    let mut child = project.command(&["--engine", "venv", "run", "own"]).spawn().unwrap();
    let began = std::time::Instant::now();
    while !kept(&project).is_empty() {
        assert!(began.elapsed().as_secs() < 60, "the run does not begin");
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    project.write("src/see.sh", "cat src/pkg/a.py\n");
    let edited = format!("A = \"{}\"\n", project.id());
    project.write("src/pkg/a.py", &edited);
    assert_eq!(seen(&project, &[]), edited);
    assert_eq!(kept(&project).len(), 1);
}

fn no_copy_is_kept_without_a_sandbox_or_in_ci() {
    let open = without_sandbox(project());
    seen(&open, &[]);
    assert!(kept(&open).is_empty());
    let job = project().with("CI", "true");
    seen(&job, &[]);
    assert!(kept(&job).is_empty());
}

//! Builds of environments: several at once, and after one that was killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::engine::{at_home, environments, without_docker, without_sandbox};
use crate::project::{Ended, Project, variable};

tests!(
    python,
    [
        ten_runs_at_once_make_an_environment_once,
        a_run_after_a_killed_environment_build_succeeds,
        an_interrupted_installer_leaves_nothing,
        an_altered_wheel_is_refused_by_name,
        offline_names_what_is_missing,
        a_path_of_any_characters_is_in_no_message,
        unreferenced_environments_are_removed
    ]
);

/// A project with a cache of its own.
fn alone() -> (Project, PathBuf) {
    let project = at_home(Project::scaffolded());
    let cache = project.root.parent().unwrap().join("cache");
    let project = project.with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap());
    (project, cache)
}

fn ten_runs_at_once_make_an_environment_once() {
    let (project, cache) = alone();
    let start = || project.command(&["--engine", "venv", "run", "ruff"]).spawn().unwrap();
    let runs: Vec<_> = std::iter::repeat_with(start).take(10).collect();
    let ended: Vec<Ended> =
        runs.into_iter().map(|run| Ended::of(run.wait_with_output().unwrap())).collect();
    assert!(ended.iter().all(|ended| ended.status == Some(0)), "{ended:?}");
    let made = ended.iter().filter(|ended| ended.stderr.contains("building ruff")).count();
    assert_eq!((made, environments(&cache).len()), (1, 1));
}

fn a_run_after_a_killed_environment_build_succeeds() {
    let (project, cache) = alone();
    let mut run = project.command(&["--engine", "venv", "build", "ruff"]).spawn().unwrap();
    // An environment is built next to its final folder, under a longer name.
    let half = |path: &PathBuf| path.extension().is_some() && path.join("pyvenv.cfg").exists();
    while !environments(&cache).iter().any(half) {
        assert!(run.try_wait().unwrap().is_none(), "it was done before it was killed");
    }
    let pid = Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    run.wait().unwrap();
    let ended = project.pipe(&["--engine", "venv", "run", "ruff"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let names = environments(&cache);
    assert_eq!(names.iter().filter(|path| path.extension().is_none()).count(), 1, "{names:?}");
}

fn an_interrupted_installer_leaves_nothing() {
    let (project, cache) = alone();
    let temporary = cache.with_file_name("tmp");
    fs::create_dir(&temporary).unwrap();
    // pip installs, whose temporary files have a name.
    let path = variable("PATH").unwrap();
    let path: Vec<&str> = path.split(':').filter(|it| !Path::new(it).join("uv").exists()).collect();
    let project = project.with("PATH", &path.join(":"));
    let project = project.with("TMPDIR", temporary.to_str().unwrap());
    let mut run = project.command(&["--engine", "venv", "build", "ruff"]).spawn().unwrap();
    let is_unpacking = || {
        let runs = fs::read_dir(cache.join("runs")).into_iter().flatten().flatten();
        let mut places = runs.map(|run| run.path()).chain([temporary.clone()]);
        places.any(|place| has_entry(&place, "pip-unpack-"))
    };
    while !is_unpacking() {
        assert!(run.try_wait().unwrap().is_none(), "it was done before it was interrupted");
    }
    // The second time it ends at once.
    while run.try_wait().unwrap().is_none() {
        let _ = kill_process(Pid::from_child(&run), Signal::INT);
    }
    let began = Instant::now();
    while is_named_by_a_process(&cache) {
        assert!(began.elapsed() < Duration::from_secs(30), "the installer is still running");
    }
    assert_eq!(project.pipe(&["--engine", "venv", "run", "ruff"]).status, Some(0));
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(!is_unpacking());
}

/// Whether a folder has an entry whose name starts like this.
fn has_entry(folder: &Path, start: &str) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with(start))
}

/// Whether a path is in the command of any process.
fn is_named_by_a_process(path: &Path) -> bool {
    let path = path.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut commands = processes.filter_map(|it| fs::read(it.path().join("cmdline")).ok());
    commands.any(|command| String::from_utf8_lossy(&command).contains(path))
}

fn an_altered_wheel_is_refused_by_name() {
    let (project, cache) = alone();
    let lock = project.root.join(".docker/requirements/ruff.txt");
    let text = std::fs::read_to_string(&lock).unwrap();
    let altered: String = text
        .lines()
        .map(|line| match line.split_once("sha256:") {
            Some((before, hash)) => {
                format!("{before}sha256:{}{}\n", "0".repeat(64), &hash[64..])
            }
            None => format!("{line}\n"),
        })
        .collect();
    std::fs::write(&lock, altered).unwrap();
    let report = project.report(&["--engine", "venv", "run", "ruff"]);
    assert_eq!(report.status, 3, "{report:?}");
    let reason = report.check("ruff")["reason"]["message"].to_string();
    assert!(reason.contains("ruff") && reason.to_lowercase().contains("hash"), "{reason}");
    assert!(environments(&cache).is_empty());
}

fn offline_names_what_is_missing() {
    let (project, _) = alone();
    let report = project.report(&["--engine", "venv", "--offline", "run", "ruff"]);
    assert_eq!(report.status, 3);
    let reason = report.check("ruff")["reason"]["message"].to_string();
    assert!(reason.contains("offline") && reason.contains("`ruff`"), "{reason}");
}

fn a_path_of_any_characters_is_in_no_message() {
    let bad = "import os, nowhere\nx: int = \"a\"\nprint( 1 \n";
    let also = "# -*- coding: nonsense -*-\nimport os, nowhere\n";
    let mut reports = Vec::new();
    for name in ["plain", "a b'c é"] {
        for hide in [false, true] {
            let project = Project::named(name).scaffold();
            let project = if hide { without_sandbox(project) } else { project };
            let project = without_docker(project);
            project.write("src/bad.py", bad);
            project.write("src/also.py", also);
            let report = project.report(&["--engine", "venv", "run-all"]);
            assert_eq!(report.status, 1, "{report:?}");
            let text = report.comparable().to_string();
            assert!(!text.contains("/app") && !text.contains("/runs/"), "{text}");
            reports.push(report.comparable());
        }
    }
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]));
}

fn unreferenced_environments_are_removed() {
    let (project, cache) = alone();
    let other = at_home(Project::scaffolded());
    let other = other.with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap());
    assert_eq!(project.pipe(&["--engine", "venv", "build", "ruff"]).status, Some(0));
    assert_eq!(other.pipe(&["--engine", "venv", "build", "ruff"]).status, Some(0));
    assert_eq!(environments(&cache).len(), 1);
    let ended = project.pipe(&["--engine", "venv", "remove"]);
    assert_eq!((ended.status, &*ended.stdout), (Some(0), "nothing to remove\n"));
    let ended = other.pipe(&["--engine", "venv", "remove"]);
    assert!(ended.stdout.starts_with("removed environment "), "{ended:?}");
    assert!(environments(&cache).is_empty());
}

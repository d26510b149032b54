//! The choice of the engine, and its report.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::project::{Project, variable};
use crate::start;

tests!(
    python,
    [
        the_first_commands_work_without_docker,
        nothing_falls_back_in_a_ci_job,
        docker_is_not_replaced_if_it_was_named,
        another_python_is_reported,
        fixes_come_back,
        a_check_with_an_image_needs_docker
    ],
    bubblewrap,
    [
        the_doctor_names_the_engine_that_checks_would_use,
        a_sandbox_that_is_killed_while_it_starts_does_not_hold_the_run
    ]
);

/// Whether a program starts and is content.
pub(crate) fn answers(program: &str, args: &[&str]) -> bool {
    let mut command = start::command(program);
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A project on a machine without a docker engine, with the environments of all tests.
pub(crate) fn without_docker(project: Project) -> Project {
    at_home(project.with("CARGO_PIPE_CACHE_DIR", venv_cache().to_str().unwrap()))
}

/// The cache of those projects.
pub(crate) fn venv_cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("venv-cache")
}

/// The same with a cache of its own.
pub(crate) fn at_home(project: Project) -> Project {
    let home = variable("HOME").unwrap_or_default();
    let pyenv = variable("PYENV_ROOT").unwrap_or(format!("{home}/.pyenv"));
    project.with("DOCKER_HOST", "unix:///nowhere/docker.sock").with("PYENV_ROOT", &pyenv)
}

/// A project whose sandbox does not work.
pub(crate) fn without_sandbox(project: Project) -> Project {
    with_bubblewrap(project, "#!/bin/sh\necho 'bwrap: not permitted' >&2\nexit 1\n")
}

/// A project with a script in the place of bubblewrap.
pub(crate) fn with_bubblewrap(project: Project, text: &str) -> Project {
    let programs = project.root.parent().unwrap().join("programs");
    let path = variable("PATH").unwrap_or_default();
    script(&programs.join("bwrap"), text);
    project.with("PATH", &format!("{}:{path}", programs.display()))
}

/// Its first process dies as early as one can, and leaves another that holds the streams of the check.
fn a_sandbox_that_is_killed_while_it_starts_does_not_hold_the_run() {
    const KILLED: &str = "#!/bin/sh\ncase \"$*\" in *--proof*) sleep 1000 & kill -KILL $$;; esac\n\
                          exec /usr/bin/bwrap \"$@\"\n";
    let project = with_bubblewrap(without_docker(Project::scaffolded()), KILLED);
    let began = Instant::now();
    let report = project.report(&["--engine", "venv", "run", "ruff"]);
    assert!(began.elapsed() < Duration::from_secs(200), "the run was held");
    assert_eq!(report.outcome("ruff"), "error", "{report:#?}");
}

fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path, mode).unwrap();
}

fn the_first_commands_work_without_docker() {
    let project = without_docker(Project::empty()).scaffold();
    let report = project.report(&["run-all"]);
    assert_eq!(report.status, 0, "{report:?}");
    assert_eq!(report.json["engine"]["kind"], "venv");
    let warnings = report.json["warnings"].to_string();
    assert!(warnings.contains("the docker engine does not answer"), "{warnings}");
    project.write("src/main.py", "import os\n");
    let ended = project.pipe(&["run-all"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("engine `venv`"), "{ended:?}");
    let removed = without_docker(project).pipe(&["remove"]);
    assert_eq!(removed.status, Some(0), "{removed:?}");
}

fn nothing_falls_back_in_a_ci_job() {
    let project = without_docker(Project::scaffolded()).with("CI", "true");
    let ended = project.pipe(&["run-all"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("`--engine venv`"), "{ended:?}");
    assert_eq!(project.pipe(&["--engine", "venv", "run", "ruff"]).status, Some(0));
}

fn docker_is_not_replaced_if_it_was_named() {
    let project = without_docker(Project::scaffolded());
    let report = project.report(&["--engine", "docker", "run", "ruff"]);
    assert_eq!(report.status, 3);
    assert!(report.json["engine"].is_null());
}

fn another_python_is_reported() {
    let project = Project::empty();
    project.write("pipe.toml", "[python]\nversion = \"3.99\"\n");
    let report = without_docker(project.scaffold()).report(&["--engine", "venv", "run", "ruff"]);
    let warnings = report.json["warnings"].to_string();
    assert!(warnings.contains("Python 3.99 not found; the checks ran on"), "{warnings}");
    assert!(report.json["engine"]["version"].as_str().unwrap().starts_with("3."));
}

fn fixes_come_back() {
    for project in [Project::scaffolded(), without_sandbox(Project::scaffolded())] {
        let project = without_docker(project);
        project.write("src/main.py", "\"\"\"Nothing.\"\"\"\n\nprint( 1 )\n");
        let ended = project.pipe(&["--engine", "venv", "format"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let fixed = std::fs::read_to_string(project.root.join("src/main.py")).unwrap();
        assert_eq!(fixed, "\"\"\"Nothing.\"\"\"\n\nprint(1)\n");
    }
}

fn the_doctor_names_the_engine_that_checks_would_use() {
    let doctor_output = |project: Project| {
        let ended = project.pipe(&["doctor", "--engine", "venv"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        ended.stdout
    };
    let usual = doctor_output(without_docker(Project::scaffolded()));
    assert!(usual.contains("good    sandbox   bubblewrap works"), "{usual}");
    assert!(usual.contains("` is Python 3."), "{usual}");
    let open = doctor_output(without_docker(without_sandbox(Project::scaffolded())));
    assert!(open.contains("warning sandbox   bubblewrap is installed, but cannot start"), "{open}");
    let project = without_docker(Project::scaffolded());
    project.write("pipe.toml", "[python]\nversion = \"3.99\"\n");
    let ended = project.pipe(&["doctor", "--engine", "venv"]);
    assert!(ended.stdout.contains("Python 3.99 not found; `"), "{ended:?}");
}

fn a_check_with_an_image_needs_docker() {
    let project = without_docker(Project::scaffolded());
    project.write("pipe.toml", "[checks.one]\nrun = [\"true\"]\nimage = \"python:3.13-slim\"\n");
    let report = project.report(&["--engine", "venv", "run", "one"]);
    assert_eq!((report.status, report.outcome("one")), (2, "error"));
    assert!(report.check("one")["reason"]["message"].to_string().contains("docker engine"));
}

/// The folders of environments in a project's own cache.
pub(crate) fn environments(cache: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(cache.join("environments")).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
    folders.filter(|path| path.file_name().unwrap() != "projects").collect()
}

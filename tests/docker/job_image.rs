//! The engines `docker` and `venv` on one base.
//!
//! A job whose image is the locked base reports the same as a laptop with docker.

use std::path::Path;

use serde_json::Value;

use crate::packages::package;
use crate::project::{Project, Report, docker, variable};

tests![
    a_project_is_the_same_without_a_container_of_ours,
    what_depends_on_the_patch_release_is_seen_without_a_container
];

tests!(SOAK, [a_package_is_the_same_without_a_container_of_ours]);

/// A program whose findings depend on the release of Python and on the modules that come with it.
const PROBE: &str = "\"\"\"Depends on Python.\"\"\"\n\nimport idlelib\nimport tarfile\nimport tkinter\n\n\
    import pip\n\nprint(tarfile.LinkFallbackError, idlelib, tkinter, pip)\n";

/// A project with that program.
fn probe() -> Project {
    let project = Project::scaffolded();
    project.write("src/main.py", PROBE);
    project
}

fn a_project_is_the_same_without_a_container_of_ours() {
    are_the_same_without_a_container_of_ours(&[probe()]);
}

fn a_package_is_the_same_without_a_container_of_ours() {
    are_the_same_without_a_container_of_ours(&[package("httpx-0.28.1", &["httpx"])]);
}

/// Compares the engine with containers on this machine with the one without in the base image,
/// where all projects share one home.
fn are_the_same_without_a_container_of_ours(projects: &[Project]) {
    let program = env!("CARGO_BIN_EXE_cargo-pipe");
    let mut arguments = vec![format!("--volume={program}:/usr/local/bin/cargo-pipe:ro")];
    let outside = projects.iter().enumerate().map(|(number, project)| {
        update_base(project);
        arguments.push(format!("--volume={}:/checkouts/{number}:ro", project.root.display()));
        project.report(&["--engine", "docker", "run-all"])
    });
    let outside: Vec<Report> = outside.collect();
    let each = "for folder in /checkouts/*; do \
                cargo-pipe -C \"$folder\" --engine venv run-all --message-format json; done";
    let words = ["python:3.13-slim", "sh", "-c", each];
    let arguments = arguments.iter().map(String::as_str).chain(words);
    let ended = docker(&["run", "--rm"].into_iter().chain(arguments).collect::<Vec<_>>());
    let inside: Vec<Value> = serde_json::Deserializer::from_str(&ended.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    assert_eq!(inside.len(), projects.len(), "{ended:?}");
    for (json, outside) in inside.into_iter().zip(outside) {
        assert_eq!(json["engine"]["kind"], "venv");
        let status = i32::try_from(json["exit_code"].as_i64().unwrap()).unwrap();
        let inside = Report { status, json };
        assert_eq!(inside.comparable(), outside.comparable());
    }
}

fn update_base(project: &Project) {
    let updated = project.pipe(&["update", "base"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
}

fn what_depends_on_the_patch_release_is_seen_without_a_container() {
    let project = probe();
    update_base(&project);
    // Whatever Python this machine has: with another one there is another fingerprint.
    let home = variable("HOME").unwrap_or_default();
    let project = project.with("PYENV_ROOT", &format!("{home}/.pyenv"));
    // The environments of the tests without docker.
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("venv-cache");
    let project = project.with("CARGO_PIPE_CACHE_DIR", cache.to_str().unwrap());
    let here = project.report(&["--engine", "venv", "run", "lint"]);
    let base = project.report(&["--engine", "docker", "run", "lint"]);
    let input = |report: &Report| report.check("lint")["inputs"]["environment"].clone();
    let same_python = input(&here) == input(&base);
    let same_findings = here.check("lint")["findings"] == base.check("lint")["findings"];
    assert!(same_findings || !same_python);
    let warned =
        here.json["warnings"].to_string().contains("differs from that of `python:3.13-slim`");
    assert_eq!(warned, !same_python, "{here:?}");
}

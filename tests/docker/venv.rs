//! The two engines on one base: a job whose image is the locked base has the answer of a laptop.

use serde_json::Value;

use crate::Test;
use crate::packages::package;
use crate::project::{Project, Report, docker, variable};

pub(crate) const TESTS: &[Test] = &[
    ("httpx_is_the_same_without_a_container_of_ours", httpx_is_the_same),
    ("attrs_is_the_same_without_a_container_of_ours", attrs_is_the_same),
    ("msgspec_is_the_same_without_a_container_of_ours", msgspec_is_the_same),
    ("what_depends_on_the_patch_release_is_the_same_on_the_base_alone", the_probe),
];

/// A program whose findings depend on the release of Python and on the modules that come with it.
const PROBE: &str = "\"\"\"Depends on Python.\"\"\"\n\nimport idlelib\nimport tarfile\nimport tkinter\n\n\
    import pip\n\nprint(tarfile.LinkFallbackError, idlelib, tkinter, pip)\n";

fn httpx_is_the_same() {
    both(package("httpx-0.28.1", &["httpx"]));
}

fn attrs_is_the_same() {
    both(package("attrs-21.4.0", &["src"]));
}

fn msgspec_is_the_same() {
    both(package("msgspec-0.18.6", &["msgspec"]));
}

fn the_probe() {
    let project = Project::scaffolded();
    project.write("src/main.py", PROBE);
    let project = both(project);
    // Whatever Python this machine has: with another one there is another fingerprint.
    let home = variable("HOME").unwrap_or_default();
    let project = project.with("PYENV_ROOT", &format!("{home}/.pyenv"));
    let here = project.report(&["--engine", "venv", "run", "lint"]);
    let base = project.report(&["--engine", "docker", "run", "lint"]);
    let input = |report: &Report| report.check("lint")["inputs"]["environment"].clone();
    let same_python = input(&here) == input(&base);
    let same_findings = here.check("lint")["findings"] == base.check("lint")["findings"];
    assert!(same_findings || !same_python);
    let warned = here.json["warnings"].to_string().contains("is not that of `python:3.13-slim`");
    assert_eq!(warned, !same_python, "{here:?}");
}

/// Compares the engine with containers on this machine with the one without in the base image.
fn both(project: Project) -> Project {
    let updated = project.pipe(&["update", "base"]);
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let outside = project.report(&["--engine", "docker", "run-all"]);
    let program = format!("{}:/usr/local/bin/cargo-pipe:ro", env!("CARGO_BIN_EXE_cargo-pipe"));
    let folder = format!("{}:/checkout:ro", project.root.display());
    let ended = docker(&[
        "run",
        "--rm",
        "--volume",
        &program,
        "--volume",
        &folder,
        "--workdir",
        "/checkout",
        "python:3.13-slim",
        "cargo-pipe",
        "--engine",
        "venv",
        "run-all",
        "--message-format",
        "json",
    ]);
    let inside: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    assert_eq!(inside["engine"]["kind"], "venv");
    let inside = Report { status: ended.status.unwrap(), json: inside };
    assert_eq!(inside.comparable(), outside.comparable());
    project
}

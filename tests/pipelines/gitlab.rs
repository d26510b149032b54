//! GitLab's pipelines, in jobs whose files the engine does not see.

use crate::Test;
use crate::scene::{BROKEN, Ended, IMAGE, Scene, comparable, dist, read, runner};

pub(crate) const TESTS: &[Test] = &[
    ("a_socket_job_says_what_the_host_says", a_socket_job_says_what_the_host_says),
    ("each_job_fails_on_its_own_bad_file", each_job_fails_on_its_own_bad_file),
    ("drift_fails_a_job_with_the_difference", drift_fails_a_job_with_the_difference),
];

/// Runs jobs on the state that was pushed; all if none is named.
fn pipeline(scene: &Scene, jobs: &[&str]) -> Ended {
    scene.push();
    let published = format!("{}:/dist:ro", dist().display());
    let options = [
        "--pull-policy",
        "if-not-present",
        "--helper-image",
        IMAGE,
        "--volume",
        "/var/run/docker.sock:/var/run/docker.sock",
        "--volume",
        &published,
        // Until the package is published, pip finds it there.
        "--variable",
        "PIP_FIND_LINKS=/dist",
        "--variable",
        "PIP_NO_INDEX=1",
    ];
    scene.run(&runner(), &[jobs, &options].concat())
}

fn a_socket_job_says_what_the_host_says() {
    let scene = Scene::new(&["--ci", "gitlab", "--gitlab", "socket"]);
    for (source, status) in [(None, 0), (Some(BROKEN), 1)] {
        if let Some(source) = source {
            scene.write("src/broken.py", source);
        }
        let (host_status, host) = scene.on_the_host(&["run-all"]);
        assert_eq!(host_status, Some(status));
        assert_eq!(host["engine"]["topology"], "bind");
        let ended = pipeline(&scene, &[]);
        assert_eq!(ended.status, Some(status), "{}", ended.said);
        let job = read(&scene.root.join(".gitlab-ci-local/artifacts/cargo-pipe/cargo-pipe.json"));
        assert_eq!(job["engine"]["topology"], "stream");
        assert_eq!(job["exit_code"], status);
        assert_eq!(comparable(&job), comparable(&host));
    }
}

fn each_job_fails_on_its_own_bad_file() {
    let scene = Scene::new(&["--ci", "gitlab", "--gitlab", "socket"]);
    scene.edit("pipe.toml", "jobs = \"run-all\"", "jobs = \"per-check\"");
    assert_eq!(scene.pipe(&["sync"]).status, Some(0));
    let good = "\"\"\"Fine.\"\"\"\n\nVALUE = 1\n";
    let bad = [
        ("lint", "\"\"\"Fine.\"\"\"\n\nimport os\n"),
        ("format", "\"\"\"Fine.\"\"\"\n\nVALUE  =  1\n"),
        ("mypy", "\"\"\"Fine.\"\"\"\n\nVALUE: int = \"1\"\n"),
        ("ruff", "\"\"\"Fine.\"\"\"\n\nimport os\n"),
    ];
    for (check, text) in bad {
        let job = format!("cargo-pipe:{check}");
        scene.write("src/main.py", text);
        let ended = pipeline(&scene, &[&job]);
        assert_eq!(ended.status, Some(1), "{check}: {}", ended.said);
        assert!(ended.said.contains(&format!("FAIL  {job}")), "{}", ended.said);
        scene.write("src/main.py", good);
        let ended = pipeline(&scene, &[&job]);
        assert_eq!(ended.status, Some(0), "{check}: {}", ended.said);
    }
}

fn drift_fails_a_job_with_the_difference() {
    let scene = Scene::new(&["--ci", "gitlab", "--gitlab", "socket"]);
    scene.edit("pipe.toml", "apt = []", "apt = [\"libpq5\"]");
    let ended = pipeline(&scene, &[]);
    assert_eq!(ended.status, Some(1), "{}", ended.said);
    assert!(ended.said.contains("outdated  .docker/Dockerfile"), "{}", ended.said);
    assert!(!ended.said.contains("run-all: "), "{}", ended.said);
}

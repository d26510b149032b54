//! Pipelines with a job for each check, each of which fails on a file of its own.

use std::fs;

use crate::gitlab_ci_local::{NO_INDEX, SOCKET, artifact, pipeline};
use crate::scene::{ONLY, Scene, read};

tests![an_image_job_fails_on_its_own_bad_file_alone, a_socket_job_fails_on_its_own_bad_file_alone];

/// A repository with a job for each check.
pub(crate) fn per_check(options: &[&str]) -> Scene {
    let scene = Scene::new(options);
    scene.edit("pipe.toml", "jobs = \"run-all\"", "jobs = \"per-check\"");
    assert_eq!(scene.pipe(&["sync"]).status, Some(0));
    scene
}

/// Writes a bad file for each check, and removes the good one.
pub(crate) fn write_only(scene: &Scene) {
    for (check, text) in ONLY {
        scene.write(&format!("src/{check}.py"), text);
    }
    fs::remove_file(scene.root.join("src/main.py")).unwrap();
}

/// The checks that a job ran, and the files with findings that count.
pub(crate) fn objected(report: &serde_json::Value) -> (Vec<&str>, Vec<&str>) {
    let checks = report["checks"].as_array().unwrap();
    let names = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    let findings = checks.iter().flat_map(|check| check["findings"].as_array().unwrap());
    let counting = findings.filter(|finding| finding["gating"] == true);
    (names, counting.map(|finding| finding["path"].as_str().unwrap()).collect())
}

fn an_image_job_fails_on_its_own_bad_file_alone() {
    each_objects(&["--ci", "gitlab"], &[]);
}

fn a_socket_job_fails_on_its_own_bad_file_alone() {
    each_objects(&["--ci", "gitlab", "--gitlab", "socket"], &[SOCKET, NO_INDEX].concat());
}

/// Four bad files at once, each of which three jobs pass.
fn each_objects(options: &[&str], words: &[&str]) {
    let scene = per_check(options);
    write_only(&scene);
    let ended = pipeline(&scene, words);
    for (check, _) in ONLY {
        let job = format!("cargo-pipe:{check}");
        assert!(ended.output.contains(&format!("FAIL  {job}")), "{}", ended.output);
        let report = read(&artifact(&scene, &job, "cargo-pipe.json"));
        let file = format!("src/{check}.py");
        assert_eq!(objected(&report), (vec![check], vec![file.as_str()]), "{report:#}");
    }
}

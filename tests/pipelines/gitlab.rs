//! GitLab's pipelines, in jobs that are containers themselves or have the engine's socket.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::gitlab_ci_local::{NO_INDEX, SOCKET, artifact, committed_pipeline, pipeline};
use crate::registry::Registry;
use crate::scene::{BROKEN, Scene, comparable, read};

/// The one job of a pipeline.
const JOB: &str = "cargo-pipe";

tests![
    the_way_from_an_empty_folder_ends_with_the_same_fingerprint,
    a_socket_job_reports_the_same_as_the_host,
    one_broken_file_is_the_same_on_the_host_and_in_every_job,
    a_project_in_a_folder_of_the_repository_reports_the_same_as_the_host,
    drift_fails_a_job_with_the_difference,
    an_image_with_everything_is_made_pushed_and_run_in,
    every_pipeline_fits_its_schema
];

fn with_socket() -> Vec<&'static str> {
    [SOCKET, NO_INDEX].concat()
}

/// As the guide says it, with nothing that records the base image after `init`.
fn the_way_from_an_empty_folder_ends_with_the_same_fingerprint() {
    let scene = Scene::new(&["--ci", "gitlab"]);
    assert!(scene.root.join(".docker/pipe.lock").exists(), "init records the base image");
    scene.commit();
    let (status, host) = scene.on_the_host(&["run-all"]);
    assert_eq!(status, Some(0));
    let ended = pipeline(&scene, &[]);
    assert_eq!(ended.status, Some(0), "{}", ended.output);
    let job = read(&artifact(&scene, JOB, "cargo-pipe.json"));
    assert_eq!(job["engine"]["kind"], "venv");
    assert!(host["fingerprint"].is_string(), "{host:#}");
    assert_eq!(comparable(&job), comparable(&host));
}

fn a_socket_job_reports_the_same_as_the_host() {
    let scene = Scene::new(&["--ci", "gitlab", "--gitlab", "socket"]);
    for (source, status) in [(None, 0), (Some(BROKEN), 1)] {
        if let Some(source) = source {
            scene.write("src/broken.py", source);
        }
        let (host_status, host) = scene.on_the_host(&["run-all"]);
        assert_eq!(host_status, Some(status));
        assert_eq!(host["engine"]["topology"], "bind");
        let ended = pipeline(&scene, &with_socket());
        assert_eq!(ended.status, Some(status), "{}", ended.output);
        let job = read(&artifact(&scene, JOB, "cargo-pipe.json"));
        assert_eq!(job["engine"]["topology"], "stream");
        let quality = read(&artifact(&scene, JOB, "cargo-pipe-quality.json"));
        assert_eq!(quality.as_array().unwrap().len(), if status == 1 { 4 } else { 0 });
        let junit = fs::read_to_string(artifact(&scene, JOB, "cargo-pipe-junit.xml")).unwrap();
        assert_eq!(junit.matches("<failure").count(), if status == 1 { 4 } else { 0 });
        assert_eq!(job["exit_code"], status);
        assert_eq!(comparable(&job), comparable(&host));
    }
}

/// An image job needs no docker, and no network once its cache is warm.
fn one_broken_file_is_the_same_on_the_host_and_in_every_job() {
    let scene = Scene::new(&["--ci", "gitlab"]);
    scene.write("src/broken.py", BROKEN);
    assert_eq!(scene.pipe(&["update", "base"]).status, Some(0));
    let (_, host) = scene.on_the_host(&["run-all"]);
    // What protected branches find out is for the others; they believe nothing themselves.
    let protected = ["--variable", "CI_COMMIT_REF_PROTECTED=true"];
    let unprotected = ["--variable", "CI_DEFAULT_BRANCH=trunk"];
    let cut_off = ["--network", "none", "--variable", "PIP_NO_INDEX=1"];
    let rounds =
        [(protected, &[][..], "off"), (unprotected, &cut_off, "hit"), (protected, &cut_off, "off")];
    for (branch, network, cache) in rounds {
        let ended = pipeline(&scene, &[&branch, network].concat());
        assert_eq!(ended.status, Some(1), "{}", ended.output);
        let job = read(&artifact(&scene, JOB, "cargo-pipe.json"));
        assert_eq!(job["engine"]["kind"], "venv");
        let cached = |check: &Value| check["cache"] == cache;
        assert!(job["checks"].as_array().unwrap().iter().all(cached), "{job:#}");
        assert_eq!(comparable(&job), comparable(&host));
    }
    // The same file in the other kind of job.
    scene.edit("pipe.toml", "gitlab = \"image\"", "gitlab = \"socket\"");
    assert_eq!(scene.pipe(&["sync"]).status, Some(0));
    assert_eq!(pipeline(&scene, &with_socket()).status, Some(1));
    let job = read(&artifact(&scene, JOB, "cargo-pipe.json"));
    assert_eq!(job["engine"]["topology"], "stream");
    assert_eq!(comparable(&job), comparable(&host));
}

fn a_project_in_a_folder_of_the_repository_reports_the_same_as_the_host() {
    let scene = Scene::in_folder("svc/api", &["--ci", "gitlab"]);
    let record = scene.pipe(&["-C", "svc/api", "update", "base"]);
    assert_eq!(record.status, Some(0), "{}", record.output);
    scene.push();
    // A change of another folder starts no job.
    scene.write("README.md", "# Services\n");
    scene.commit();
    let ended = committed_pipeline(&scene, &[]);
    assert!(ended.status == Some(0) && !ended.output.contains("cargo-pipe"), "{}", ended.output);

    scene.write("svc/api/src/broken.py", BROKEN);
    scene.commit();
    let (_, host) = scene.on_the_host(&["-C", "svc/api", "run-all"]);
    let ended = committed_pipeline(&scene, &[]);
    assert_eq!(ended.status, Some(1), "{}", ended.output);
    let artifact = |name: &str| artifact(&scene, "cargo-pipe:svc/api", &format!("svc/api/{name}"));
    let job = read(&artifact("cargo-pipe.json"));
    assert_eq!(comparable(&job), comparable(&host));
    // GitLab shows findings at paths of the repository.
    let quality = read(&artifact("cargo-pipe-quality.json"));
    let paths = quality.as_array().unwrap().iter().map(|finding| &finding["location"]["path"]);
    assert!(
        paths.clone().count() > 0 && paths.into_iter().all(|path| path == "svc/api/src/broken.py")
    );
}

fn drift_fails_a_job_with_the_difference() {
    let scene = Scene::new(&["--ci", "gitlab", "--gitlab", "socket"]);
    scene.edit("pipe.toml", "apt = []", "apt = [\"libpq5\"]");
    let ended = pipeline(&scene, &with_socket());
    assert_eq!(ended.status, Some(1), "{}", ended.output);
    assert!(ended.output.contains("outdated  .docker/Dockerfile"), "{}", ended.output);
    assert!(!ended.output.contains("run-all: "), "{}", ended.output);
}

/// The one job makes and pushes it, the others need neither a network nor a cache.
fn an_image_with_everything_is_made_pushed_and_run_in() {
    let registry = Registry::start();
    let image = format!("CI_REGISTRY_IMAGE={}/grp/proj", registry.host);
    let scene = Scene::new(&["--ci", "gitlab"]);
    scene.write("src/broken.py", BROKEN);
    scene.edit("pipe.toml", "#registry =", "registry =");
    scene.edit("pipe.toml", "#builder = \"dind\"", "builder = \"socket\"");
    assert_eq!(scene.pipe(&["update", "base"]).status, Some(0));
    assert_eq!(scene.pipe(&["sync"]).status, Some(0));
    let (_, host) = scene.on_the_host(&["run-all"]);
    let make = ["cargo-pipe:image", "--variable", &image, "--network", "host"];
    let make = [&make[..], &with_socket()].concat();
    let made = pipeline(&scene, &make);
    assert_eq!(made.status, Some(0), "{}", made.output);
    assert!(made.output.contains("was built and pushed"), "{}", made.output);
    // The job gets it from the registry alone.
    let text = fs::read_to_string(scene.root.join(".gitlab-ci.yml")).unwrap();
    let (_, tag) = text.split_once("image: $CI_REGISTRY_IMAGE/pipe:").unwrap();
    let name = format!("{}/grp/proj/pipe:{}", registry.host, tag.lines().next().unwrap());
    assert_eq!(scene.run(Path::new("docker"), &["image", "rm", &name]).status, Some(0));
    let again = pipeline(&scene, &make);
    assert!(again.output.contains("already exists"), "{}", again.output);

    let run = [JOB, "--variable", &image, "--network", "none"];
    let ended = pipeline(&scene, &run);
    assert_eq!(ended.status, Some(1), "{}", ended.output);
    let job = read(&artifact(&scene, JOB, "cargo-pipe.json"));
    assert_eq!(job["engine"]["kind"], "venv");
    assert_eq!(comparable(&job), comparable(&host));

    // An image built from other locks is refused: by the first line of the job or, without that
    // line, by the run.
    let lock = ".docker/requirements/ruff.txt";
    let other = fs::read_to_string(scene.root.join(lock)).unwrap().replace("ruff==", "ruff==0");
    scene.write(lock, &other);
    let drift = scene.pipe(&["sync", "--check"]);
    assert_eq!(drift.status, Some(1), "{}", drift.output);
    assert!(drift.output.contains("outdated  .gitlab-ci.yml"), "{}", drift.output);
    let run = "cp -r /checkout /tmp/copy && cd /tmp/copy && cargo-pipe run ruff --engine venv";
    let mount = format!("type=bind,source={},target=/checkout,readonly", scene.root.display());
    let stale =
        scene.run(Path::new("docker"), &["run", "--rm", "--mount", &mount, &name, "sh", "-c", run]);
    assert_eq!(stale.status, Some(2), "{}", stale.output);
    assert!(
        stale.output.contains("the environment of `ruff` in this job's image"),
        "{}",
        stale.output
    );
    let _ = scene.run(Path::new("docker"), &["image", "rm", "--force", &name]);
}

fn every_pipeline_fits_its_schema() {
    let scene = Scene::new(&["--ci", "gitlab"]);
    let text = fs::read_to_string(scene.root.join("pipe.toml")).unwrap();
    fs::create_dir(scene.root.join("made")).unwrap();
    for gitlab in ["image", "socket", "dind"] {
        for jobs in ["run-all", "per-check"] {
            for install in ["wheel", "xtask"] {
                let text = text
                    .replace("gitlab = \"image\"", &format!("gitlab = \"{gitlab}\""))
                    .replace("jobs = \"run-all\"", &format!("jobs = \"{jobs}\""))
                    .replace("install = \"wheel\"", &format!("install = \"{install}\""));
                scene.write("pipe.toml", &text);
                assert_eq!(scene.pipe(&["sync"]).status, Some(0));
                let made = format!("made/{gitlab}-{jobs}-{install}.yml");
                fs::copy(scene.root.join(".gitlab-ci.yml"), scene.root.join(made)).unwrap();
            }
        }
    }
    for (builder, install) in [("dind", "wheel"), ("socket", "xtask")] {
        let text = text
            .replace("#registry =", "registry =")
            .replace("#builder = \"dind\"", &format!("builder = \"{builder}\""))
            .replace("install = \"wheel\"", &format!("install = \"{install}\""));
        scene.write("pipe.toml", &text);
        assert_eq!(scene.pipe(&["sync"]).status, Some(0));
        let made = format!("made/registry-{builder}-{install}.yml");
        fs::copy(scene.root.join(".gitlab-ci.yml"), scene.root.join(made)).unwrap();
    }
    let ended = scene.script(
        "pip install -q --root-user-action ignore check-jsonschema==0.39.0\n\
         check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci made/*.yml",
    );
    assert_eq!(ended.status, Some(0), "{}", ended.output);
}

//! Runs jobs of GitLab with `gitlab-ci-local` and its docker executor.
//!
//! It adds the options that every run needs, and finds the artifacts of a job.

use std::path::PathBuf;

use crate::scene::{Ended, IMAGE, Scene, dist, runner};

/// A job has the engine's socket.
pub(crate) const SOCKET: [&str; 2] = ["--volume", "/var/run/docker.sock:/var/run/docker.sock"];

/// A job installs nothing from a network.
pub(crate) const NO_INDEX: [&str; 2] = ["--variable", "PIP_NO_INDEX=1"];

/// Runs jobs on the state that was pushed, with these options; all if none is named.
pub(crate) fn pipeline(scene: &Scene, options: &[&str]) -> Ended {
    scene.push();
    committed_pipeline(scene, options)
}

/// The same on the state that was committed, with the default branch as it was pushed last.
pub(crate) fn committed_pipeline(scene: &Scene, options: &[&str]) -> Ended {
    let published = format!("{}:/dist:ro", dist().display());
    let always = [
        "--pull-policy",
        "if-not-present",
        "--helper-image",
        IMAGE,
        "--volume",
        &published,
        // Until the package is published, pip finds it there.
        "--variable",
        "PIP_FIND_LINKS=/dist",
        // A test of its own holds pipelines against GitLab's schema.
        "--no-json-schema-validation",
    ];
    scene.run(&runner(), &[options, &always].concat())
}

/// What a job left behind.
pub(crate) fn artifact(scene: &Scene, job: &str, name: &str) -> PathBuf {
    // That is how the signs are written there.
    let folder = job.replace(':', "Og").replace('/', "Lw");
    scene.root.join(".gitlab-ci-local/artifacts").join(folder).join(name)
}

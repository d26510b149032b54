//! Cargo pipe with a real engine, real images and real tools.
//!
//! Without an engine every test is reported as ignored, and counted; with
//! `CARGO_PIPE_TEST_ENGINE=required`, as in the gate, that is a failure. `cargo xtask docker` says
//! what is missing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adoption;
mod articles;
mod cache;
mod container;
mod dependencies;
mod doctor;
mod failures;
mod fixer_failures;
mod fixes;
mod gate;
mod image_build;
mod incremental;
mod job_image;
mod matrix;
mod nested_engine;
mod network;
mod own_locks;
mod package_index;
mod packages;
mod parallel_runs;
mod paths;
mod podman;
mod project;
mod pytest;
mod registry;
mod registry_images;
mod remote;
mod sandbox;
#[path = "../pty/session.rs"]
mod session;
mod shell;
mod signals;
mod socket_jobs;
mod topology;

use std::num::NonZero;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test and its name.
type Test = (&'static str, fn());

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Half of its time a test waits: for the engine, for packages, for another process.
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    arguments.test_threads.get_or_insert(2 * processors);
    let has_engine = project::has_engine();
    let is_required = project::variable("CARGO_PIPE_TEST_ENGINE").as_deref() == Some("required");
    // What takes longest is first, so that nothing is left to wait for at the end.
    let groups: &[&[Test]] = &[
        job_image::TESTS,
        adoption::TESTS,
        articles::TESTS,
        doctor::TESTS,
        dependencies::TESTS,
        failures::TESTS,
        fixer_failures::TESTS,
        fixes::TESTS,
        gate::TESTS,
        cache::TESTS,
        incremental::TESTS,
        socket_jobs::TESTS,
        own_locks::TESTS,
        shell::TESTS,
        image_build::TESTS,
        matrix::TESTS,
        network::TESTS,
        packages::TESTS,
        paths::TESTS,
        podman::TESTS,
        pytest::TESTS,
        registry_images::TESTS,
        remote::TESTS,
        sandbox::TESTS,
        signals::TESTS,
        parallel_runs::TESTS,
        topology::TESTS,
    ];
    // `cargo xtask soak matrix` asks for them.
    let soak = project::variable("CARGO_PIPE_TEST_SOAK").map(|_| matrix::SOAK);
    let trials = [groups.concat(), soak.unwrap_or_default().to_vec()].concat().into_iter().map(
        |(name, test)| {
            let run = move || {
                test();
                Ok(())
            };
            Trial::test(name, run).with_ignored_flag(!has_engine && !is_required)
        },
    );
    // Keeps the images in use by somebody, so that no test builds what another one removed.
    let keeper = (has_engine && !arguments.list).then(project::Project::scaffolded);
    if let Some(keeper) = &keeper {
        keeper.pipe(&["build"]);
    }
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    nested_engine::stop();
    conclusion.exit_code()
}

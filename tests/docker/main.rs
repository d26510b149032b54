//! Cargo pipe with a real engine, real images and real tools.
//!
//! Without an engine every test is reported as ignored, and counted; with
//! `CARGO_PIPE_TEST_ENGINE=required`, as in the gate, that is a failure. `cargo xtask docker` shows
//! what is missing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../harness/docker.rs"]
mod engine;
#[macro_use]
#[path = "../harness/program.rs"]
mod harness;
#[path = "../harness/start.rs"]
mod start;

mod adoption;
mod articles;
mod cache;
mod catalogue;
mod container;
mod dependencies;
mod dice;
mod doctor;
mod failures;
mod findings;
mod fixer_failures;
mod fixes;
mod gate;
mod hook;
mod image_build;
mod imports;
mod incremental;
mod installed_project;
mod job_image;
mod keeper;
mod matrix;
mod monorepo;
mod nested_engine;
mod network;
mod own_locks;
mod package_index;
mod packages;
mod parallel_runs;
mod paths;
mod per_file;
mod podman;
mod project;
mod pytest;
mod pythons;
mod registry;
mod registry_images;
mod remote;
mod rust;
#[path = "../harness/rust_project.rs"]
mod rust_project;
mod sandbox;
mod second_engine;
mod secrets;
#[path = "../pty/session.rs"]
mod session;

mod shell;
mod signals;
mod socket_jobs;
mod topology;
#[path = "../harness/two_packages.rs"]
mod two_packages;
#[path = "../harness/two_pythons.rs"]
mod two_pythons;
mod unused_images;

use std::process::ExitCode;

use engine::is_wanted as can_run;

fn main() -> ExitCode {
    if let Some(socket) = keeper::socket().filter(|_| keeper::is_keeper()) {
        keeper::keep(&socket);
        return ExitCode::SUCCESS;
    }
    // Half of its time a test waits: for the engine, for packages, for another process.
    let arguments = harness::arguments(2);
    // `cargo xtask soak` asks for what takes too long for every run.
    let soak = match project::variable("CARGO_PIPE_TEST_SOAK") {
        Some(_) => [
            adoption::SOAK,
            job_image::SOAK,
            matrix::SOAK,
            packages::SOAK,
            per_file::SOAK,
            podman::SOAK,
        ],
        None => [&[][..]; 6],
    };
    // The slowest lists come first, so that nothing is left to wait for at the end.
    let lists = [
        podman::TESTS,
        job_image::TESTS,
        second_engine::TESTS,
        secrets::TESTS,
        adoption::TESTS,
        articles::TESTS,
        doctor::TESTS,
        dependencies::TESTS,
        failures::TESTS,
        findings::TESTS,
        fixer_failures::TESTS,
        fixes::TESTS,
        gate::TESTS,
        cache::TESTS,
        incremental::TESTS,
        installed_project::TESTS,
        socket_jobs::TESTS,
        own_locks::TESTS,
        shell::TESTS,
        hook::TESTS,
        image_build::TESTS,
        matrix::TESTS,
        monorepo::TESTS,
        network::TESTS,
        packages::TESTS,
        paths::TESTS,
        per_file::TESTS,
        pytest::TESTS,
        pythons::TESTS,
        registry_images::TESTS,
        remote::TESTS,
        rust::TESTS,
        sandbox::TESTS,
        signals::TESTS,
        parallel_runs::TESTS,
        topology::TESTS,
        unused_images::TESTS,
    ];
    let lists = [&lists[..], &soak].concat();
    let keeps_nothing = arguments.list || keeper::socket().is_some() || !*engine::HAS_ENGINE;
    let images = (!keeps_nothing).then(keeper::keep_images);
    let conclusion = libtest_mimic::run(&arguments, harness::trials(&lists));
    nested_engine::stop();
    drop(images);
    conclusion.exit_code()
}

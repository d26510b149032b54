//! Cargo pipe with a real engine, real images and real tools.
//!
//! Without an engine every test is reported as ignored, and counted; with
//! `CARGO_PIPE_TEST_ENGINE=required`, as in the gate, that is a failure. `cargo xtask docker` says
//! what is missing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adoption;
mod articles;
mod dependencies;
mod doctor;
mod failures;
mod fixers;
mod fixing;
mod gate;
mod hits;
mod incremental;
mod index;
mod jobs;
mod locked;
mod looking;
mod machine;
mod making;
mod matrix;
mod network;
mod packages;
mod place;
mod places;
mod podman;
mod project;
mod pytest;
mod registries;
mod registry;
mod remote;
mod sandbox;
#[path = "../pty/session.rs"]
mod session;
mod signals;
mod together;
mod topology;
mod venv;

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
        venv::TESTS,
        adoption::TESTS,
        articles::TESTS,
        doctor::TESTS,
        dependencies::TESTS,
        failures::TESTS,
        fixers::TESTS,
        fixing::TESTS,
        gate::TESTS,
        hits::TESTS,
        incremental::TESTS,
        jobs::TESTS,
        locked::TESTS,
        looking::TESTS,
        making::TESTS,
        matrix::TESTS,
        network::TESTS,
        packages::TESTS,
        places::TESTS,
        podman::TESTS,
        pytest::TESTS,
        registries::TESTS,
        remote::TESTS,
        sandbox::TESTS,
        signals::TESTS,
        together::TESTS,
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
    machine::stop();
    conclusion.exit_code()
}

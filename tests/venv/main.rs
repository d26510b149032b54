//! Cargo pipe without a container: real Python, real packages from the network, real bubblewrap.
//!
//! Without a Python that the locks support, every test is reported as ignored. Those that need
//! bubblewrap are ignored where it does not work. A machine with a docker engine has it hidden.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod engine;
mod environment_build;
#[path = "../docker/package_index.rs"]
mod package_index;
mod packages;
#[expect(dead_code, reason = "the tests with docker use the rest")]
#[path = "../docker/project.rs"]
mod project;
mod sandbox;

use std::num::NonZero;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test, its name, and what it needs.
type Test = (&'static str, Needs, fn());

/// What a test needs of the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Python,
    Bubblewrap,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Half of its time a test waits: for the engine, for packages, for another process.
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    arguments.test_threads.get_or_insert(2 * processors);
    let groups: [&[Test]; 4] =
        [engine::TESTS, environment_build::TESTS, packages::TESTS, sandbox::TESTS];
    let has_python = engine::answers("python3", &["--version"]);
    let probe = ["--unshare-all", "--ro-bind", "/", "/", "true"];
    let has_bubblewrap = has_python && engine::answers("bwrap", &probe);
    let trials = groups.concat().into_iter().map(|(name, needs, test)| {
        let run = move || {
            test();
            Ok(())
        };
        let is_there = if needs == Needs::Python { has_python } else { has_bubblewrap };
        Trial::test(name, run).with_ignored_flag(!is_there)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

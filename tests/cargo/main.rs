//! Cargo pipe as a part of cargo: build scripts and tasks, seen by running cargo.
//!
//! Without an engine the tests that need one are reported as ignored, and counted; with
//! `CARGO_PIPE_TEST_ENGINE=required`, as in the gate, that is a failure. All of them share one
//! target folder, so that the library is compiled once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod build_script;
mod workspace;
mod xtask;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test, its name, and what it needs.
struct Test(&'static str, Needs, fn());

/// What a test needs besides cargo.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Engine,
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let may_run = workspace::has_engine()
        || workspace::variable("CARGO_PIPE_TEST_ENGINE").as_deref() == Some("required");
    let trials = build_script::TESTS.iter().chain(xtask::TESTS).map(|Test(name, needs, test)| {
        let run = move || {
            test();
            Ok(())
        };
        Trial::test(*name, run).with_ignored_flag(*needs == Needs::Engine && !may_run)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

//! Cargo pipe as a part of cargo: build scripts and tasks, seen by running cargo.
//!
//! Without an engine the tests that need one are reported as ignored, and counted; with
//! `CARGO_PIPE_TEST_ENGINE=required`, as in the gate, that is a failure. All of them share one
//! target folder, so that the library is compiled once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../harness/docker.rs"]
mod engine;
#[macro_use]
#[path = "../harness/program.rs"]
mod harness;
#[path = "../harness/start.rs"]
mod start;

mod build_script;
mod workspace;
mod xtask;

use std::process::ExitCode;

use engine::is_wanted as docker;

fn main() -> ExitCode {
    let arguments = harness::arguments(1);
    libtest_mimic::run(&arguments, harness::trials(&[build_script::TESTS, xtask::TESTS]))
        .exit_code()
}

fn nothing() -> bool {
    true
}

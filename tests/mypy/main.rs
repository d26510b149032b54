//! The worker that runs mypy, compared with a run from nothing and with mypy's own command.
//!
//! Every test makes a small project and edits it. After each edit the worker, which knows its last run,
//! must say what it says without knowing anything. mypy is the locked one. Without a Python every test
//! is reported as ignored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[macro_use]
#[path = "../harness/program.rs"]
mod harness;
#[path = "../harness/python.rs"]
mod python;
#[path = "../harness/start.rs"]
mod start;

#[path = "../pylint/editor.rs"]
mod editor;
mod fallbacks;
mod parity;
mod project;
mod random_edits;
mod state;
mod traps;

use std::process::ExitCode;

use python::has_python as can_run;

fn main() -> ExitCode {
    let arguments = harness::arguments(1);
    // `cargo xtask soak` asks for what takes too long for every run.
    let is_soak = python::variable("CARGO_PIPE_TEST_SOAK").is_some();
    let lists = [random_edits::TESTS, parity::TESTS, fallbacks::TESTS, state::TESTS];
    let mut tests = harness::trials(&lists);
    tests.extend(traps::trials(is_soak));
    libtest_mimic::run(&arguments, tests).exit_code()
}

//! The HTML report in a real browser, made by real runs with a real engine.
//!
//! `cargo xtask page` prepares Chromium and runs the tests; without Chromium and an engine every test
//! is reported as ignored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../harness/docker.rs"]
mod engine;
#[macro_use]
#[path = "../harness/program.rs"]
mod harness;
#[path = "../harness/start.rs"]
mod start;

mod browser;
mod comparison;
mod hostile;
mod project;
mod reading;

use std::process::ExitCode;

/// Whether there are a browser and an engine, or both are required.
fn can_run() -> bool {
    engine::is_wanted() && (engine::is_required() || *browser::HAS_BROWSER)
}

fn main() -> ExitCode {
    let arguments = harness::arguments(1);
    let lists = [reading::TESTS, hostile::TESTS, comparison::TESTS];
    libtest_mimic::run(&arguments, harness::trials(&lists)).exit_code()
}

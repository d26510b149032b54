//! The worker that runs pylint, compared with pylint itself.
//!
//! Every test makes a small project and edits it. After each edit the worker, which knows the
//! records of its last run, must report what plain pylint reports of all files from scratch. pylint
//! and its environment are the locked ones. Without a Python every test is reported as ignored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[macro_use]
#[path = "../harness/program.rs"]
mod harness;
#[path = "../harness/python.rs"]
mod python;
#[path = "../harness/start.rs"]
mod start;

mod audit;
mod editor;
mod fallbacks;
mod guard;
mod isolation;
mod other_files;
mod parsed_files;
mod processes;
mod project;
mod project_code;
mod project_messages;
mod random_edits;
mod shadows;

use std::process::ExitCode;

use python::has_python as can_run;

fn main() -> ExitCode {
    let arguments = harness::arguments(1);
    // The slowest lists come first, so that nothing is left to wait for at the end.
    let lists = [
        random_edits::TESTS,
        shadows::TESTS,
        other_files::TESTS,
        isolation::TESTS,
        processes::TESTS,
        project_code::TESTS,
        fallbacks::TESTS,
        guard::TESTS,
        parsed_files::TESTS,
        audit::TESTS,
        project_messages::TESTS,
    ];
    libtest_mimic::run(&arguments, harness::trials(&lists)).exit_code()
}

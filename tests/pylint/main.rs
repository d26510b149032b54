//! The worker that runs pylint, against pylint itself.
//!
//! Every test is a small project and what is done to it. After each edit the worker, which knows
//! what it left the last time, must say what plain pylint says of all files from scratch; pylint
//! and its environment are the locked ones. Without a Python every test is reported as ignored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit;
mod editor;
mod fallbacks;
mod isolation;
mod other_files;
mod parsed_files;
mod processes;
mod project;
mod project_messages;
mod random_edits;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test and its name.
type Test = (&'static str, fn());

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let is_ignored = !project::has_python();
    // What takes longest is first, so that nothing is left to wait for at the end.
    let subjects = [
        random_edits::TESTS,
        other_files::TESTS,
        isolation::TESTS,
        processes::TESTS,
        fallbacks::TESTS,
        parsed_files::TESTS,
        audit::TESTS,
        project_messages::TESTS,
    ];
    let trials = subjects.concat().into_iter().map(|(name, test)| {
        let run = move || {
            test();
            Ok(())
        };
        Trial::test(name, run).with_ignored_flag(is_ignored)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

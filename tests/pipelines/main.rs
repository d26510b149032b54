//! The generated pipelines, run.
//!
//! GitLab's by `gitlab-ci-local` with its docker executor, GitHub's step by step in a clean clone.
//! `cargo xtask pipelines` makes ready what they need and runs them; without that every test is
//! reported as ignored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod dind;
mod github;
mod gitlab;
mod gitlab_ci_local;
mod job_per_check;
mod project_shapes;
mod registry;
mod scene;
mod xtask_job;

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
    let is_ready = scene::is_ready();
    // What takes longest is first, so that nothing is left to wait for at the end.
    let groups = [
        dind::TESTS,
        job_per_check::TESTS,
        gitlab::TESTS,
        github::TESTS,
        project_shapes::TESTS,
        xtask_job::TESTS,
    ];
    let trials = groups.concat().into_iter().map(|(name, test)| {
        let run = move || {
            test();
            Ok(())
        };
        Trial::test(name, run).with_ignored_flag(!is_ready)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

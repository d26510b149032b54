//! The generated pipelines, and what a release offers to pipelines of others, run.
//!
//! GitLab's pipelines run with `gitlab-ci-local` and its docker executor, GitHub's step by step in a
//! clean clone. `cargo xtask pipelines` prepares what they need and runs them; without that every
//! test is reported as ignored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[macro_use]
#[path = "../harness/program.rs"]
mod harness;
#[path = "../harness/start.rs"]
mod start;

mod dind;
mod from_release;
mod github;
mod gitlab;
mod gitlab_ci_local;
mod job_per_check;
mod project_shapes;
mod registry;
mod scene;
mod xtask_job;

use std::process::ExitCode;

use scene::is_ready as can_run;

fn main() -> ExitCode {
    // Half of its time a test waits: for the engine, for packages, for another process.
    let arguments = harness::arguments(2);
    // The slowest lists come first, so that nothing is left to wait for at the end.
    let lists = [
        dind::TESTS,
        job_per_check::TESTS,
        gitlab::TESTS,
        github::TESTS,
        project_shapes::TESTS,
        xtask_job::TESTS,
        from_release::TESTS,
    ];
    libtest_mimic::run(&arguments, harness::trials(&lists)).exit_code()
}

//! The gate: everything that must hold before a change is taken.
//!
//! Owns the order of the steps, from the quickest to the longest, and stops at the first that
//! fails. Must not know what a step looks at. Its last line counts the steps as `cargo test`
//! counts tests.

use std::time::{Duration, Instant};

use crate::codegen;
use crate::dist;
use crate::docker;
use crate::failure::{Failure, Result};
use crate::fixtures;
use crate::pipelines;
use crate::process::Command;
use crate::soak;
use crate::tidy;

struct Step {
    name: &'static str,
    work: Work,
}

/// What a step does, and how to do it alone.
enum Work {
    Program(Command),
    Task(&'static str, fn() -> Result<()>),
}

impl Step {
    fn program(name: &'static str, command: Command) -> Step {
        Step { name, work: Work::Program(command) }
    }

    fn task(name: &'static str, words: &'static str, task: fn() -> Result<()>) -> Step {
        Step { name, work: Work::Task(words, task) }
    }

    fn run(&self) -> Result<()> {
        match &self.work {
            Work::Program(command) => command.run(),
            Work::Task(_, task) => task(),
        }
    }

    fn repeat(&self) -> String {
        match &self.work {
            Work::Program(command) => command.to_string(),
            Work::Task(words, _) => format!("cargo xtask {words}"),
        }
    }
}

/// Runs the steps in order.
///
/// # Errors
///
/// The first step's that fails, with the command that repeats it alone.
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    let steps = steps();
    for (done, step) in steps.iter().enumerate() {
        eprintln!("ci: {} ({} of {})", step.name, done + 1, steps.len());
        let begin = Instant::now();
        if let Err(failure) = step.run() {
            println!("{}", summary(done, steps.len(), start.elapsed()));
            let message = format!("step `{}` of the gate failed: {failure}", step.name);
            return Err(
                Failure::new(message).hint(format!("to repeat it alone: {}", step.repeat()))
            );
        }
        eprintln!("ci: {} passed in {:.1} s", step.name, begin.elapsed().as_secs_f64());
    }
    println!("{}", summary(steps.len(), steps.len(), start.elapsed()));
    Ok(())
}

fn steps() -> Vec<Step> {
    vec![
        Step::program("format", Command::cargo("fmt --all -- --check")),
        Step::program(
            "clippy",
            Command::cargo("clippy --workspace --all-targets --all-features -- -D warnings"),
        ),
        Step::program(
            "clippy of the library alone",
            Command::cargo(
                "clippy --package cargo-pipe-ci --lib --no-default-features -- -D warnings",
            ),
        ),
        Step::task("tidy", "tidy", || tidy::run(tidy::Counts::Check)),
        Step::task("generated files", "codegen --check", || codegen::run(codegen::Mode::Check)),
        Step::program(
            "documentation",
            Command::cargo("doc --workspace --all-features --no-deps")
                .variable("RUSTDOCFLAGS", "-D warnings"),
        ),
        Step::task("engine", "docker --install", docker::run_for_tests),
        Step::task("fixtures", "fixtures", fixtures::run),
        Step::program("tests", tests()),
        Step::task("distribution", "dist --quick --try", || {
            dist::run(dist::Build::Quick, dist::Then::Try).map(drop)
        }),
        Step::task("pipelines", "pipelines --install", || pipelines::run(docker::System::Install)),
        Step::task("soak", "soak", || soak::run(&soak::Amount::of_the_gate())),
    ]
}

/// All tests, of which none may be skipped because this machine lacks something.
fn tests() -> Command {
    Command::cargo("test --workspace --all-features").variable("CARGO_PIPE_TEST_ENGINE", "required")
}

/// The line that `cargo test` would end with; steps that were not reached are filtered out.
fn summary(passed: usize, all: usize, elapsed: Duration) -> String {
    let failed = usize::from(passed < all);
    format!(
        "test result: {}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {} filtered out; \
         finished in {:.2}s",
        if failed == 0 { "ok" } else { "FAILED" },
        all - passed - failed,
        elapsed.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::flags;

    #[test]
    fn a_failed_gate_counts_what_it_did_not_reach() {
        let line = summary(3, 10, Duration::from_millis(1500));
        assert_eq!(
            line,
            "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 6 filtered out; \
             finished in 1.50s"
        );
    }

    #[test]
    fn every_step_has_a_name_and_a_task_that_exists() {
        let steps = steps();
        let names: BTreeSet<_> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), steps.len());
        for step in &steps {
            if let Work::Task(words, _) = step.work {
                assert!(flags::parse(words.split(' ').map(str::to_owned)).is_ok(), "{words}");
            }
        }
    }
}

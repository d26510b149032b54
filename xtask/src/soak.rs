//! Repeats tests that must pass every time, not most times.
//!
//! A subject is a list of arguments of `cargo test`. Each repetition must run at least one test.

use std::time::Instant;

use crate::failure::{Failure, Result};
use crate::process::{self, Command};

/// Subject, and number of repetitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// A name from [`SUBJECTS`]; all of them if none.
    pub(crate) subject: Option<String>,
    /// The package to edit; that of the gate if none.
    pub(crate) package: Option<String>,
    /// The number of the gate if none, and one for a subject that is too long for the gate.
    pub(crate) times: Option<u32>,
    /// The seed of the random edits; that of the gate if none.
    pub(crate) seed: Option<u32>,
    /// The number of random edits; that of the gate if none.
    pub(crate) edits: Option<u32>,
}

impl Amount {
    /// Every subject, as often as the gate has time for.
    pub(crate) fn of_the_gate() -> Amount {
        Amount::default()
    }
}

struct Subject {
    name: &'static str,
    /// Arguments of `cargo test`.
    tests: &'static str,
    times_in_the_gate: u32,
}

const SUBJECTS: &[Subject] = &[
    Subject { name: "library", tests: "--lib", times_in_the_gate: 3 },
    Subject {
        name: "hits",
        tests: "--test docker -- equals_a_cold_run --nocapture",
        times_in_the_gate: 0,
    },
    Subject { name: "pylint", tests: "--test pylint -- random --nocapture", times_in_the_gate: 0 },
    Subject {
        name: "formatting",
        tests: "--test docker -- after_random_edits_black --nocapture",
        times_in_the_gate: 0,
    },
    Subject { name: "mypy", tests: "--test mypy -- --nocapture", times_in_the_gate: 0 },
    Subject { name: "matrix", tests: "--test docker -- matrix_ --nocapture", times_in_the_gate: 0 },
    Subject { name: "releases", tests: "--test venv -- releases_", times_in_the_gate: 0 },
    Subject { name: "adoption", tests: "--test docker -- adoption", times_in_the_gate: 0 },
    Subject { name: "job-image", tests: "--test docker -- job_image", times_in_the_gate: 0 },
    Subject { name: "packages", tests: "--test docker -- packages", times_in_the_gate: 0 },
    Subject { name: "podman", tests: "--test docker -- podman", times_in_the_gate: 0 },
    Subject { name: "interrupts", tests: "--test docker -- leaves_nothing", times_in_the_gate: 0 },
];

/// Names of the subjects that can be repeated.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SUBJECTS.iter().map(|subject| subject.name)
}

/// Repeats one subject or all.
///
/// # Errors
///
/// At the first repetition that fails or runs no test.
pub(crate) fn run(amount: &Amount) -> Result<()> {
    let wanted =
        |subject: &&Subject| amount.subject.as_deref().is_none_or(|name| name == subject.name);
    for subject in SUBJECTS.iter().filter(wanted) {
        let named = u32::from(amount.subject.is_some());
        let times = amount.times.unwrap_or(subject.times_in_the_gate.max(named));
        if times > 0 {
            repeat(subject, times, amount)?;
        }
    }
    Ok(())
}

fn repeat(subject: &Subject, times: u32, amount: &Amount) -> Result<()> {
    // Without `--workspace` dependencies would have other features and be built again.
    let mut command = Command::cargo("test --workspace --all-features")
        .arguments(subject.tests.split(' '))
        .variable("CARGO_PIPE_TEST_SOAK", "1");
    let numbers = [("CARGO_PIPE_TEST_SEED", amount.seed), ("CARGO_PIPE_TEST_EDITS", amount.edits)];
    for (name, number) in numbers {
        if let Some(number) = number {
            command = command.variable(name, &number.to_string());
        }
    }
    if let Some(package) = &amount.package {
        command = command.variable("CARGO_PIPE_TEST_PACKAGE", package);
    }
    let begin = Instant::now();
    let mut tests = 0;
    for time in 1..=times {
        let failed = |failure: Failure| {
            let message = format!("`{}` failed at time {time} of {times}: {failure}", subject.name);
            Failure::new(message)
                .hint(format!("to repeat it: cargo xtask soak {} --times {times}", subject.name))
        };
        let passed = count_passed(&command.read().map_err(failed)?);
        if passed == 0 {
            return Err(failed(Failure::new(format!("`{command}` ran no test"))));
        }
        tests += passed;
    }
    eprintln!(
        "soak: {}: {}, {} passed in {:.1} s",
        subject.name,
        process::plural(u64::from(times), "time"),
        process::plural(tests, "test"),
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Counts the tests that passed, over all programs that `cargo test` ran.
fn count_passed(output: &str) -> u64 {
    output
        .lines()
        .filter_map(|line| {
            line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<u64>().ok()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_over_all_programs() {
        let output = "running 2 tests\ntest result: ok. 2 passed; 0 failed\n\n\
                      test result: ok. 40 passed; 0 failed\n";
        assert_eq!(count_passed(output), 42);
        assert_eq!(count_passed("error: no test target\n"), 0);
    }
}

//! Runs the tests: each in a process of its own, under a time limit.
//!
//! A test that hangs is killed with its children and has failed; all others still run. A test that
//! needs an engine is repeated once if it fails, because an engine and a network have bad moments; if
//! it passes then, it is flaky, and the closing lines name it. The printed lines are those of
//! `cargo test`. Tests inherit neither signal handling nor variables that change a result: see
//! `tests/harness`.

pub(crate) mod attempt;
mod keeper;
mod programs;
mod records;
pub(crate) mod signals;
#[path = "../../tests/harness/variables.rs"]
mod variables;

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use self::attempt::Attempt;
use self::keeper::Keeper;
use self::programs::{Listed, Program};
pub(crate) use self::records::Records;
use self::records::{Record, TestResult};

use self::signals::Interrupted;
use crate::failure::{Failure, Result};
use crate::process::{Command, plural};

/// How many flaky tests a run may have.
const FLAKY_ALLOWED: usize = 2;

/// The programs with a task of their own, which prepares what they need: `cargo xtask pipelines`.
const WITH_TASK: &[&str] = &["page", "pipelines"];

/// How many lines of a failed test's output are shown.
const SHOWN_LINES: usize = 200;

/// How a program's tests are run.
struct Rules {
    /// How long one test may take.
    limit: Duration,
    /// How many run in parallel on each processor. A test that waits for an engine leaves room.
    per_processor: usize,
    /// Whether a test that fails is repeated.
    repeats: bool,
}

impl Rules {
    fn of(program: &str) -> Rules {
        let (minutes, per_processor, repeats) = match program {
            "docker" | "pipelines" | "venv" => (10, 2, true),
            "page" => (5, 1, true),
            "cargo" => (10, 1, true),
            "pylint" | "mypy" => (10, 1, false),
            _ => (2, 1, false),
        };
        Rules { limit: Duration::from_secs(60 * minutes), per_processor, repeats }
    }
}

/// The tests to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The only program; without it all but those with a task of their own.
    pub(crate) program: Option<String>,
    /// Part of the names of the tests.
    pub(crate) filter: Option<String>,
    /// Variables for the tests.
    pub(crate) variables: Vec<(String, String)>,
    /// Whether an ignored test is a failure, as in the gate.
    pub(crate) refuses_ignored: bool,
}

impl Selection {
    /// All tests, none of which may be skipped.
    pub(crate) fn of_the_gate() -> Selection {
        let required = ("CARGO_PIPE_TEST_ENGINE".to_owned(), "required".to_owned());
        Selection { variables: vec![required], refuses_ignored: true, ..Selection::default() }
    }

    /// All tests of a program, none of which may be skipped.
    pub(crate) fn of_the_gate_in(program: &str) -> Selection {
        Selection { program: Some(program.to_owned()), ..Selection::of_the_gate() }
    }

    fn has(&self, program: &Program) -> bool {
        match &self.program {
            Some(name) => *name == program.name,
            None => !WITH_TASK.contains(&program.name.as_str()),
        }
    }

    fn has_test(&self, test: &Listed) -> bool {
        self.filter.as_deref().is_none_or(|filter| test.name.contains(filter))
    }
}

/// Prints the closing lines of what runs tests.
///
/// # Errors
///
/// Those of the run.
pub(crate) fn close(run: impl FnOnce(&mut Records) -> Result<()>) -> Result<()> {
    let mut records = Records::default();
    let result = run(&mut records);
    print!("{}", records.closing_lines());
    result
}

/// Runs the selected tests, and records each.
///
/// # Errors
///
/// When one fails, too many are flaky, one is ignored that may not be, none is selected, or the run
/// is interrupted.
pub(crate) fn run(selection: &Selection, records: &mut Records) -> Result<()> {
    let stop = Interrupted::listen()?;
    let mut own = Records::default();
    for program in programs::build()?.iter().filter(|program| selection.has(program)) {
        own.extend(run_program(program, selection, &stop)?);
    }
    if selection.program.is_none() && selection.filter.is_none() {
        own.extend(run_documentation(&stop)?);
    }
    let result = judge(&own, selection);
    records.extend(own);
    result
}

fn judge(records: &Records, selection: &Selection) -> Result<()> {
    let names = |result| records.names(result).join("\n");
    let count = |number, noun| plural(number as u64, noun);
    let failed = records.count(TestResult::Failed);
    if failed > 0 {
        let message = format!("{} failed:\n\n{}", count(failed, "test"), names(TestResult::Failed));
        return Err(Failure::new(message));
    }
    refuse_flaky(records)?;
    let ignored = records.count(TestResult::Ignored);
    if ignored > 0 && selection.refuses_ignored {
        let message =
            format!("{} ignored:\n\n{}", count(ignored, "test"), names(TestResult::Ignored));
        return Err(Failure::new(message));
    }
    if records.is_empty() {
        return Err(Failure::new("no test has this name").hint("`cargo xtask test` runs all tests"));
    }
    Ok(())
}

/// Fails if there are more flaky tests than a run may have.
///
/// # Errors
///
/// In that case, with the names of all.
pub(crate) fn refuse_flaky(records: &Records) -> Result<()> {
    let flaky = records.names(TestResult::Flaky);
    if flaky.len() <= FLAKY_ALLOWED {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} passed only when repeated, and at most {FLAKY_ALLOWED} may:\n\n{}",
        plural(flaky.len() as u64, "test"),
        flaky.join("\n")
    )))
}

/// Runs the tests of a program and prints their results as they come.
fn run_program(program: &Program, selection: &Selection, stop: &Interrupted) -> Result<Records> {
    let rules = Rules::of(&program.name);
    let mut tests = program.list(&selection.variables, stop)?;
    let all = tests.len();
    tests.retain(|test| selection.has_test(test));
    let filtered_out = all - tests.len();
    if tests.is_empty() {
        return Ok(Records::default());
    }
    eprintln!("     Running {} ({})", program.source, program.name);
    println!("\nrunning {}", plural(tests.len() as u64, "test"));
    let begin = Instant::now();
    let can_run = tests.iter().any(|test| !test.is_ignored);
    let keeper = if can_run { Keeper::start(program, selection, stop)? } else { None };
    let mut variables = selection.variables.clone();
    variables.extend(keeper.as_ref().map(Keeper::variable));
    let prepare = |test: &Listed| {
        let command = program.command(&["--exact", &test.name, "--nocapture"]);
        variables.iter().fold(command, |command, (name, value)| command.variable(name, value))
    };

    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let mut records = Records::default();
    thread::scope(|scope| {
        for _ in 0..rules.per_processor * processors {
            let sender = sender.clone();
            let (next, tests, rules, prepare) = (&next, &tests, &rules, &prepare);
            scope.spawn(move || {
                while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if stop.happened() {
                        return;
                    }
                    let result = run_test(test, &prepare(test), rules, stop);
                    if sender.send((test, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (test, result) in receiver {
            let (result, took) = result?;
            records.push(Record {
                program: program.name.clone(),
                name: test.name.clone(),
                result,
                took,
            });
        }
        Ok::<(), Failure>(())
    })?;
    if stop.happened() {
        return Err(Failure::new("the tests were interrupted"));
    }
    println!("\n{}\n", records.result_line(filtered_out, begin.elapsed()));
    Ok(records)
}

/// Runs one test, a second time if that may help, and prints its result.
fn run_test(
    test: &Listed,
    command: &Command,
    rules: &Rules,
    stop: &Interrupted,
) -> Result<(TestResult, Duration)> {
    let name = &test.name;
    if test.is_ignored {
        println!("test {name} ... ignored");
        return Ok((TestResult::Ignored, Duration::ZERO));
    }
    let attempt = attempt::run(command, rules.limit, stop)?;
    if has_passed(&attempt) {
        println!("test {name} ... ok");
        return Ok((TestResult::Passed, attempt.took));
    }
    // A test that hangs has used up its time.
    if rules.repeats && matches!(attempt.ending, attempt::Ending::Exit(_)) && !stop.happened() {
        println!("test {name} failed and is repeated\n{}", failure(name, &attempt));
        let second = attempt::run(command, rules.limit, stop)?;
        if has_passed(&second) {
            println!("test {name} ... ok");
            return Ok((TestResult::Flaky, second.took));
        }
        println!("test {name} ... FAILED\n{}", failure(name, &second));
        return Ok((TestResult::Failed, second.took));
    }
    println!("test {name} ... FAILED\n{}", failure(name, &attempt));
    Ok((TestResult::Failed, attempt.took))
}

/// Whether the test really ran and passed. A program succeeds, too, where no test has the name.
fn has_passed(attempt: &Attempt) -> bool {
    attempt.is_success() && attempt.output.contains("test result: ok. 1 passed;")
}

/// Renders the end of a failed test's output, without the lines of its harness: what reads the output
/// of `cargo test` would count them.
fn failure(name: &str, attempt: &Attempt) -> String {
    let result = format!("test {name} ... ");
    let is_output = |line: &&str| {
        let is_of_harness = line.starts_with("test result: ")
            || line.starts_with(&result)
            || matches!(*line, "running 1 test" | "failures:")
            || line.trim() == name;
        !is_of_harness
    };
    let lines: Vec<&str> = attempt.output.trim().lines().filter(is_output).collect();
    let shown = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n    ");
    format!("\n---- {name}: {} ----\n    {}\n----\n", attempt.describe(), shown.trim())
}

/// Whether the tests of a program share an engine and images.
fn has_engine_tests(program: &str) -> bool {
    program == "docker"
}

/// Runs the examples in the documentation, which only cargo knows how to build, as one test.
fn run_documentation(stop: &Interrupted) -> Result<Records> {
    eprintln!("   Doc-tests cargo_pipe");
    let command = Command::cargo("test --workspace --all-features --doc");
    let attempt = attempt::run(&command, Rules::of("cargo").limit, stop)?;
    println!("{}", attempt.output.trim());
    let result = if attempt.is_success() { TestResult::Passed } else { TestResult::Failed };
    if result == TestResult::Failed {
        println!("doc tests: {}", attempt.describe());
    }
    let mut records = Records::default();
    records.push(Record {
        program: "cargo".to_owned(),
        name: "examples in the documentation".to_owned(),
        result,
        took: attempt.took,
    });
    Ok(records)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn record(name: &str, result: TestResult) -> Record {
        let (program, name) = ("docker".to_owned(), name.to_owned());
        Record { program, name, result, took: Duration::ZERO }
    }

    fn judge_results(results: &[TestResult], refuses_ignored: bool) -> Result<()> {
        let mut records = Records::default();
        for result in results {
            records.push(record("any", *result));
        }
        judge(&records, &Selection { refuses_ignored, ..Selection::default() })
    }

    #[test]
    fn two_flaky_tests_pass_and_three_fail() {
        assert!(judge_results(&[TestResult::Flaky; 2], true).is_ok());
        assert!(judge_results(&[TestResult::Flaky; 3], true).is_err());
    }

    #[test]
    fn an_ignored_test_fails_the_gate_alone() {
        let results = [TestResult::Passed, TestResult::Ignored];
        assert!(judge_results(&results, false).is_ok());
        assert!(judge_results(&results, true).is_err());
    }

    #[test]
    fn a_failed_test_fails_and_no_test_is_a_mistake() {
        assert!(judge_results(&[TestResult::Failed, TestResult::Passed], false).is_err());
        assert!(judge_results(&[], false).is_err());
    }

    #[test]
    fn a_failure_repeats_no_line_of_the_harness() {
        let output = "running 1 test\nit broke\ntest a::b ... FAILED\n\nfailures:\n    a::b\n\n\
                      test result: FAILED. 0 passed; 1 failed; 0 ignored\n";
        let attempt = Attempt {
            ending: attempt::Ending::Exit(ExitStatus::from_raw(101 << 8)),
            took: Duration::ZERO,
            output: output.to_owned(),
        };
        assert_eq!(
            failure("a::b", &attempt),
            "\n---- a::b: exit status: 101 ----\n    it broke\n----\n"
        );
    }
}

//! Runs the gate: everything that must hold before a change is accepted.
//!
//! The steps are ordered from the quickest to the longest, and the gate stops at the first that fails.
//! The engine is installed while the first ones compile.
//! The last lines show the time of each step and the slowest tests. The very last one counts the
//! steps in the form in which `cargo test` counts tests.

use std::fmt::Write;
use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::codegen;
use crate::deny;
use crate::dist;
use crate::docker;
use crate::failure::{Failure, Result};
use crate::fixtures;
use crate::green;
use crate::page;
use crate::pipelines;
use crate::process::Command;
use crate::soak;
use crate::test::{self, Records};
use crate::tidy;
use crate::torture;
use crate::workspace;

struct Step {
    name: &'static str,
    work: Work,
}

/// Work of a step. The words after `cargo xtask` repeat a task alone.
enum Work {
    Program(Command),
    Task(&'static str, fn() -> Result<()>),
    Tests(&'static str, fn(&mut Records) -> Result<()>),
}

impl Step {
    fn program(name: &'static str, command: Command) -> Step {
        Step { name, work: Work::Program(command) }
    }

    fn task(name: &'static str, words: &'static str, task: fn() -> Result<()>) -> Step {
        Step { name, work: Work::Task(words, task) }
    }

    fn tests(
        name: &'static str,
        words: &'static str,
        tests: fn(&mut Records) -> Result<()>,
    ) -> Step {
        Step { name, work: Work::Tests(words, tests) }
    }

    fn run(&self, records: &mut Records) -> Result<()> {
        match &self.work {
            Work::Program(command) => command.run(),
            Work::Task(_, task) => task(),
            Work::Tests(_, tests) => tests(records),
        }
    }

    /// Renders the command that repeats it alone.
    fn repeat(&self) -> String {
        match &self.work {
            Work::Program(command) => command.to_string(),
            Work::Task(words, _) | Work::Tests(words, _) => format!("cargo xtask {words}"),
        }
    }
}

/// Runs the steps in order.
///
/// # Errors
///
/// That of the first step that fails, with the command that repeats it alone.
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    let mut engine = start_engine()?;
    let steps = steps();
    let mut times = Vec::new();
    let mut records = Records::default();
    let mut result = Ok(());
    for (done, step) in steps.iter().enumerate() {
        eprintln!("ci: {} ({} of {})", step.name, done + 1, steps.len());
        let begin = Instant::now();
        if step.name == ENGINE {
            // The step itself repeats what failed, and reports it.
            let _ = engine.wait();
        }
        result = step.run(&mut records).and_then(|()| test::refuse_flaky(&records));
        times.push((step.name, begin.elapsed()));
        if let Err(failure) = result {
            let message = format!("step `{}` of the gate failed: {failure}", step.name);
            let hint = format!("to repeat it alone: {}", step.repeat());
            result = Err(Failure::new(message).hint(hint));
            // Unless its step was reached, the engine is still being installed.
            let _ = engine.kill();
            break;
        }
        eprintln!("ci: {} passed in {:.1} s", step.name, begin.elapsed().as_secs_f64());
    }
    let passed = times.len() - usize::from(result.is_err());
    print!("\n{}\n{}\n", render_times(&times), records.closing_lines());
    println!("{}", summary(passed, steps.len(), start.elapsed()));
    result
}

/// The step that makes an engine available.
const ENGINE: &str = "engine";

/// The task that compares the verdicts on three small projects.
const COMPARED: &str = "green hatch-fancy-pypi-readme iniconfig setuptools-rust";

/// Begins to install the engine, which is mostly waiting, while the steps before it compile.
fn start_engine() -> Result<std::process::Child> {
    let log = workspace::target()?.join("engine.log");
    let output = File::create(&log).map_err(|error| Failure::file(&log, &error))?;
    let program = std::env::current_exe().map_err(|error| Failure::new(error.to_string()))?;
    let install = Command::new(&program.to_string_lossy(), ["docker", "--install"]);
    install.start_group(Stdio::null(), &output)
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
        Step::task("tidy", "tidy", tidy::run),
        Step::task("generated files", "codegen --check", || codegen::run(codegen::Mode::Check)),
        Step::program(
            "documentation",
            Command::cargo("doc --workspace --all-features --no-deps")
                .variable("RUSTDOCFLAGS", "-D warnings"),
        ),
        Step::task(ENGINE, "docker --install", docker::run_for_tests),
        Step::task("licences and sources of packages", "deny", || {
            deny::run(deny::Advisories::Skip)
        }),
        Step::task("fixtures", "fixtures", fixtures::run),
        Step::tests("tests", "test", |records| test::run(&test::Selection::of_the_gate(), records)),
        Step::tests("report in a browser", "page --install", |records| {
            page::run(docker::System::Install, records)
        }),
        Step::task("distribution", "dist --quick --try", || {
            dist::run(dist::Build::Quick, dist::Then::Try).map(drop)
        }),
        Step::tests("pipelines", "pipelines --install", |records| {
            pipelines::run(docker::System::Install, records)
        }),
        Step::task("torture", "torture --quick", || torture::run(&torture::Amount::of_the_gate())),
        Step::task("public projects", COMPARED, || {
            let projects: Vec<String> = COMPARED.split(' ').skip(1).map(str::to_owned).collect();
            green::run(&projects, docker::System::Keep)
        }),
        Step::task("soak", "soak", || soak::run(&soak::Amount::of_the_gate())),
    ]
}

/// Renders the time of each step that was run.
fn render_times(times: &[(&str, Duration)]) -> String {
    times.iter().fold("seconds  step\n".to_owned(), |mut text, (name, time)| {
        let _ = writeln!(text, "{:7.1}  {name}", time.as_secs_f64());
        text
    })
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
            if let Work::Task(words, _) | Work::Tests(words, _) = step.work {
                assert!(flags::parse(words.split(' ').map(str::to_owned)).is_ok(), "{words}");
            }
        }
    }
}

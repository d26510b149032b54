//! Results of tests, and what the end of a run shows of them.

use std::fmt::Write;
use std::time::Duration;

use crate::process::plural;

/// How many tests the table of the slowest ones has.
const SLOWEST: usize = 15;

/// Result of one test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestResult {
    Passed,
    /// It failed once, and passed when it was repeated.
    Flaky,
    Failed,
    Ignored,
}

/// One test that was run or skipped.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) program: String,
    pub(crate) name: String,
    pub(crate) result: TestResult,
    /// Time of its last attempt.
    pub(crate) took: Duration,
}

/// The tests of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records(Vec<Record>);

impl Records {
    pub(crate) fn push(&mut self, record: Record) {
        self.0.push(record);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds those of another run.
    pub(crate) fn extend(&mut self, others: Records) {
        self.0.extend(others.0);
    }

    /// How many have this result.
    pub(crate) fn count(&self, result: TestResult) -> usize {
        self.with(result).count()
    }

    /// Names of the tests with this result, each with its program.
    pub(crate) fn names(&self, result: TestResult) -> Vec<String> {
        self.with(result).map(|record| format!("{} {}", record.program, record.name)).collect()
    }

    fn with(&self, result: TestResult) -> impl Iterator<Item = &Record> {
        self.0.iter().filter(move |record| record.result == result)
    }

    /// Renders the line that cargo's harness ends a program with.
    pub(crate) fn result_line(&self, filtered_out: usize, elapsed: Duration) -> String {
        let failed = self.count(TestResult::Failed);
        format!(
            "test result: {}. {} passed; {failed} failed; {} ignored; 0 measured; {filtered_out} \
             filtered out; finished in {:.2}s",
            if failed == 0 { "ok" } else { "FAILED" },
            self.count(TestResult::Passed) + self.count(TestResult::Flaky),
            self.count(TestResult::Ignored),
            elapsed.as_secs_f64()
        )
    }

    /// Renders the slowest tests, all counts, and the names of flaky tests.
    pub(crate) fn closing_lines(&self) -> String {
        let mut text = String::new();
        if self.0.is_empty() {
            return text;
        }
        let mut slowest: Vec<&Record> = self.0.iter().collect();
        slowest.sort_by_key(|record| std::cmp::Reverse(record.took));
        slowest.truncate(SLOWEST);
        let width = slowest.iter().map(|record| record.program.len()).max().unwrap_or(0).max(7);
        let _ = writeln!(text, "seconds  {:width$}  slowest tests", "program");
        for Record { program, name, took, .. } in slowest {
            let _ = writeln!(text, "{:7.1}  {program:width$}  {name}", took.as_secs_f64());
        }
        let flaky = self.names(TestResult::Flaky);
        let _ = writeln!(
            text,
            "{}: {} passed, {} failed, {} ignored, {} flaky",
            plural(self.0.len() as u64, "test"),
            self.count(TestResult::Passed) + flaky.len(),
            self.count(TestResult::Failed),
            self.count(TestResult::Ignored),
            flaky.len()
        );
        for name in flaky {
            let _ = writeln!(text, "flaky: {name} failed once and passed when it was repeated");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Records {
        let record = |name: &str, result, seconds| Record {
            program: "cli".to_owned(),
            name: name.to_owned(),
            result,
            took: Duration::from_secs(seconds),
        };
        Records(vec![
            record("quick", TestResult::Passed, 1),
            record("slow", TestResult::Flaky, 62),
            record("broken", TestResult::Failed, 3),
        ])
    }

    #[test]
    fn the_result_line_is_the_one_of_cargo() {
        assert_eq!(
            records().result_line(4, Duration::from_millis(1500)),
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out; \
             finished in 1.50s"
        );
    }

    #[test]
    fn the_closing_lines_name_slow_and_flaky_tests() {
        assert_eq!(
            records().closing_lines(),
            "seconds  program  slowest tests\n   62.0  cli      slow\n    3.0  cli      broken\n    \
             1.0  cli      quick\n3 tests: 2 passed, 1 failed, 0 ignored, 1 flaky\n\
             flaky: cli slow failed once and passed when it was repeated\n"
        );
    }
}

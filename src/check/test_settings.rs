//! The settings of a tool that runs tests.

use serde::{Deserialize, Serialize};

use crate::project::ProjectPath;

/// Whether tests that fail by chance fail their check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum FlakyTests {
    /// They fail it, as any other test.
    #[default]
    Fail,
    /// They are only reported.
    Report,
}

/// The number of processes that run tests at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestWorkers {
    /// One for each processor.
    Auto,
    /// This number.
    Number(u16),
}

/// The measurement of the lines that tests execute.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CoverageSettings {
    /// The share that has to be reached, in percent.
    pub minimum: Option<f64>,
    /// The measured files and folders; those of the configuration of coverage.py if empty.
    pub source: Vec<ProjectPath>,
}

/// The settings of a check that runs tests.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TestSettings {
    /// The number of processes; one if absent.
    pub workers: Option<TestWorkers>,
    /// The number of times that failed tests are run again.
    pub reruns: u8,
    /// The measurement of the executed lines, if wanted.
    pub coverage: Option<CoverageSettings>,
}

/// The file to which pytest-cov writes its figures, which the worker reads.
const COVERAGE: &str = "/tmp/pytest-coverage.json";

impl TestSettings {
    /// The arguments of pytest and of the worker that runs it.
    #[must_use]
    pub fn to_args(&self) -> Vec<String> {
        let mut args = Vec::new();
        match self.workers {
            Some(TestWorkers::Auto) => args.push("--numprocesses=auto".to_owned()),
            Some(TestWorkers::Number(number)) => args.push(format!("--numprocesses={number}")),
            None => {}
        }
        if self.reruns > 0 {
            args.push(format!("--cargo-pipe-reruns={}", self.reruns));
        }
        if let Some(CoverageSettings { minimum, source }) = &self.coverage {
            args.extend(source.iter().map(|path| format!("--cov={path}")));
            if source.is_empty() {
                args.push("--cov".to_owned());
            }
            args.push(format!("--cov-report=json:{COVERAGE}"));
            let minimum = minimum.map(|minimum| minimum.to_string()).unwrap_or_default();
            args.push(format!("--cargo-pipe-coverage={minimum}"));
        }
        args
    }
}

//! The settings of the check that runs tests, which a new `pipe.toml` has commented out.

use serde::Serializer;

use super::{comments, listed};

/// The settings of a check that runs tests, as the project runs them; without any, examples are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTestSettings {
    /// Sentences about the settings, each on a line of its own.
    pub comments: Vec<String>,
    /// The plugins that pytest needs.
    pub requirements: Vec<String>,
    /// The number of processes, as in TOML: a number, or `"auto"` with its quotes.
    pub workers: Option<String>,
    /// Whether coverage is measured.
    pub has_coverage: bool,
    /// Its minimum in percent.
    pub minimum: Option<String>,
    /// The files and folders that are measured.
    pub measured: Vec<String>,
    /// The number of reruns of tests that failed.
    pub reruns: Option<u8>,
}

/// The lines of a check that runs tests where nothing shows how the project does it.
const TEST_EXAMPLES: [&str; 5] = [
    "requirements = [\"pytest-xdist\", \"pytest-cov\"]",
    "workers = \"auto\"    # needs pytest-xdist",
    "coverage = 80       # needs pytest-cov",
    "reruns = 2",
    "flaky = \"report\"    # tests that fail by chance do not count",
];

pub(super) fn test_lines<S: Serializer>(
    settings: &NewTestSettings,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if *settings == NewTestSettings::default() {
        return serializer.collect_seq(TEST_EXAMPLES);
    }
    let NewTestSettings { requirements, workers, has_coverage, minimum, measured, reruns, .. } =
        settings;
    let mut lines: Vec<String> =
        comments(&settings.comments).iter().map(|comment| format!(" {comment}")).collect();
    if !requirements.is_empty() {
        lines.push(format!("requirements = {}", listed(requirements)));
    }
    lines.extend(workers.as_ref().map(|workers| format!("workers = {workers}")));
    if *has_coverage {
        let minimum = minimum.as_ref();
        lines.push(match (minimum, measured.as_slice()) {
            (None, []) => "coverage = true".to_owned(),
            (Some(minimum), []) => format!("coverage = {minimum}"),
            (_, measured) => {
                let minimum = minimum.map(|it| format!("minimum = {it}, ")).unwrap_or_default();
                format!("coverage = {{ {minimum}source = {} }}", listed(measured))
            }
        });
    }
    lines.extend(reruns.map(|reruns| format!("reruns = {reruns}")));
    serializer.collect_seq(lines)
}

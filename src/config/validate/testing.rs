//! Validation of the settings of a check that runs tests.

use super::super::ConfigError;
use super::super::layer::{CheckLayer, CoverageLayer, Percent, Value, WorkersSetting};
use super::terms::Terms;
use crate::check::{CoverageSettings, TestSettings, TestWorkers};
use crate::tools::Tool;

/// The number of workers that a check can have.
const WORKERS: std::ops::RangeInclusive<i64> = 1..=512;

/// The number of reruns that a check can have.
const RERUNS: std::ops::RangeInclusive<i64> = 0..=10;

/// Validates the settings of tests, which only some tools have.
pub(super) fn test_settings(
    terms: &mut Terms<'_>,
    tool: &dyn Tool,
    layer: &CheckLayer,
) -> Result<TestSettings, ConfigError> {
    if !tool.runs_tests() {
        refuse_test_settings(terms, layer)?;
        return Ok(TestSettings::default());
    }
    Ok(TestSettings {
        workers: layer.workers.as_ref().map(|workers| read_workers(terms, workers)).transpose()?,
        reruns: match &layer.reruns {
            Some(reruns) => read_reruns(terms, reruns)?,
            None => 0,
        },
        coverage: match &layer.coverage {
            Some(coverage) => read_coverage(terms, coverage)?,
            None => None,
        },
    })
}

/// Rejects the settings of tests in a check that runs none.
pub(super) fn refuse_test_settings(
    terms: &Terms<'_>,
    layer: &CheckLayer,
) -> Result<(), ConfigError> {
    let refused = |key: &str| format!("`{key}` can only be used with `tool = \"pytest\"`");
    let CheckLayer { workers, reruns, flaky, coverage, .. } = layer;
    let error = workers
        .as_ref()
        .map(|it| terms.error(it, refused("workers")))
        .or_else(|| reruns.as_ref().map(|it| terms.error(it, refused("reruns"))))
        .or_else(|| flaky.as_ref().map(|it| terms.error(it, refused("flaky"))))
        .or_else(|| coverage.as_ref().map(|it| terms.error(it, refused("coverage"))));
    error.map_or(Ok(()), |error| Err(error.with_hint("remove it, or let pytest run the tests")))
}

fn read_workers(
    terms: &Terms<'_>,
    workers: &Value<WorkersSetting>,
) -> Result<TestWorkers, ConfigError> {
    let WorkersSetting::Number(number) = workers.value else {
        return Ok(TestWorkers::Auto);
    };
    match u16::try_from(number).ok().filter(|_| WORKERS.contains(&number)) {
        Some(number) => Ok(TestWorkers::Number(number)),
        None => Err(terms
            .error(workers, format!("`workers` must be between 1 and 512, got {number}"))
            .with_hint("write \"auto\" for one worker for each processor")),
    }
}

fn read_reruns(terms: &Terms<'_>, reruns: &Value<i64>) -> Result<u8, ConfigError> {
    match u8::try_from(reruns.value).ok().filter(|_| RERUNS.contains(&reruns.value)) {
        Some(number) => Ok(number),
        None => Err(terms
            .error(reruns, format!("`reruns` must be between 0 and 10, got {}", reruns.value))
            .with_hint("most tests that fail by chance pass within 2 reruns")),
    }
}

fn read_coverage(
    terms: &mut Terms<'_>,
    coverage: &Value<CoverageLayer>,
) -> Result<Option<CoverageSettings>, ConfigError> {
    let minimum = |terms: &Terms<'_>, percent: Value<f64>| {
        if (0.0..=100.0).contains(&percent.value) {
            return Ok(Some(percent.value));
        }
        let message = format!("the minimum must be between 0 and 100, got {}", percent.value);
        Err(terms
            .error(&percent, message)
            .with_hint("write the share of lines in percent, such as coverage = 80"))
    };
    let settings = match &coverage.value {
        CoverageLayer::Switch(false) => return Ok(None),
        CoverageLayer::Switch(true) => CoverageSettings::default(),
        CoverageLayer::Minimum(percent) => CoverageSettings {
            minimum: minimum(terms, coverage.with(*percent))?,
            source: Vec::new(),
        },
        CoverageLayer::Table(table) => CoverageSettings {
            minimum: match &table.minimum {
                Some(value @ Value { value: Percent(percent), .. }) => {
                    minimum(terms, value.with(*percent))?
                }
                None => None,
            },
            source: terms.paths(table.source.as_ref())?,
        },
    };
    Ok(Some(settings))
}

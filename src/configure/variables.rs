//! The layer of the `CARGO_PIPE_*` variables.
//!
//! Turns an [`EnvVars`] into a layer, and warnings about unknown variables.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};

use crate::check::Grant;
use crate::config::layer::{Layer, OneOrMany, OwnFile, Text, Timeout, Value, translate};
use crate::config::{ConfigError, nearest};
use crate::env_vars::{
    ALLOW, BASELINE, CACHE, CACHE_SIZE, CONFIG, CPUS, DOCKER_TIMEOUT, ENGINE, EnvVars, JOBS, NAMES,
    OFFLINE, PREFIX, SOURCE, TIMEOUT, TOPOLOGY,
};
use crate::limits::ByteSize;

/// Parses the variables into a layer, and returns warnings about unknown ones.
///
/// Lists are separated by commas.
pub(super) fn layer(environment: &EnvVars) -> Result<(Layer, Vec<String>), ConfigError> {
    let get = |name| environment.get(name);
    let layer = Layer {
        source: get(SOURCE).map(|text| OneOrMany(Value::named(SOURCE, list(SOURCE, text)))),
        config: get(CONFIG).map(|text| Value::named(CONFIG, text.to_owned())),
        engine: get(ENGINE).map(|text| word(ENGINE, text)).transpose()?,
        topology: get(TOPOLOGY).map(|text| word(TOPOLOGY, text)).transpose()?,
        jobs: get(JOBS).map(|text| number(JOBS, text)).transpose()?,
        cpus: get(CPUS).map(|text| number(CPUS, text)).transpose()?,
        baseline: get(BASELINE).map(|path| Value::named(BASELINE, OwnFile(Some(path.to_owned())))),
        offline: get(OFFLINE).map(truth).transpose()?,
        timeout: get(TIMEOUT).map(|text| time(TIMEOUT, text)).transpose()?,
        allow: get(ALLOW).map(grants).transpose()?.unwrap_or_default(),
        cache: get(CACHE).map(|text| word(CACHE, text)).transpose()?.map(|mode| mode.value),
        cache_size: get(CACHE_SIZE).map(size).transpose()?,
        answer_limit: get(DOCKER_TIMEOUT)
            .map(|text| time(DOCKER_TIMEOUT, text))
            .transpose()?
            .map(|limit| limit.value),
        ..Layer::default()
    };
    Ok((layer, warn_of_unknown(environment)))
}

fn warn_of_unknown(environment: &EnvVars) -> Vec<String> {
    let is_unknown = |name: &&String| name.starts_with(PREFIX) && !NAMES.contains(&name.as_str());
    let warn = |name: &String| {
        let hint = nearest::nearest(name, NAMES)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        format!("unknown variable `{name}`{hint}")
    };
    environment.names().filter(is_unknown).map(warn).collect()
}

fn list(name: &'static str, text: &str) -> Vec<Text> {
    text.split(',').map(|item| Value::named(name, item.trim().to_owned())).collect()
}

fn word<'a, T: Deserialize<'a>>(
    name: &'static str,
    text: &'a str,
) -> Result<Value<T>, ConfigError> {
    let deserializer: StrDeserializer<'_, ValueError> = text.into_deserializer();
    T::deserialize(deserializer).map(|value| Value::named(name, value)).map_err(|error| {
        let (message, hint) = translate(&error.to_string());
        ConfigError { hint, ..wrong(name, message) }
    })
}

fn number(name: &'static str, text: &str) -> Result<Value<i64>, ConfigError> {
    text.parse()
        .map(|number| Value::named(name, number))
        .map_err(|_| wrong(name, format!("expected a number, got `{text}`")))
}

fn truth(text: &str) -> Result<Value<bool>, ConfigError> {
    match text {
        "1" | "true" | "yes" => Ok(Value::named(OFFLINE, true)),
        "0" | "false" | "no" => Ok(Value::named(OFFLINE, false)),
        _ => Err(wrong(OFFLINE, format!("expected `true` or `false`, got `{text}`"))
            .with_hint("write `1` or `0`")),
    }
}

fn time(name: &'static str, text: &str) -> Result<Value<Timeout>, ConfigError> {
    Timeout::parse(text).map(|timeout| Value::named(name, timeout)).ok_or_else(|| {
        wrong(name, format!("invalid duration: `{text}`"))
            .with_hint(format!("write {}", Timeout::NOTATION))
    })
}

/// Parses a size, or a number of bytes without a unit.
fn size(text: &str) -> Result<u64, ConfigError> {
    let bytes = ByteSize::parse(text).map(|ByteSize(bytes)| bytes);
    bytes.or_else(|| text.parse().ok()).ok_or_else(|| {
        wrong(CACHE_SIZE, format!("invalid size: `{text}`"))
            .with_hint("write a number of bytes, or one like `500M` or `2 GiB`")
    })
}

fn grants(text: &str) -> Result<Vec<Grant>, ConfigError> {
    let grant = |name: &str| name.parse().map_err(|message| wrong(ALLOW, message));
    let names = text.split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(grant).collect()
}

fn wrong(name: &'static str, message: String) -> ConfigError {
    ConfigError { origin: name.to_owned(), text: None, span: None, message, hint: None }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{CacheMode, EngineChoice};

    fn error(name: &str, value: &str) -> String {
        layer(&EnvVars::from([(name, value)])).unwrap_err().to_string()
    }

    #[test]
    fn every_variable_sets_its_value() {
        let environment = EnvVars::from([
            (SOURCE, "src, tests"),
            (CONFIG, "conf"),
            (ENGINE, "docker"),
            (TOPOLOGY, "stream"),
            (JOBS, "3"),
            (CPUS, "2"),
            (BASELINE, "old.jsonl"),
            (OFFLINE, "1"),
            (TIMEOUT, "5m"),
            (ALLOW, "network,writable"),
            (CACHE, "read-only"),
            (CACHE_SIZE, "500M"),
            (DOCKER_TIMEOUT, "5s"),
        ]);
        let (layer, warnings) = super::layer(&environment).unwrap();
        let sources: Vec<Text> = layer.source.unwrap().0.value;
        let sources: Vec<&str> = sources.iter().map(|text| text.value.as_str()).collect();
        assert_eq!(sources, ["src", "tests"]);
        assert_eq!(layer.engine.unwrap().value, EngineChoice::Docker);
        assert_eq!(layer.jobs.unwrap().value, 3);
        assert_eq!(layer.cpus.unwrap().value, 2);
        assert_eq!(layer.baseline.unwrap().value, OwnFile(Some("old.jsonl".to_owned())));
        assert_eq!(layer.allow, [Grant::Network, Grant::Writable]);
        assert!(layer.config.is_some() && layer.topology.is_some());
        assert!(layer.offline.is_some() && layer.timeout.is_some());
        assert_eq!((layer.cache, layer.cache_size), (Some(CacheMode::ReadOnly), Some(500 << 20)));
        assert_eq!(layer.answer_limit, Some(Timeout(Duration::from_secs(5))));
        assert!(warnings.is_empty());
    }

    #[test]
    fn the_size_of_the_cache_has_a_unit_or_is_in_bytes() {
        for (text, bytes) in
            [("1000", 1000), ("3K", 3 << 10), ("500M", 500 << 20), ("2 GiB", 2 << 30)]
        {
            let (parsed, _) = layer(&EnvVars::from([(CACHE_SIZE, text)])).unwrap();
            assert_eq!(parsed.cache_size, Some(bytes), "{text}");
        }
    }

    #[test]
    fn the_cache_has_six_uses() {
        for (word, mode) in [
            ("on", CacheMode::On),
            ("read-only", CacheMode::ReadOnly),
            ("refresh", CacheMode::Refresh),
            ("audit", CacheMode::Audit),
            ("audit-plain", CacheMode::AuditPlain),
            ("off", CacheMode::Off),
        ] {
            let (parsed, _) = layer(&EnvVars::from([(CACHE, word)])).unwrap();
            assert_eq!(parsed.cache, Some(mode));
        }
    }

    #[test]
    fn an_unknown_variable_is_a_warning() {
        let environment = EnvVars::from([("CARGO_PIPE_JOB", "3"), ("CARGO_PIPE_DOCKER", "x")]);
        let (_, warnings) = layer(&environment).unwrap();
        assert_eq!(
            warnings,
            ["unknown variable `CARGO_PIPE_JOB`; did you mean `CARGO_PIPE_JOBS`?"]
        );
    }

    #[test]
    fn an_invalid_value_names_its_variable() {
        assert_eq!(error(JOBS, "many"), "CARGO_PIPE_JOBS: expected a number, got `many`");
        assert_eq!(
            error(OFFLINE, "maybe"),
            "CARGO_PIPE_OFFLINE: expected `true` or `false`, got `maybe`"
        );
        assert_eq!(error(TIMEOUT, "soon"), "CARGO_PIPE_TIMEOUT: invalid duration: `soon`");
        assert_eq!(error(ENGINE, "dokcer"), "CARGO_PIPE_ENGINE: unknown value `dokcer`");
        assert_eq!(error(CACHE_SIZE, "2T"), "CARGO_PIPE_CACHE_SIZE: invalid size: `2T`");
        assert!(error(ALLOW, "root").starts_with("CARGO_PIPE_ALLOW: unknown grant `root`"));
    }

    #[test]
    fn every_variable_is_documented() {
        let chapter = include_str!("../guide/variables.md");
        for name in NAMES {
            assert!(chapter.contains(&format!("`{name}`")), "{name}");
        }
    }
}

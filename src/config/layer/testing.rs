//! The settings of a check with pytest: `workers`, `reruns`, `flaky` and `coverage`.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};

use super::value::Scalar;
use super::{Texts, Value};

/// The number of processes that run tests: a number, or `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkersSetting {
    /// One for each processor.
    Auto,
    /// This number.
    Number(i64),
}

impl<'de> Deserialize<'de> for WorkersSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar {
            expecting: "a number or \"auto\"",
            read: |written| match written {
                Unexpected::Signed(number) => Some(WorkersSetting::Number(number)),
                Unexpected::Str("auto") => Some(WorkersSetting::Auto),
                _ => None,
            },
        })
    }
}

/// The coverage of a check: `true`, its minimum in percent, or a table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CoverageLayer {
    /// Whether it is measured.
    Switch(bool),
    /// The minimum in percent.
    Minimum(f64),
    /// The details.
    Table(Box<CoverageTable>),
}

/// The measurement of the lines that tests execute.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Coverage"))]
#[non_exhaustive]
pub struct CoverageTable {
    /// The share of lines that has to be reached, in percent.
    pub minimum: Option<Value<Percent>>,
    /// The measured folders; if absent, those of the configuration of coverage.py.
    pub source: Option<Texts>,
}

/// A share in percent, with or without a fraction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent(pub f64);

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match CoverageLayer::deserialize(deserializer)? {
            CoverageLayer::Minimum(percent) => Ok(Percent(percent)),
            _ => Err(D::Error::custom("invalid type: another value, expected a number")),
        }
    }
}

impl<'de> Deserialize<'de> for CoverageLayer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SwitchNumberOrTable;

        impl<'de> Visitor<'de> for SwitchNumberOrTable {
            type Value = CoverageLayer;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("true, a minimum in percent, or a table with `minimum`")
            }

            fn visit_bool<E: Error>(self, is_on: bool) -> Result<CoverageLayer, E> {
                Ok(CoverageLayer::Switch(is_on))
            }

            fn visit_i64<E: Error>(self, percent: i64) -> Result<CoverageLayer, E> {
                i32::try_from(percent)
                    .map(|percent| CoverageLayer::Minimum(percent.into()))
                    .map_err(|_| E::invalid_value(Unexpected::Signed(percent), &self))
            }

            fn visit_f64<E: Error>(self, percent: f64) -> Result<CoverageLayer, E> {
                Ok(CoverageLayer::Minimum(percent))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CoverageLayer, A::Error> {
                let table = CoverageTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(CoverageLayer::Table(Box::new(table)))
            }
        }

        deserializer.deserialize_any(SwitchNumberOrTable)
    }
}

#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{CoverageLayer, CoverageTable, Percent, WorkersSetting};

    impl JsonSchema for WorkersSetting {
        fn schema_name() -> Cow<'static, str> {
            "WorkersSetting".into()
        }

        fn inline_schema() -> bool {
            true
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "auto" }] })
        }
    }

    impl JsonSchema for Percent {
        fn schema_name() -> Cow<'static, str> {
            "Percent".into()
        }

        fn inline_schema() -> bool {
            true
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "type": "number", "minimum": 0, "maximum": 100 })
        }
    }

    impl JsonSchema for CoverageLayer {
        fn schema_name() -> Cow<'static, str> {
            "CoverageSetting".into()
        }

        fn inline_schema() -> bool {
            true
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let table = generator.subschema_for::<CoverageTable>();
            let number = generator.subschema_for::<Percent>();
            json_schema!({ "anyOf": [{ "type": "boolean" }, number, table] })
        }
    }
}

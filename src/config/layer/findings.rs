//! The `findings` setting: the name of a format, or a table.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{Text, Value};

/// The format of the findings in the output of a command.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FindingsLayer {
    /// The name of a format, read from standard output.
    Format(String),
    /// A format with its details.
    Table(Box<FindingsTable>),
}

/// A format of findings with its details.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Findings"))]
#[non_exhaustive]
pub struct FindingsTable {
    /// The format: `sarif`, `junit`, `checkstyle`, `gcc`, `json-lines` or `regex`.
    pub format: Option<Text>,
    /// `stdout`, `stderr`, or `file:` and a path below `/tmp`; `stdout` if absent.
    pub from: Option<Text>,
    /// Whether an exit status that means findings may come without any.
    pub empty_ok: Option<Value<bool>>,
    /// For `regex`: the expression, with groups named like the fields of `json-lines`.
    pub pattern: Option<Text>,
    /// For `json-lines`: the field with the path; `path` if absent.
    pub path: Option<Text>,
    /// For `json-lines`: the field with the 1-based line; `line` if absent.
    pub line: Option<Text>,
    /// For `json-lines`: the field with the 1-based column; `column` if absent.
    pub column: Option<Text>,
    /// For `json-lines`: the field with the 1-based last line; `end_line` if absent.
    pub end_line: Option<Text>,
    /// For `json-lines`: the field with the code of the rule; `code` if absent.
    pub code: Option<Text>,
    /// For `json-lines`: the field with the severity; `severity` if absent.
    pub severity: Option<Text>,
    /// For `json-lines`: the field with the message; `message` if absent.
    pub message: Option<Text>,
}

impl<'de> Deserialize<'de> for FindingsLayer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FormatOrTable;

        impl<'de> Visitor<'de> for FormatOrTable {
            type Value = FindingsLayer;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a format such as \"sarif\", or a table with `format`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<FindingsLayer, E> {
                Ok(FindingsLayer::Format(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FindingsLayer, A::Error> {
                let table = FindingsTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(FindingsLayer::Table(Box::new(table)))
            }
        }

        deserializer.deserialize_any(FormatOrTable)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for FindingsLayer {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FindingsSetting".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let table = generator.subschema_for::<FindingsTable>();
        schemars::json_schema!({
            "anyOf": [{ "enum": ["sarif", "junit", "checkstyle", "gcc", "json-lines"] }, table]
        })
    }
}

//! Values of a layer, each with the place where it was written.
//!
//! Also the types whose notation is richer than TOML's own. The places are used in
//! [`super::super::ConfigError`]s.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use toml::Spanned;

use super::super::GitlabJobs;
use crate::check::CachePolicy;

/// A value and where it was written. Compared and ordered by the value alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Value<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub place: WrittenAt,
    /// The number of layers that were merged over the one that it is from.
    pub(in crate::config) covered: usize,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrittenAt {
    /// Bytes of the manifest.
    Bytes(Range<usize>),
    /// A variable or a flag.
    Name(&'static str),
}

impl<T> Value<T> {
    /// Makes the value of a variable or a flag.
    pub fn named(name: &'static str, value: T) -> Self {
        let place = WrittenAt::Name(name);
        Value::at(place, value)
    }

    fn at(place: WrittenAt, value: T) -> Self {
        Value { value, place, covered: 0 }
    }

    /// The byte of the manifest at which it begins; 0 for a value that is not from there.
    pub(in crate::config) fn start(&self) -> usize {
        match &self.place {
            WrittenAt::Bytes(span) => span.start,
            WrittenAt::Name(_) => 0,
        }
    }

    /// Makes another value with the same place.
    pub(in crate::config) fn with<U>(&self, value: U) -> Value<U> {
        Value { value, place: self.place.clone(), covered: self.covered }
    }
}

impl<T: PartialEq> PartialEq for Value<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Value<T> {}

impl<T: PartialOrd> PartialOrd for Value<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Ord> Ord for Value<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Value<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        Ok(Value::at(WrittenAt::Bytes(spanned.span()), spanned.into_inner()))
    }
}

/// One text, or a list of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany(pub Value<Vec<Value<String>>>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        enum Written {
            One(String),
            Many(Vec<Value<String>>),
        }

        struct WrittenVisitor;

        impl<'de> Visitor<'de> for WrittenVisitor {
            type Value = Written;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or a list of strings")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
                Ok(Written::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Written, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Written::Many(texts))
            }
        }

        impl<'de> Deserialize<'de> for Written {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(WrittenVisitor)
            }
        }

        let written = Value::<Written>::deserialize(deserializer)?;
        let Value { value, place, .. } = written;
        Ok(OneOrMany(match value {
            Written::One(text) => Value::at(place.clone(), vec![Value::at(place, text)]),
            Written::Many(texts) => Value::at(place, texts),
        }))
    }
}

/// A text that may contain a password, and is never shown.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Private(pub String);

impl fmt::Debug for Private {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Which results of a check are cached: `true`, `false` or `"passed"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSetting(pub CachePolicy);

impl<'de> Deserialize<'de> for CacheSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar {
            expecting: "true, false or \"passed\"",
            read: |written| match written {
                Unexpected::Bool(true) => Some(CacheSetting(CachePolicy::Always)),
                Unexpected::Bool(false) => Some(CacheSetting(CachePolicy::Never)),
                Unexpected::Str("passed") => Some(CacheSetting(CachePolicy::Passed)),
                _ => None,
            },
        })
    }
}

/// A path, or `false` for none or for the files that the tool discovers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFile(pub Option<String>);

impl<'de> Deserialize<'de> for OwnFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar {
            expecting: "a path in quotes or false",
            read: |written| match written {
                Unexpected::Bool(false) => Some(OwnFile(None)),
                Unexpected::Str(path) => Some(OwnFile(Some(path.to_owned()))),
                _ => None,
            },
        })
    }
}

/// How jobs in GitLab reach an engine: `"image"`, `"socket"`, `"dind"`, or `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch(pub Option<GitlabJobs>);

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar {
            expecting: "\"image\", \"socket\", \"dind\" or false",
            read: |written| match written {
                Unexpected::Bool(false) => Some(Switch(None)),
                Unexpected::Str("image") => Some(Switch(Some(GitlabJobs::Image))),
                Unexpected::Str("socket") => Some(Switch(Some(GitlabJobs::Socket))),
                Unexpected::Str("dind") => Some(Switch(Some(GitlabJobs::Dind))),
                _ => None,
            },
        })
    }
}

/// Deserializes a boolean, a number or a string, with one error message for every mismatch.
pub(super) struct Scalar<T> {
    pub(super) expecting: &'static str,
    pub(super) read: fn(Unexpected<'_>) -> Option<T>,
}

impl<T> Scalar<T> {
    fn accept<E: Error>(self, written: Unexpected<'_>) -> Result<T, E> {
        (self.read)(written).ok_or_else(|| E::invalid_value(written, &self.expecting))
    }
}

impl<T> Visitor<'_> for Scalar<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expecting)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        self.accept(Unexpected::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        self.accept(Unexpected::Signed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        self.accept(Unexpected::Str(value))
    }
}

/// The JSON schema of these types.
#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::super::duration::{Age, Timeout};
    use super::{CacheSetting, OneOrMany, OwnFile, Private, Switch, Value};

    impl<T: JsonSchema> JsonSchema for Value<T> {
        fn schema_name() -> Cow<'static, str> {
            T::schema_name()
        }

        fn inline_schema() -> bool {
            true
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            generator.subschema_for::<T>()
        }
    }

    macro_rules! notation {
        ($type:ident, $schema:tt) => {
            impl JsonSchema for $type {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($type).into()
                }

                fn inline_schema() -> bool {
                    true
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        };
    }

    notation!(OneOrMany, {
        "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" } },
        ]
    });
    notation!(Private, { "type": "string" });
    notation!(Timeout, {
        "anyOf": [
            { "type": "string", "pattern": "^[0-9][0-9A-Za-z. ]*$" },
            { "type": "integer", "minimum": 1 },
        ]
    });
    notation!(Age, { "type": "string", "pattern": "^[0-9][0-9A-Za-z. ]*[A-Za-z]$" });
    notation!(CacheSetting, { "enum": [true, false, "passed"] });
    notation!(OwnFile, { "anyOf": [{ "type": "string" }, { "const": false }] });
    notation!(Switch, { "enum": ["image", "socket", "dind", false] });
}

//! The notation of a size in a layer.

use serde::de::{Deserialize, Deserializer, Unexpected};

use super::value::Scalar;
use crate::limits::ByteSize;

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar {
            expecting: ByteSize::NOTATION,
            read: |written| match written {
                Unexpected::Str(text) => ByteSize::parse(text),
                _ => None,
            },
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ByteSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+ ?([KMG]|[KMG]iB|B)$" })
    }
}

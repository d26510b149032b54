//! Schemas that others wrote, over the sample.

use super::*;

/// Complaints of a schema about a text.
fn complaints(schema: &str, text: &str) -> String {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("schema.json", serde_json::from_str(schema).unwrap()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    let value = serde_json::from_str(text).unwrap();
    match schemas.validate(&value, index) {
        Ok(()) => String::new(),
        Err(error) => format!("{error:#}"),
    }
}

const SARIF: &str = include_str!("../../../tests/fixtures/schemas/sarif-2.1.0.json");

#[test]
fn the_sample_is_valid_sarif() {
    let text = sarif::to_sarif(&sample());
    assert_eq!(complaints(SARIF, &text), "");
    assert_ne!(complaints(SARIF, &text.replace("\"startLine\": 2", "\"startLine\": 0")), "");
    assert_ne!(complaints(SARIF, &text.replace("unicodeCodePoints", "characters")), "");
}

//! Parses one JSON object per line. Lines that do not begin with `{` are ignored.

use serde_json::Value;

use super::report::FindingValues;
use crate::check::JsonFields;
use crate::finding::Finding;

/// Parses the objects.
///
/// # Errors
///
/// When a line begins with `{` and is not a JSON object, or has no message.
pub(super) fn parse(text: &str, fields: &JsonFields) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if !line.trim_start().starts_with('{') {
            continue;
        }
        let wrong = |why: String| format!("line {}: {why}", index + 1);
        let object: Value = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let message = word(&object, &fields.message)
            .ok_or_else(|| wrong(format!("no field `{}`", fields.message)))?;
        let path = word(&object, &fields.path).unwrap_or_default();
        let code = word(&object, &fields.code).unwrap_or_default();
        let severity = word(&object, &fields.severity);
        let values = FindingValues {
            path: &path,
            line: number(&object, &fields.line),
            column: number(&object, &fields.column),
            end_line: number(&object, &fields.end_line),
            code: &code,
            severity: severity.as_deref(),
            message: &message,
            ..FindingValues::default()
        };
        findings.push(values.into_finding());
    }
    Ok(findings)
}

/// Looks up a field, in nested objects where its name has dots.
fn field<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| name.split('.').try_fold(object, |value, part| value.get(part)))
}

fn word(object: &Value, name: &str) -> Option<String> {
    match field(object, name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(object: &Value, name: &str) -> Option<u32> {
    let value = field(object, name)?;
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_be_nested_and_renamed() {
        let fields = JsonFields {
            path: "location.file".to_owned(),
            line: "location.row".to_owned(),
            message: "text".to_owned(),
            ..JsonFields::default()
        };
        let text =
            "checking\n{\"location\": {\"file\": \"a.py\", \"row\": \"4\"}, \"text\": \"x\"}\n";
        let found = parse(text, &fields).unwrap();
        assert_eq!((found[0].place.path.as_str(), found[0].place.line), ("a.py", 4));
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = parse("\n{\"a\": \n", &JsonFields::default()).unwrap_err();
        assert!(error.starts_with("line 2: EOF"), "{error}");
        let error = parse("{\"path\": \"a.py\"}", &JsonFields::default()).unwrap_err();
        assert_eq!(error, "line 1: no field `message`");
    }
}

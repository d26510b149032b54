//! Tables of every key of `pipe.toml`, from its schema and the default file.

use std::collections::BTreeMap;

use cargo_pipe::{config, template};

use super::blocks::table;
use crate::failure::{Failure, Result};

/// The sections of the file, and the definitions of the schema that describe them.
const SECTIONS: &[(&str, &str)] = &[
    ("python", "Python"),
    ("image", "Image"),
    ("network", "Network"),
    ("checks.NAME", "Check"),
    ("ci", "Ci"),
];

/// The sections as Markdown, with a heading each.
///
/// # Errors
///
/// When the schema does not have the expected form.
pub(super) fn tables() -> Result<String> {
    let schema: serde_json::Value = config::layer::schema();
    let defaults = defaults(&template::default_config());
    let mut text = section("", &schema, &schema, &defaults)?;
    for (name, definition) in SECTIONS {
        let part = &schema["$defs"][definition];
        let about = one_line(&part["description"]);
        text += &format!("## `[{name}]`\n\n{about}\n");
        text += &section(name, part, &schema, &defaults)?;
    }
    Ok(text)
}

fn section(
    name: &str,
    part: &serde_json::Value,
    schema: &serde_json::Value,
    defaults: &BTreeMap<(String, String), String>,
) -> Result<String> {
    let properties = part["properties"].as_object();
    let properties =
        properties.ok_or_else(|| Failure::new(format!("the schema has no section `{name}`")))?;
    let mut rows = Vec::new();
    for (key, property) in properties {
        let is_section = SECTIONS.iter().any(|(section, _)| section.split('.').next() == Some(key));
        if name.is_empty() && is_section {
            continue;
        }
        let default = defaults.get(&(name.to_owned(), key.clone()));
        let default = default.map_or("–".to_owned(), |value| format!("`{value}`"));
        let values = values(property, schema);
        let values = if values.is_empty() { String::new() } else { format!(" ({values})") };
        let meaning = format!("{}{values}", one_line(&property["description"]));
        rows.push([format!("`{key}`"), default, meaning]);
    }
    if name == "checks.NAME" {
        let rows: Vec<[String; 2]> = rows.into_iter().map(|[key, _, text]| [key, text]).collect();
        return Ok(table(["key", "meaning"], &rows));
    }
    Ok(table(["key", "default", "meaning"], &rows))
}

fn one_line(text: &serde_json::Value) -> String {
    text.as_str().unwrap_or_default().replace('\n', " ")
}

/// The values that a key can have, if they are few.
fn values(property: &serde_json::Value, schema: &serde_json::Value) -> String {
    let mut words = Vec::new();
    collect_values(property, schema, &mut words);
    words.join(", ")
}

fn collect_values(
    property: &serde_json::Value,
    schema: &serde_json::Value,
    words: &mut Vec<String>,
) {
    if let Some(name) = property["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/")) {
        collect_values(&schema["$defs"][name], schema, words);
    }
    let constant = property.get("const").filter(|value| value.is_string());
    let listed = property["enum"].as_array().into_iter().flatten().filter(|it| !it.is_null());
    words.extend(listed.chain(constant).map(|value| format!("`{value}`")));
    for choice in ["anyOf", "oneOf"] {
        for option in property[choice].as_array().into_iter().flatten() {
            collect_values(option, schema, words);
        }
    }
}

/// The value of each key that the default file sets, by section and key. Every value of that file is
/// in one line.
fn defaults(text: &str) -> BTreeMap<(String, String), String> {
    let mut section = String::new();
    let mut defaults = BTreeMap::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#'))
        {
            defaults.insert((section.clone(), key.to_owned()), value.to_owned());
        }
    }
    defaults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_defaults_and_values() {
        let tables = tables().unwrap();
        assert!(tables.contains("| `engine` | `\"auto\"` |"), "{tables}");
        assert!(tables.contains("`\"podman\"`"), "{tables}");
        assert!(tables.contains("## `[checks.NAME]`"), "{tables}");
    }
}

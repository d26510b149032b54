//! Validation of `findings`: how the output of a command becomes findings.

use regex::Regex;

use super::super::ConfigError;
use super::super::layer::{CheckLayer, FindingsLayer, FindingsTable, Text};
use super::super::nearest;
use super::terms::Terms;
use crate::check::{FIELDS, FORMATS, FindingsFormat, FindingsOrigin, FindingsSpec, JsonFields};

/// The folder in which a command can write.
const WRITABLE: &str = "/tmp/";

/// Validates how the output of a check's command becomes findings; none if it does not.
pub(super) fn findings(
    terms: &Terms<'_>,
    layer: &CheckLayer,
) -> Result<Option<FindingsSpec>, ConfigError> {
    let Some(setting) = &layer.findings else {
        return Ok(None);
    };
    let table = match &setting.value {
        FindingsLayer::Table(table) => (**table).clone(),
        FindingsLayer::Format(name) => {
            FindingsTable { format: Some(setting.with(name.clone())), ..FindingsTable::default() }
        }
    };
    let Some(format) = &table.format else {
        return Err(terms
            .error(setting, "`findings` has no `format`")
            .with_hint(format!("add one of {}", FORMATS.join(", "))));
    };
    let origin = origin(terms, &table)?;
    if let (FindingsOrigin::File(_), Some(image), Some(from)) = (&origin, &layer.image, &table.from)
    {
        let message = format!("a file cannot be read from the image `{}`", image.value);
        return Err(terms
            .error(from, message)
            .with_hint("let the command write to standard output, or use `requirements`"));
    }
    Ok(Some(FindingsSpec {
        format: parse_format(terms, format, &table)?,
        from: origin,
        empty_ok: table.empty_ok.is_some_and(|it| it.value),
    }))
}

fn parse_format(
    terms: &Terms<'_>,
    format: &Text,
    table: &FindingsTable,
) -> Result<FindingsFormat, ConfigError> {
    let parsed = match format.value.as_str() {
        "sarif" => FindingsFormat::Sarif,
        "junit" => FindingsFormat::Junit,
        "checkstyle" => FindingsFormat::Checkstyle,
        "gcc" => FindingsFormat::Gcc,
        "json-lines" => FindingsFormat::JsonLines(json_fields(table)),
        "regex" => FindingsFormat::Regex(pattern(terms, format, table)?),
        unknown => {
            return Err(terms
                .error(format, format!("unknown format of findings: `{unknown}`"))
                .with_hint(nearest::advise(unknown, &FORMATS)));
        }
    };
    let FindingsTable { pattern, path, line, column, end_line, code, severity, message, .. } =
        table;
    let fields = [path, line, column, end_line, code, severity, message];
    let is_lines = matches!(parsed, FindingsFormat::JsonLines(_));
    if let Some((name, text)) =
        FIELDS.iter().zip(fields).find_map(|(name, text)| Some((name, text.as_ref()?)))
        && !is_lines
    {
        let message = format!("`{}` can only be used with `json-lines`", name.replace('_', "-"));
        return Err(terms.error(text, message).with_hint("remove it"));
    }
    if let (Some(text), false) = (pattern, matches!(parsed, FindingsFormat::Regex(_))) {
        return Err(terms
            .error(text, "`pattern` can only be used with `regex`")
            .with_hint("remove it, or write format = \"regex\""));
    }
    Ok(parsed)
}

fn json_fields(table: &FindingsTable) -> JsonFields {
    let or =
        |field: &Option<Text>, usual: String| field.as_ref().map_or(usual, |it| it.value.clone());
    let usual = JsonFields::default();
    JsonFields {
        path: or(&table.path, usual.path),
        line: or(&table.line, usual.line),
        column: or(&table.column, usual.column),
        end_line: or(&table.end_line, usual.end_line),
        code: or(&table.code, usual.code),
        severity: or(&table.severity, usual.severity),
        message: or(&table.message, usual.message),
    }
}

/// Validates the expression and the names of its groups.
fn pattern(terms: &Terms<'_>, format: &Text, table: &FindingsTable) -> Result<String, ConfigError> {
    let example = r"write one such as '^(?<path>[^:]+):(?<line>\d+): (?<message>.+)$'";
    let Some(pattern) = &table.pattern else {
        return Err(terms.error(format, "`regex` needs a `pattern`").with_hint(example));
    };
    let regex = Regex::new(&pattern.value)
        .map_err(|error| terms.error(pattern, format!("invalid `pattern`: {error}")))?;
    let groups: Vec<&str> = regex.capture_names().flatten().collect();
    if let Some(unknown) = groups.iter().find(|name| !FIELDS.contains(name)) {
        return Err(terms
            .error(pattern, format!("unknown group `{unknown}` in `pattern`"))
            .with_hint(nearest::advise(unknown, &FIELDS)));
    }
    if !groups.contains(&"message") {
        return Err(terms.error(pattern, "`pattern` has no group `message`").with_hint(example));
    }
    Ok(pattern.value.clone())
}

fn origin(terms: &Terms<'_>, table: &FindingsTable) -> Result<FindingsOrigin, ConfigError> {
    let Some(from) = &table.from else {
        return Ok(FindingsOrigin::Stdout);
    };
    let hint = "write \"stdout\", \"stderr\" or \"file:/tmp/NAME\"";
    match from.value.as_str() {
        "stdout" => Ok(FindingsOrigin::Stdout),
        "stderr" => Ok(FindingsOrigin::Stderr),
        other => {
            let Some(path) = other.strip_prefix("file:") else {
                let message = format!("invalid `from`: `{}`", other.escape_debug());
                return Err(terms.error(from, message).with_hint(hint));
            };
            let is_below = path.starts_with(WRITABLE)
                && path.len() > WRITABLE.len()
                && !path.contains('\0')
                && !path.split('/').any(|part| part == "..");
            if !is_below {
                let message = format!("`{}` is not below /tmp", path.escape_debug());
                return Err(terms
                    .error(from, message)
                    .with_hint(format!("a check can write only there: {hint}")));
            }
            Ok(FindingsOrigin::File(path.to_owned()))
        }
    }
}

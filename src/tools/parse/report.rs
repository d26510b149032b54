//! Parses the findings that a user's command writes in a common format.
//!
//! Each format has its own file. They differ only in where a value is: this module turns the values
//! into a [`Finding`] with the same rules for paths, lines and messages as for the built-in tools.

use crate::check::FindingsFormat;
use crate::finding::{Finding, Fix, Place, Severity, SourceFiles};
use crate::hash::Hash;

use super::columns::Columns;
use super::{checkstyle, gcc, json_lines, junit, locate, pattern, sarif};

/// The most findings that are read of one output.
pub(super) const MAX_FINDINGS: usize = 100_000;

/// Parses the output of a command.
///
/// # Errors
///
/// What is wrong with the output, with the line where that is known.
pub fn parse(
    format: &FindingsFormat,
    stream: &[u8],
    sources: &dyn SourceFiles,
) -> Result<Vec<Finding>, String> {
    let text = std::str::from_utf8(stream).map_err(|error| {
        let line = 1 + stream[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        format!("line {line} is not UTF-8")
    })?;
    let findings = match format {
        FindingsFormat::Sarif => sarif::parse(text, &mut Columns::new(sources))?,
        FindingsFormat::Junit => junit::parse_any(text, sources)?,
        FindingsFormat::Checkstyle => checkstyle::parse(text)?,
        FindingsFormat::Gcc => gcc::parse(text),
        FindingsFormat::JsonLines(fields) => json_lines::parse(text, fields)?,
        FindingsFormat::Regex(expression) => pattern::parse(text, expression)?,
    };
    if findings.len() > MAX_FINDINGS {
        return Err(format!("{} findings; at most {MAX_FINDINGS} are read", findings.len()));
    }
    Ok(findings)
}

/// The values of a finding, as a format has them.
#[derive(Clone, Debug, Default)]
pub(in crate::tools) struct FindingValues<'t> {
    pub(in crate::tools) path: &'t str,
    pub(in crate::tools) line: Option<u32>,
    pub(in crate::tools) column: Option<u32>,
    pub(in crate::tools) end_line: Option<u32>,
    pub(in crate::tools) end_column: Option<u32>,
    pub(in crate::tools) severity: Option<&'t str>,
    pub(in crate::tools) code: &'t str,
    pub(in crate::tools) rule: &'t str,
    pub(in crate::tools) message: &'t str,
    pub(in crate::tools) url: Option<String>,
    pub(in crate::tools) related: Vec<Place>,
    pub(in crate::tools) fix: Option<Fix>,
}

impl FindingValues<'_> {
    /// The finding with these values.
    pub(in crate::tools) fn into_finding(self) -> Finding {
        let line = self.line.unwrap_or(1).max(1);
        let column = self.line.and(self.column).filter(|column| *column > 0);
        // An end needs a start column, and lies after the start.
        let end_line = self.end_line.filter(|end| *end >= line);
        let end_column = end_line.and(column).and(self.end_column).filter(|end| *end > 0);
        let place = Place { path: String::new(), line, column, end_line, end_column };
        let words: Vec<&str> = self.message.split_whitespace().collect();
        let message = if words.is_empty() { "no message".to_owned() } else { words.join(" ") };
        let (place, message) = if self.path.is_empty() {
            (Place::line("", 1), super::inside::strip(&message))
        } else {
            locate(self.path, place, &message)
        };
        let code = if self.code.is_empty() { "finding" } else { self.code };
        let rule = if self.rule.is_empty() { code } else { self.rule };
        Finding {
            place,
            severity: severity(self.severity),
            code: code.to_owned(),
            rule: rule.to_owned(),
            message,
            url: self.url,
            gating: true,
            related: self.related,
            fix: self.fix,
            test: None,
            fingerprint: Hash::default(),
        }
    }
}

/// The severity behind the word of a tool; a word that no tool is known to use is a warning.
fn severity(word: Option<&str>) -> Severity {
    match word.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "error" | "fatal" | "fatal error" | "critical" | "blocker" | "high" | "major" => {
            Severity::Error
        }
        "info" | "information" | "informational" | "note" | "hint" | "style" | "convention"
        | "refactor" | "low" | "minor" | "none" | "ignore" => Severity::Info,
        _ => Severity::Warning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::JsonFields;
    use crate::finding::NoSources;

    fn parsed(format: FindingsFormat, text: &str) -> Result<Vec<Finding>, String> {
        parse(&format, text.as_bytes(), &NoSources)
    }

    #[test]
    fn bytes_that_are_not_text_are_an_error_with_their_line() {
        let error = parse(&FindingsFormat::Gcc, b"a.py:1: x\n\xff", &NoSources).unwrap_err();
        assert_eq!(error, "line 2 is not UTF-8");
    }

    #[test]
    fn an_empty_document_is_an_error_and_empty_lines_are_not() {
        let lines = JsonFields::default();
        for format in [FindingsFormat::Sarif, FindingsFormat::Junit, FindingsFormat::Checkstyle] {
            assert!(parsed(format.clone(), "").is_err(), "{}", format.name());
        }
        for format in [FindingsFormat::Gcc, FindingsFormat::JsonLines(lines)] {
            assert_eq!(parsed(format, "\n\n"), Ok(Vec::new()));
        }
    }

    #[test]
    fn a_path_outside_of_the_project_is_in_the_message() {
        let findings = parsed(FindingsFormat::Gcc, "/etc/passwd:3: read\n../b.py:1: up\n").unwrap();
        assert_eq!(findings[0].place, Place::line("", 1));
        assert_eq!(findings[0].message, "/etc/passwd: read");
        assert_eq!(findings[1].place.path, "");
    }

    #[test]
    fn severities_of_many_tools_are_known() {
        for (word, expected) in [
            ("ERROR", Severity::Error),
            ("High", Severity::Error),
            ("warning", Severity::Warning),
            ("medium", Severity::Warning),
            ("note", Severity::Info),
            ("information", Severity::Info),
        ] {
            assert_eq!(severity(Some(word)), expected, "{word}");
        }
    }

    #[test]
    fn a_span_that_goes_backwards_is_dropped() {
        let values = FindingValues {
            path: "a.py",
            line: Some(3),
            column: Some(2),
            end_line: Some(1),
            end_column: Some(9),
            ..FindingValues::default()
        };
        let place = values.into_finding().place;
        assert_eq!((place.column, place.end_line, place.end_column), (Some(2), None, None));
    }
}

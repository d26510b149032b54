//! The way in which the output of a command becomes findings.

use std::fmt;

/// Where a command writes its findings, and in which format.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FindingsSpec {
    /// The format.
    pub format: FindingsFormat,
    /// The stream or the file.
    pub from: FindingsOrigin,
    /// Whether an exit status that means findings may come without any.
    pub empty_ok: bool,
}

/// A format of findings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingsFormat {
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit's XML, of which each failed test is a finding.
    Junit,
    /// Checkstyle's XML.
    Checkstyle,
    /// Lines such as `path:line:column: severity: text [code]`; other lines are ignored.
    Gcc,
    /// One JSON object per line, with the values of a finding in these fields.
    JsonLines(JsonFields),
    /// A regular expression with named groups, for each line that it matches.
    Regex(String),
}

/// The fields of a JSON object that hold the values of a finding. A dot separates the names of nested
/// fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonFields {
    /// The path of the file.
    pub path: String,
    /// The 1-based line.
    pub line: String,
    /// The 1-based column.
    pub column: String,
    /// The 1-based last line.
    pub end_line: String,
    /// The code of the rule.
    pub code: String,
    /// The severity.
    pub severity: String,
    /// The message.
    pub message: String,
}

/// The output of a command that holds its findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingsOrigin {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
    /// A file below `/tmp`, which the launcher prints as standard output when the command has ended.
    File(String),
}

/// The values of a finding that can be read from text, and the names of groups in an expression.
pub const FIELDS: [&str; 7] = ["path", "line", "column", "end_line", "code", "severity", "message"];

/// The names of the formats.
pub const FORMATS: [&str; 6] = ["sarif", "junit", "checkstyle", "gcc", "json-lines", "regex"];

impl FindingsFormat {
    /// Its name in `format = "…"`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            FindingsFormat::Sarif => "sarif",
            FindingsFormat::Junit => "junit",
            FindingsFormat::Checkstyle => "checkstyle",
            FindingsFormat::Gcc => "gcc",
            FindingsFormat::JsonLines(_) => "json-lines",
            FindingsFormat::Regex(_) => "regex",
        }
    }
}

impl Default for JsonFields {
    fn default() -> Self {
        let [path, line, column, end_line, code, severity, message] = FIELDS.map(str::to_owned);
        JsonFields { path, line, column, end_line, code, severity, message }
    }
}

impl fmt::Display for FindingsOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FindingsOrigin::Stdout => formatter.write_str("stdout"),
            FindingsOrigin::Stderr => formatter.write_str("stderr"),
            FindingsOrigin::File(path) => write!(formatter, "file:{path}"),
        }
    }
}

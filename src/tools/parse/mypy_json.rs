//! Parses `mypy --output=json`: one object per line. Lines of text, from releases without JSON, are
//! parsed by `mypy_text`.
//!
//! With `--no-native-parser`, mypy counts columns in UTF-8 bytes from 0. Without that option it converts
//! them twice, which cannot be undone. Where Python's own parser refuses a source, columns count
//! characters from 1.

use serde::Deserialize;

use super::columns::Columns;
use super::{Parsed, inside, line_number, locate, mypy_text};
use crate::finding::SourceFiles;
use crate::finding::{Finding, Place, Severity};
use crate::hash::Hash;

/// A message; the column is negative if there is none.
#[derive(Deserialize)]
pub(super) struct MypyMessage {
    pub(super) file: String,
    pub(super) line: i64,
    pub(super) column: i64,
    pub(super) end_line: Option<i64>,
    pub(super) end_column: Option<i64>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) code: Option<String>,
    pub(super) severity: String,
}

/// Parses the messages on standard output. Blank lines are skipped, and other lines are returned as
/// unread.
#[must_use]
pub fn parse(stream: &[u8], sources: &dyn SourceFiles) -> Parsed {
    parse_with(stream, sources, mypy_text::parse_line)
}

/// Parses the objects on standard error. Lines of text are returned as unread: those of a crash there
/// look like messages.
#[must_use]
pub fn parse_objects(stream: &[u8], sources: &dyn SourceFiles) -> Parsed {
    parse_with(stream, sources, |_| None)
}

fn parse_with(
    stream: &[u8],
    sources: &dyn SourceFiles,
    parse_text: fn(&str) -> Option<MypyMessage>,
) -> Parsed {
    let mut columns = Columns::new(sources);
    let mut parsed = Parsed::default();
    let mut messages = Vec::new();
    for text in stream.split(|byte| *byte == b'\n') {
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<MypyMessage>(text) {
            Ok(message) => messages.push(message),
            Err(_) => {
                let text = String::from_utf8_lossy(text);
                match parse_text(text.trim_end()) {
                    Some(message) => mypy_text::add(&mut messages, message),
                    None => parsed.unread.push(inside::strip(text.trim_end())),
                }
            }
        }
    }
    parsed.findings = messages.into_iter().map(|it| it.finding(&mut columns)).collect();
    parsed
}

impl MypyMessage {
    fn finding(self, columns: &mut Columns<'_>) -> Finding {
        let severity = match self.severity.as_str() {
            "error" => Severity::Error,
            _ => Severity::Info,
        };
        let text = match &self.hint {
            Some(hint) => format!("{}\n{hint}", self.message),
            None => self.message.clone(),
        };
        let place = self.place(columns);
        let (place, message) = locate(&self.file, place, &text);
        // A message without a code, such as that about a duplicate module, still needs a name.
        let code = self.code.clone().unwrap_or(self.severity);
        Finding {
            place,
            severity,
            rule: code.clone(),
            code,
            message,
            url: self.code.map(|code| {
                format!("https://mypy.readthedocs.io/en/stable/_refs.html#code-{code}")
            }),
            gating: true,
            related: Vec::new(),
            fix: None,
            test: None,
            fingerprint: Hash::default(),
        }
    }

    fn place(&self, columns: &mut Columns<'_>) -> Place {
        let first = line_number(self.line);
        let path = inside::project_path(&self.file).unwrap_or_default();
        let mut column = |line: u32, number: i64| {
            let number = u32::try_from(number).ok()?;
            if self.is_refused_by_python() {
                return Some(number.max(1));
            }
            Some(columns.convert_bytes(&path, line, number))
        };
        let last = self.end_line.filter(|last| *last >= self.line).map(line_number);
        let start = column(first, self.column);
        Place {
            path: String::new(),
            line: first,
            column: start,
            end_line: last.filter(|_| start.is_some()),
            end_column: start.and_then(|_| column(last?, self.end_column?)),
        }
    }

    /// Whether Python's own parser refused the source. mypy itself parses type comments, and reports
    /// their errors with the same code.
    fn is_refused_by_python(&self) -> bool {
        self.code.as_deref() == Some("syntax") && !self.message.contains("type comment")
    }
}

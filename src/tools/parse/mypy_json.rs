//! Parses `mypy --output=json`: one object per line.
//!
//! With `--no-native-parser`, mypy counts columns in UTF-8 bytes from 0. Without that option it converts
//! them twice, which cannot be undone. Where Python's own parser refuses a source, columns count
//! characters from 1.

use serde::Deserialize;

use super::columns::Columns;
use super::{Parsed, inside, line_number, locate};
use crate::finding::SourceFiles;
use crate::finding::{Finding, Place, Severity};
use crate::hash::Hash;

#[derive(Deserialize)]
struct Message {
    file: String,
    line: i64,
    column: i64,
    end_line: Option<i64>,
    end_column: Option<i64>,
    message: String,
    hint: Option<String>,
    code: Option<String>,
    severity: String,
}

/// Parses the messages of a stream. Blank lines are skipped, and other lines are returned as unread.
#[must_use]
pub fn parse(stream: &[u8], sources: &dyn SourceFiles) -> Parsed {
    let mut columns = Columns::new(sources);
    let mut parsed = Parsed::default();
    for text in stream.split(|byte| *byte == b'\n') {
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<Message>(text) {
            Ok(message) => parsed.findings.push(message.finding(&mut columns)),
            Err(_) => {
                let text = String::from_utf8_lossy(text);
                parsed.unread.push(inside::strip(text.trim_end()));
            }
        }
    }
    parsed
}

impl Message {
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

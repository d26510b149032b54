//! Reads `mypy --output=json`: one object a line.
//!
//! Owns mypy's columns, which are UTF-8 bytes from 0 with `--no-native-parser` (without it they
//! are converted twice and beyond repair), and characters from 1 where Python's own parser refuses
//! a source. Must not know exit statuses. Findings go to [`crate::tools::mypy`].

use serde::Deserialize;

use super::columns::Columns;
use super::{Parsed, inside, line, locate};
use crate::finding::{Finding, Place, Severity};
use crate::hash::Hash;
use crate::tools::sources::SourceFiles;

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

/// Reads the messages of a stream. Blank lines are nothing, other lines are unread.
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
        // What mypy gives no code, such as a module that is there twice, still needs a name.
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
        let first = line(self.line);
        let path = inside::project_path(&self.file).unwrap_or_default();
        let mut column = |line: u32, number: i64| {
            let number = u32::try_from(number).ok()?;
            Some(match self.is_refused_by_python() {
                true => number.max(1),
                false => columns.of_bytes(&path, line, number),
            })
        };
        let last = self.end_line.filter(|last| *last >= self.line).map(line);
        let start = column(first, self.column);
        Place {
            path: String::new(),
            line: first,
            column: start,
            end_line: last.filter(|_| start.is_some()),
            end_column: start.and_then(|_| column(last?, self.end_column?)),
        }
    }

    /// A type comment is parsed by mypy itself, under the same code.
    fn is_refused_by_python(&self) -> bool {
        self.code.as_deref() == Some("syntax") && !self.message.contains("type comment")
    }
}

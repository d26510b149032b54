//! Parses `ruff check --output-format=json`: one array.
//!
//! ruff counts columns in code points from 1, as findings do.

use serde::Deserialize;
use serde_json::Value;

use super::{Parsed, line_number, locate};
use crate::finding::{Edit, Finding, Fix, Place, Severity};
use crate::hash::Hash;

#[derive(Deserialize)]
struct Diagnostic {
    cell: Option<u32>,
    code: Option<String>,
    name: Option<String>,
    message: String,
    severity: Option<String>,
    filename: Option<String>,
    location: Option<Location>,
    end_location: Option<Location>,
    url: Option<String>,
    fix: Option<Repair>,
}

#[derive(Deserialize)]
struct Location {
    row: i64,
    column: i64,
}

#[derive(Deserialize)]
struct Repair {
    applicability: String,
    message: Option<String>,
    edits: Vec<Replacement>,
}

#[derive(Deserialize)]
struct Replacement {
    content: String,
    location: Location,
    end_location: Location,
}

/// Parses the diagnostics; none if the stream is not an array.
#[must_use]
pub fn parse(stream: &[u8]) -> Option<Parsed> {
    let values: Vec<Value> = serde_json::from_slice(stream).ok()?;
    let mut parsed = Parsed::default();
    for value in values {
        match Diagnostic::deserialize(&value) {
            Ok(diagnostic) => parsed.findings.push(diagnostic.finding()),
            Err(error) => parsed.unread.push(format!("{error} in {value}")),
        }
    }
    Some(parsed)
}

impl Diagnostic {
    fn finding(self) -> Finding {
        let severity = match self.severity.as_deref() {
            Some("warning") => Severity::Warning,
            Some("info" | "hint" | "help") => Severity::Info,
            _ => Severity::Error,
        };
        let start = self.location.as_ref();
        let mut place = Place {
            path: String::new(),
            line: start.map_or(1, |start| line_number(start.row)),
            column: start.map(|start| line_number(start.column)),
            end_line: self.end_location.as_ref().map(|end| line_number(end.row)),
            end_column: self.end_location.as_ref().map(|end| line_number(end.column)),
        };
        let mut message = self.message;
        let mut fix = self.fix;
        // Line numbers in a notebook count from the start of a cell, not of the file.
        if let Some(cell) = self.cell {
            message = format!("cell {cell}, line {}: {message}", place.line);
            place = Place::line("", 1);
            fix = None;
        }
        let (place, message) = locate(&self.filename.unwrap_or_default(), place, &message);
        let code = self.code.or(self.name.clone()).unwrap_or_default();
        Finding {
            place,
            severity,
            rule: self.name.unwrap_or_else(|| code.clone()),
            code,
            fix: fix.map(|fix| fix.fix(&message)),
            test: None,
            message,
            url: self.url,
            gating: true,
            related: Vec::new(),
            fingerprint: Hash::default(),
        }
    }
}

impl Repair {
    fn fix(self, message: &str) -> Fix {
        let mut edits: Vec<Edit> = self.edits.into_iter().map(Replacement::edit).collect();
        edits.sort_by_key(|edit| (edit.line, edit.column, edit.end_line, edit.end_column));
        Fix {
            message: self.message.unwrap_or_else(|| message.to_owned()),
            safe: self.applicability == "safe",
            edits,
        }
    }
}

impl Replacement {
    fn edit(self) -> Edit {
        Edit {
            line: line_number(self.location.row),
            column: line_number(self.location.column),
            end_line: line_number(self.end_location.row),
            end_column: line_number(self.end_location.column),
            content: self.content,
        }
    }
}

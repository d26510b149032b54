//! Parses `pylint --output-format=json2`: one object, sometimes after lines of text. Before pylint 3.0
//! it is `--output-format=json`: the list of its messages, without a score.
//!
//! The messages of pylint count columns in three ways, some of them are about pylint's own
//! configuration, and some are attributed to the file that pylint read last.

mod project;

use serde::Deserialize;
use serde_json::Value;

use super::columns::Columns;
use super::modules::Modules;
use super::{inside, line_number, locate};
use crate::finding::SourceFiles;
use crate::finding::{Finding, Place, Severity, sort};
use crate::hash::Hash;

/// Messages whose columns count characters from 0, as tokens do.
const CHARACTERS: &[&str] = &["C0303", "E2502", "W1401", "W1402"];

/// Messages whose columns count characters from 1: those of Python, and those that pylint shifts.
const CHARACTERS_FROM_1: &[&str] =
    &["E0001", "E2510", "E2511", "E2512", "E2513", "E2514", "E2515", "W0511"];

/// Messages that can be about a whole module, which pylint places before its first character.
const ABOUT_MODULES: &[&str] =
    &["C0103", "C0112", "C0114", "C0302", "F0001", "F0002", "F0010", "W2402"];

/// A report of pylint.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PylintReport {
    /// The findings in the sources, in any order.
    pub findings: Vec<Finding>,
    /// Errors in its configuration.
    pub config_errors: Vec<String>,
    /// Harmless remarks about its configuration.
    pub remarks: Vec<String>,
    /// Parts of the output that do not belong to the format.
    pub unread: Vec<String>,
    /// The score, at most 10.
    pub score: Option<f64>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    category: String,
    symbol: String,
    message: String,
    #[serde(rename = "messageId", alias = "message-id")]
    code: String,
    module: String,
    path: String,
    line: Option<i64>,
    column: Option<i64>,
    #[serde(rename = "endLine")]
    end_line: Option<i64>,
    #[serde(rename = "endColumn")]
    end_column: Option<i64>,
}

/// Parses the report; none if the stream does not contain one.
#[must_use]
pub fn parse(stream: &[u8], sources: &dyn SourceFiles) -> Option<PylintReport> {
    let (before, mut object) = find_object(stream)?;
    let score = object.pointer("/statistics/score").and_then(Value::as_f64);
    let messages = match &mut object {
        Value::Array(_) => object,
        object => object.get_mut("messages")?.take(),
    };
    let Value::Array(messages) = messages else { return None };
    let mut report = PylintReport { score, ..PylintReport::default() };
    report.read_text(before);
    let mut sourced = Vec::new();
    for value in messages {
        match Message::deserialize(&value) {
            Ok(message) if message.is_about_configuration() => report.add_note(message),
            Ok(message) => sourced.push(message),
            Err(error) => report.unread.push(format!("{error} in {value}")),
        }
    }
    report.findings = convert_messages(&sourced, sources);
    Some(report)
}

/// Finds the object or list and the text before it, which plugins and pylint itself print.
fn find_object(stream: &[u8]) -> Option<(&[u8], Value)> {
    let mut start = 0;
    for line in stream.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line.first(), Some(b'{' | b'[')) {
            let mut values = serde_json::Deserializer::from_slice(&stream[start..]).into_iter();
            if let Some(Ok(value)) = values.next() {
                return Some((&stream[..start], value));
            }
        }
        start += line.len();
    }
    None
}

fn convert_messages(messages: &[Message], sources: &dyn SourceFiles) -> Vec<Finding> {
    let mut columns = Columns::new(sources);
    let mut modules = Modules::new(sources);
    for message in messages.iter().filter(|message| !message.is_about_project()) {
        if let Some(path) = inside::project_path(&message.path) {
            modules.add(&message.module, &path);
        }
    }
    let mut findings: Vec<Finding> = messages
        .iter()
        .map(|message| {
            if message.is_about_project() {
                message.project_finding(&modules, sources)
            } else {
                message.finding(&mut columns)
            }
        })
        .collect();
    // Pylint reads a source again for the stub next to it.
    sort(&mut findings);
    findings.dedup();
    findings
}

impl PylintReport {
    /// Reads the text that pylint prints before its output format is set.
    fn read_text(&mut self, text: &[u8]) {
        let text = inside::strip(&String::from_utf8_lossy(text));
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with("***"))
            .collect();
        if lines.is_empty() {
            return;
        }
        let text = lines.join("\n");
        let is_error = |line: &&str| line.contains(": F0011: ") || line.contains(": E001");
        if lines.iter().any(is_error) {
            self.config_errors.push(text);
        } else {
            self.remarks.push(text);
        }
    }

    /// Adds a message about the configuration. A removed option changes nothing; everything else means
    /// that pylint ignores a setting.
    fn add_note(&mut self, message: Message) {
        let place = inside::strip(&message.path);
        let text = inside::strip(&message.message);
        let note = format!("{place}: {text} ({})", message.symbol);
        match message.category.as_str() {
            "refactor" | "info" => self.remarks.push(note),
            _ => self.config_errors.push(note),
        }
    }
}

impl Message {
    /// Whether the message is about the configuration. It then has the path in place of a module: an
    /// absolute one, while the paths of the project's files are relative.
    fn is_about_configuration(&self) -> bool {
        let codes = ["E0013", "E0014", "E0015", "F0011", "R0022", "W0012"];
        let is_path = self.module == self.path || self.module.starts_with('/');
        codes.contains(&self.code.as_str()) && is_path
    }

    fn severity(&self) -> Severity {
        match self.category.as_str() {
            "fatal" | "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => Severity::Info,
        }
    }

    fn finding(&self, columns: &mut Columns<'_>) -> Finding {
        let place = self.place(columns);
        let text: Vec<&str> = self.message.lines().collect();
        let (place, message) = locate(&self.path, place, &text.join(" "));
        Finding {
            place,
            severity: self.severity(),
            code: self.code.clone(),
            rule: self.symbol.clone(),
            message,
            url: self.url(),
            // Informational messages never reach pylint's exit status.
            gating: self.category != "info",
            related: Vec::new(),
            fix: None,
            test: None,
            fingerprint: Hash::default(),
        }
    }

    fn place(&self, columns: &mut Columns<'_>) -> Place {
        let path = inside::project_path(&self.path).unwrap_or_default();
        let code = self.code.as_str();
        let mut column = |at: u32, number: i64| {
            let number = u32::try_from(number.max(0)).unwrap_or(u32::MAX);
            if CHARACTERS_FROM_1.contains(&code) {
                number.max(1)
            } else if CHARACTERS.contains(&code) {
                number.saturating_add(1)
            } else {
                columns.convert_bytes(&path, at, number)
            }
        };
        let first = self.line.map_or(1, line_number);
        if ABOUT_MODULES.contains(&code) && first == 1 && self.end_line.is_none() {
            return Place::line("", 1);
        }
        let start = self.column.map(|number| column(first, number));
        let end_line = self.end_line.map(line_number).filter(|last| *last >= first);
        let end_column = self.end_column.and_then(|number| Some(column(end_line?, number)));
        Place { path: String::new(), line: first, column: start, end_line, end_column }
    }

    /// The page of pylint's manual about the message. The numbers from 51 on are for checkers of third
    /// parties, which have no page: <https://pylint.readthedocs.io/en/stable/development_guide/how_tos/custom_checkers.html>.
    fn url(&self) -> Option<String> {
        let checker: u32 = self.code.get(1..3)?.parse().ok()?;
        let category = match self.category.as_str() {
            "info" => "information",
            category => category,
        };
        (checker <= 50).then(|| {
            let symbol = &self.symbol;
            let manual = "https://pylint.readthedocs.io/en/stable/user_guide/messages";
            format!("{manual}/{category}/{symbol}.html")
        })
    }
}

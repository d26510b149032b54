//! Identifies a finding, so that the same finding of another run is recognised.
//!
//! The identity covers the tool, the code, the path, the message without its numbers, and the text
//! of the lines that the finding is about. It therefore survives lines inserted above it and
//! another checkout. Equal findings of one file are numbered in their order. Baselines, GitLab and
//! SARIF compare these hashes.

use std::collections::BTreeMap;

use super::{Hash, HashBuilder};
use crate::finding::{Finding, Place};
use crate::tools::SourceFiles;
use crate::tools::parse::columns::Columns;

/// Sets the fingerprint of each finding of a tool. The findings are sorted, and `sources` are the
/// files that the tool saw.
pub fn identify(tool: &str, findings: &mut [Finding], sources: &dyn SourceFiles) {
    let mut texts = Columns::new(sources);
    let mut seen: BTreeMap<Hash, u64> = BTreeMap::new();
    for finding in findings {
        let problem = problem(tool, finding, &mut texts);
        let occurrence = seen.entry(problem).or_default();
        finding.fingerprint =
            HashBuilder::new("finding").with(problem).with(occurrence.to_le_bytes()).hash();
        *occurrence += 1;
    }
}

/// The hash that equal findings have in common.
fn problem(tool: &str, finding: &Finding, texts: &mut Columns<'_>) -> Hash {
    let places: Vec<(String, String)> = [&finding.place]
        .into_iter()
        .chain(&finding.related)
        .map(|place| (place.path.clone(), text(place, texts)))
        .collect();
    HashBuilder::new("problem")
        .with(tool)
        .with(&finding.code)
        .with(without_numbers(&finding.message))
        .with_all(places.iter().map(|(path, _)| path))
        .with_all(places.iter().map(|(_, text)| text))
        .hash()
}

/// The text that a place is about. With a column, it is the first line, so that edits further down
/// do not change the identity; without a column, it is all of the lines.
fn text(place: &Place, texts: &mut Columns<'_>) -> String {
    let last = match (place.column, place.end_line) {
        _ if place.is_whole_file() => return String::new(),
        (None, Some(last)) => last,
        _ => place.line,
    };
    let mut text = String::new();
    for number in place.line..=last {
        // The place may lie behind the end of the file.
        let Some(line) = texts.line(&place.path, number) else { break };
        let words: Vec<&str> = line.split_whitespace().collect();
        text.push_str(&words.join(" "));
        text.push('\n');
    }
    text
}

/// Replaces each number of a message by `0`, because messages contain line numbers and counts.
/// Digits within a name stay.
fn without_numbers(message: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(is_name) {
        let (between, word) = rest.split_at(start);
        let (word, behind) = word.split_at(word.find(|c| !is_name(c)).unwrap_or(word.len()));
        text.push_str(between);
        text.push_str(if word.bytes().all(|byte| byte.is_ascii_digit()) { "0" } else { word });
        rest = behind;
    }
    text + rest
}

#[cfg(test)]
mod tests;

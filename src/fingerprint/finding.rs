//! Which finding is the same as one of another run.
//!
//! Owns the identity of a finding: the tool, the code, the path, the message without its numbers
//! and the text of the lines that it is about, so that it outlives lines inserted above and another
//! checkout; of equal ones in a file each has its own, by their order. Must not know what anybody
//! concludes from it: baselines, GitLab and SARIF compare the hashes that findings carry away.

use std::collections::BTreeMap;

use super::{Hash, HashBuilder};
use crate::finding::{Finding, Place};
use crate::tools::SourceFiles;
use crate::tools::parse::columns::Columns;

/// Gives each finding of a tool its fingerprint. They are sorted, and `sources` are the files that
/// the tool saw.
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

/// What equal findings have in common.
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

/// The text that a place is about. Where a tool has columns it means something that begins there,
/// and edits further down make no other problem of it; lines without columns are meant as a whole.
fn text(place: &Place, texts: &mut Columns<'_>) -> String {
    let last = match (place.column, place.end_line) {
        _ if place.is_whole_file() => return String::new(),
        (None, Some(last)) => last,
        _ => place.line,
    };
    let mut text = String::new();
    for number in place.line..=last {
        // Behind the end of a file there is nothing more to come.
        let Some(line) = texts.line(&place.path, number) else { break };
        let words: Vec<&str> = line.split_whitespace().collect();
        text.push_str(&words.join(" "));
        text.push('\n');
    }
    text
}

/// A message with `0` for each number: tools name lines that move, and counts that grow. Digits of
/// a name are no number.
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

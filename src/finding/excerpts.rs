//! The source lines that findings are about.
//!
//! They are copied when a check ends, as they were when it ran, and travel with its outcome. Reports
//! therefore read no files. Neither a huge file nor a huge line becomes part of a report.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::lines::source_lines;
use super::{Finding, SourceFiles};
use crate::secrets::Secrets;

/// How many lines of one edit are kept.
const MAX_LINES: u32 = 12;

/// The length of the longest line that is kept, in bytes. Lines of minified files are useless in a
/// report.
const MAX_LENGTH: usize = 2_000;

/// Source lines by path and 1-based number, without line ends and byte order mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Excerpts(BTreeMap<String, Lines>);

/// Some lines of a file. Two allocations hold any number of lines, because most are never shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lines {
    /// The number of each, in ascending order, and where it ends in the text.
    ends: Vec<(u32, usize)>,
    /// The lines, one after the other.
    text: String,
}

impl Lines {
    /// The end of the line with this number if it is there, its index, and its start.
    fn find(&self, number: u32) -> (Option<usize>, usize, usize) {
        let at = self.ends.partition_point(|(other, _)| *other < number);
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before].1);
        let end = self.ends.get(at).filter(|(other, _)| *other == number).map(|(_, end)| *end);
        (end, at, start)
    }
}

impl Lines {
    /// The line with this number, if it is there.
    fn line(&self, number: u32) -> Option<&str> {
        let (end, _, start) = self.find(number);
        self.text.get(start..end?)
    }
}

impl Excerpts {
    /// Reads the lines of `sources` that the findings start on or would change.
    #[must_use]
    pub fn read(findings: &[Finding], sources: &dyn SourceFiles) -> Excerpts {
        let mut wanted: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| !finding.place.path.is_empty()) {
            let place = &finding.place;
            let lines = wanted.entry(&place.path).or_default();
            lines.insert(place.line);
            for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
                lines.extend(kept_lines(edit.line, edit.end_line));
            }
        }
        let mut excerpts = Excerpts::default();
        for (path, numbers) in wanted {
            let Some(bytes) = sources.read(path) else { continue };
            let lines = source_lines(&bytes);
            for number in numbers {
                let index = (number as usize).saturating_sub(1);
                if let Some(line) = lines.get(index).filter(|line| line.len() <= MAX_LENGTH) {
                    excerpts.insert(path, number, line);
                }
            }
        }
        excerpts
    }

    /// Masks secrets in all lines.
    pub(crate) fn redact(&mut self, secrets: &Secrets) {
        if secrets.is_empty() {
            return;
        }
        for (path, lines) in std::mem::take(&mut self.0) {
            for (number, _) in &lines.ends {
                let line = lines.line(*number).unwrap_or_default();
                self.insert(&path, *number, &secrets.redact(line));
            }
        }
    }

    /// Adds a line, unless there is already one with that number.
    pub fn insert(&mut self, path: &str, line: u32, text: &str) {
        let lines = self.0.entry(path.to_owned()).or_default();
        let (None, at, start) = lines.find(line) else { return };
        lines.text.insert_str(start, text);
        lines.ends.insert(at, (line, start));
        lines.ends[at..].iter_mut().for_each(|(_, end)| *end += text.len());
    }

    /// The line, if it was added.
    #[must_use]
    pub fn line(&self, path: &str, line: u32) -> Option<&str> {
        self.0.get(path)?.line(line)
    }
}

/// The lines of an edit that are kept.
fn kept_lines(first: u32, last: u32) -> RangeInclusive<u32> {
    first..=last.clamp(first, first.saturating_add(MAX_LINES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Edit, Fix, Place};
    use crate::report::sample;

    #[test]
    fn lines_are_found_by_their_numbers_however_they_came() {
        let mut excerpts = Excerpts::default();
        for (line, text) in [(7, "seven"), (2, "zwei 😀"), (9, ""), (4, "four"), (4, "other")] {
            excerpts.insert("a.py", line, text);
        }
        let lines = [1, 2, 4, 7, 8, 9, 10].map(|line| excerpts.line("a.py", line));
        let expected = [None, Some("zwei 😀"), Some("four"), Some("seven"), None, Some(""), None];
        assert_eq!(lines, expected);
        assert_eq!(excerpts.line("b.py", 2), None);
    }

    struct One(String);

    impl SourceFiles for One {
        fn read(&self, path: &str) -> Option<Vec<u8>> {
            (path == "a.py").then(|| self.0.clone().into_bytes())
        }

        fn paths(&self) -> Vec<String> {
            Vec::new()
        }
    }

    fn at(path: &str, line: u32, end_line: u32) -> Finding {
        let place = Place { end_line: Some(end_line), ..Place::line(path, line) };
        Finding { place, ..sample::finding(path, line) }
    }

    #[test]
    fn a_finding_brings_its_lines_and_no_others() {
        let sources = One("\u{feff}one\r\ntwo\r\nthree\r\n".to_owned());
        let found = [at("a.py", 1, 2), at("b.py", 1, 1), at("a.py", 9, 9), at("", 1, 1)];
        let excerpts = Excerpts::read(&found, &sources);
        let lines = [1, 2, 3, 9].map(|line| excerpts.line("a.py", line));
        assert_eq!(lines, [Some("one"), None, None, None]);
        assert_eq!(excerpts.line("b.py", 1), None);
    }

    #[test]
    fn a_huge_change_and_a_huge_line_are_cut_out() {
        let sources = One(format!("{}\n{}", "x".repeat(MAX_LENGTH + 1), "y\n".repeat(100)));
        let edit =
            Edit { line: 2, column: 1, end_line: u32::MAX, end_column: 1, content: String::new() };
        let fix = Fix { message: String::new(), safe: true, edits: vec![edit] };
        let changed = Finding { fix: Some(fix), ..at("a.py", 1, 1) };
        let excerpts = Excerpts::read(&[changed, at("a.py", u32::MAX, 1)], &sources);
        assert_eq!(excerpts.line("a.py", 1), None);
        assert_eq!(excerpts.line("a.py", 2 + MAX_LINES), Some("y"));
        assert_eq!(excerpts.line("a.py", 3 + MAX_LINES), None);
    }
}

//! The lines of sources that findings speak of.
//!
//! Owns them as they were when they were checked, so that whoever shows a finding reads no file.
//! It must not know which finding needs which line: the parsers gather them, and they travel with
//! the check's outcome.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Lines under their paths and 1-based numbers, without their ends, in code points as Python
/// counts them: no byte order mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Excerpts(BTreeMap<String, Lines>);

/// Some lines of a file, in two pieces, however many there are: most of those that are kept are never
/// shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lines {
    /// The number of each, in ascending order, and where it ends in the text.
    ends: Vec<(u32, usize)>,
    /// One after the other.
    text: String,
}

impl Lines {
    /// Which of the lines has this number, or else would have it, and where it starts.
    fn find(&self, number: u32) -> (Option<usize>, usize, usize) {
        let at = self.ends.partition_point(|(other, _)| *other < number);
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before].1);
        let end = self.ends.get(at).filter(|(other, _)| *other == number).map(|(_, end)| *end);
        (end, at, start)
    }
}

impl Excerpts {
    /// Keeps a line, unless there is one of that number.
    pub fn insert(&mut self, path: &str, line: u32, text: &str) {
        let lines = self.0.entry(path.to_owned()).or_default();
        let (None, at, start) = lines.find(line) else { return };
        lines.text.insert_str(start, text);
        lines.ends.insert(at, (line, start));
        lines.ends[at..].iter_mut().for_each(|(_, end)| *end += text.len());
    }

    /// The line, if it was kept.
    #[must_use]
    pub fn line(&self, path: &str, line: u32) -> Option<&str> {
        let lines = self.0.get(path)?;
        let (end, _, start) = lines.find(line);
        lines.text.get(start..end?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

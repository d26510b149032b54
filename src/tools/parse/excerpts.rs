//! The source lines that findings speak of.
//!
//! Owns which lines those are, and that neither a huge file nor a huge line becomes part of a
//! report. Must not know how a line is shown. The lines go into the check's outcome.

use std::collections::{BTreeMap, BTreeSet};

use super::columns;
use crate::finding::{Excerpts, Finding};
use crate::tools::sources::SourceFiles;

/// How many lines of one edit are kept.
const LINES: u32 = 12;

/// How long a line is that is kept, in bytes: nobody reads the lines of minified files.
const LENGTH: usize = 2_000;

/// The lines of `sources` that the findings begin in or would change.
#[must_use]
pub fn excerpts(findings: &[Finding], sources: &dyn SourceFiles) -> Excerpts {
    let mut wanted: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| !finding.place.path.is_empty()) {
        let place = &finding.place;
        let lines = wanted.entry(&place.path).or_default();
        lines.insert(place.line);
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            lines.extend(span(edit.line, edit.end_line));
        }
    }
    let mut excerpts = Excerpts::default();
    for (path, numbers) in wanted {
        let Some(bytes) = sources.read(path) else { continue };
        let lines = columns::split(&bytes);
        for number in numbers {
            let index = (number as usize).saturating_sub(1);
            if let Some(line) = lines.get(index).filter(|line| line.len() <= LENGTH) {
                excerpts.insert(path, number, line);
            }
        }
    }
    excerpts
}

fn span(first: u32, last: u32) -> std::ops::RangeInclusive<u32> {
    first..=last.clamp(first, first.saturating_add(LINES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Edit, Fix, Place};
    use crate::report::sample;

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
        let excerpts = excerpts(&found, &sources);
        let lines = [1, 2, 3, 9].map(|line| excerpts.line("a.py", line));
        assert_eq!(lines, [Some("one"), None, None, None]);
        assert_eq!(excerpts.line("b.py", 1), None);
    }

    #[test]
    fn a_huge_change_and_a_huge_line_are_cut_out() {
        let sources = One(format!("{}\n{}", "x".repeat(LENGTH + 1), "y\n".repeat(100)));
        let edit =
            Edit { line: 2, column: 1, end_line: u32::MAX, end_column: 1, content: String::new() };
        let fix = Fix { message: String::new(), safe: true, edits: vec![edit] };
        let changed = Finding { fix: Some(fix), ..at("a.py", 1, 1) };
        let excerpts = excerpts(&[changed, at("a.py", u32::MAX, 1)], &sources);
        assert_eq!(excerpts.line("a.py", 1), None);
        assert_eq!(excerpts.line("a.py", 2 + LINES), Some("y"));
        assert_eq!(excerpts.line("a.py", 3 + LINES), None);
    }
}

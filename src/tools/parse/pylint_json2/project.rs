//! Messages about the whole project: duplicated code and cyclic imports.
//!
//! pylint attributes them to the file that it read last and quotes lines that vary from run to run. They
//! are converted to a canonical form: sorted places, the first of which is the place of the finding, and
//! a message without quoted lines.

use super::Message;
use crate::finding::SourceFiles;
use crate::finding::{Finding, Place};
use crate::hash::Hash;
use crate::tools::parse::modules::Modules;

const DUPLICATE_CODE: &str = "R0801";
const CYCLIC_IMPORT: &str = "R0401";

/// Lines of a module, as in `==pkg.module:[7:16]`: from 0, the end not included.
struct Range<'a> {
    module: &'a str,
    start: usize,
    end: usize,
}

impl Message {
    /// Whether the message is about the whole project, so that its place has no meaning.
    pub(super) fn is_about_project(&self) -> bool {
        [DUPLICATE_CODE, CYCLIC_IMPORT].contains(&self.code.as_str())
    }

    /// The finding in its canonical form.
    pub(super) fn project_finding(&self, modules: &Modules, sources: &dyn SourceFiles) -> Finding {
        let (mut places, message) = match self.code.as_str() {
            DUPLICATE_CODE => self.duplicates(modules, sources),
            _ => self.cycle(modules),
        };
        places.sort();
        places.dedup();
        let mut places = places.into_iter();
        Finding {
            place: places.next().unwrap_or_else(|| Place::line("", 1)),
            severity: self.severity(),
            code: self.code.clone(),
            rule: self.symbol.clone(),
            message,
            url: self.url(),
            gating: true,
            related: places.collect(),
            fix: None,
            test: None,
            fingerprint: Hash::default(),
        }
    }

    fn duplicates(&self, modules: &Modules, sources: &dyn SourceFiles) -> (Vec<Place>, String) {
        let mut lines = self.message.lines();
        let heading = lines.next().unwrap_or_default();
        let lines: Vec<&str> = lines.collect();
        // A quoted line may look like a range, so there are as many ranges as the heading says.
        let count = heading.split(' ').find_map(|word| word.parse().ok()).unwrap_or(0);
        let ranges: Vec<Range<'_>> =
            lines.iter().take(count).map_while(|line| Range::parse(line)).collect();
        let quoted = &lines[ranges.len()..];
        let mut places: Vec<Place> = Vec::new();
        for range in &ranges {
            let best = modules
                .paths(range.module)
                .map(|path| range.place(path))
                .filter(|place| !places.contains(place))
                .max_by_key(|place| (count_quoted_lines(place, quoted, sources), reversed(place)));
            places.extend(best);
        }
        let mut names: Vec<&str> = ranges.iter().map(|range| range.module).collect();
        names.sort_unstable();
        (places, format!("{heading}: {}", names.join(", ")))
    }

    /// Pylint writes a cycle starting with the module that sorts first.
    fn cycle(&self, modules: &Modules) -> (Vec<Place>, String) {
        let message = self.message.lines().collect::<Vec<_>>().join(" ");
        let names = message
            .split_once('(')
            .and_then(|(_, rest)| rest.rsplit_once(')'))
            .map_or("", |(names, _)| names);
        let places = names
            .split(" -> ")
            .filter_map(|name| modules.paths(name).next())
            .map(|path| Place::line(path, 1))
            .collect();
        (places, message)
    }
}

impl<'a> Range<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (module, range) = line.strip_prefix("==")?.rsplit_once(":[")?;
        let (start, end) = range.strip_suffix(']')?.split_once(':')?;
        Some(Range { module, start: start.parse().ok()?, end: end.parse().ok()? })
    }

    fn place(&self, path: &str) -> Place {
        let number = |line: usize| u32::try_from(line).unwrap_or(u32::MAX).max(1);
        let first = number(self.start.saturating_add(1));
        Place { end_line: Some(number(self.end).max(first)), ..Place::line(path, first) }
    }
}

/// Counts the quoted lines at a place, to tell files with the same module name apart.
fn count_quoted_lines(place: &Place, quoted: &[&str], sources: &dyn SourceFiles) -> usize {
    let bytes = sources.read(&place.path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let length = place.end_line.unwrap_or(place.line).abs_diff(place.line) as usize + 1;
    text.lines()
        .skip(place.line as usize - 1)
        .take(length)
        .filter(|line| quoted.iter().any(|quote| quote.trim() == line.trim()))
        .count()
}

/// Of equal places, the first one wins.
fn reversed(place: &Place) -> std::cmp::Reverse<String> {
    std::cmp::Reverse(place.path.clone())
}

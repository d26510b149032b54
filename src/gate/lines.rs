//! Lines that changed since a commit, parsed from `git diff`.
//!
//! [`crate::git`] runs git.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::finding::Place;

/// Lines that changed, by file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedLines {
    files: BTreeMap<String, Change>,
}

/// The change of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// It is new.
    Whole,
    /// These lines, 1-based; none if it was only renamed or lost lines.
    Lines(Vec<RangeInclusive<u32>>),
}

impl ChangedLines {
    /// Parses the output of `git diff --unified=0` with the prefixes `a/` and `b/`.
    #[must_use]
    pub fn of_diff(diff: &[u8]) -> Self {
        let mut changed = ChangedLines::default();
        let mut file: Option<String> = None;
        // Lines of the current hunk are text, whatever they look like.
        let mut left: u64 = 0;
        for line in diff.split(|byte| *byte == b'\n') {
            if left > 0 && matches!(line.first(), Some(b'+' | b'-')) {
                left -= 1;
                continue;
            }
            let text = String::from_utf8_lossy(line);
            if text.starts_with("diff --git ") {
                file = None;
            } else if let Some(name) = text.strip_prefix("rename to ") {
                changed.add(path(name), None);
            } else if let Some(name) = text.strip_prefix("+++ ") {
                file = path(name).and_then(|name| name.strip_prefix("b/").map(str::to_owned));
                changed.add(file.clone(), None);
            } else if let Some((old, first, length)) = hunk(&text) {
                left = u64::from(old) + u64::from(length);
                let lines = length.checked_sub(1).map(|more| first..=first.saturating_add(more));
                changed.add(file.clone(), lines);
            }
        }
        changed
    }

    /// Adds new files, all of whose lines changed: names that end with a zero byte each.
    pub fn add_new(&mut self, names: &[u8]) {
        for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            self.files.insert(String::from_utf8_lossy(name).into_owned(), Change::Whole);
        }
    }

    /// Whether a line of the place changed; for a place that is a whole file, whether that did.
    /// What is about no file in particular is always touched.
    #[must_use]
    pub fn touch(&self, place: &Place) -> bool {
        if place.path.is_empty() {
            return true;
        }
        let last = place.end_line.unwrap_or(place.line).max(place.line);
        match self.files.get(&place.path) {
            None => false,
            Some(Change::Whole) => true,
            Some(Change::Lines(_)) if place.is_whole_file() => true,
            Some(Change::Lines(lines)) => {
                lines.iter().any(|lines| *lines.start() <= last && place.line <= *lines.end())
            }
        }
    }

    fn add(&mut self, file: Option<String>, lines: Option<RangeInclusive<u32>>) {
        let Some(file) = file else { return };
        let change = self.files.entry(file).or_insert_with(|| Change::Lines(Vec::new()));
        if let Change::Lines(all) = change {
            all.extend(lines);
        }
    }
}

/// Reads `@@ -1,2 +3,4 @@`: how many lines were there, and the first and the number of those that
/// are there now.
fn hunk(text: &str) -> Option<(u32, u32, u32)> {
    let (old, new) = text.strip_prefix("@@ -")?.split_once(" @@")?.0.split_once(" +")?;
    let range = |text: &str| match text.split_once(',') {
        Some((first, length)) => Some((first.parse().ok()?, length.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    };
    let (_, old): (u32, u32) = range(old)?;
    let (first, length) = range(new)?;
    Some((old, first, length))
}

/// A path as git writes it in a header: in quotes with escapes where it has odd characters, and
/// with a tab behind it where it has a blank. None for no file at all.
fn path(text: &str) -> Option<String> {
    let text = text.strip_suffix('\t').unwrap_or(text);
    if text == "/dev/null" {
        return None;
    }
    let Some(quoted) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return Some(text.to_owned());
    };
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let escaped = rest.next()?;
        bytes.push(match escaped {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            b'0'..=b'7' => {
                let mut value = u32::from(escaped - b'0');
                for _ in 0..2 {
                    value = value * 8 + u32::from(rest.next()?.checked_sub(b'0')?);
                }
                u8::try_from(value).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;

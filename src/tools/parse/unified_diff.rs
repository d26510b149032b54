//! Parses a unified diff of a formatter: one finding per hunk, with the edits that it would make.
//!
//! The dialects are those of black (absolute paths, time stamps, and the file's own line ends and byte
//! order mark even in the headers), isort, and ruff (`FILE:cell N` for notebooks).

use super::{Parsed, inside};
use crate::finding::{Edit, Finding, Fix, Place, Severity};
use crate::hash::Hash;

/// The code of a hunk of a formatter.
pub const CODE: &str = "format";

/// Parses a diff. Blank lines between files are skipped, and other lines are returned as unread.
#[must_use]
pub fn parse(stream: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let mut lines = stream.split_inclusive(|byte| *byte == b'\n').peekable();
    let mut file: Option<String> = None;
    while let Some(line) = lines.next() {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_start_matches('\u{feff}').trim_end();
        if let Some(name) = text.strip_prefix("--- ")
            && lines.peek().is_some_and(|next| next.starts_with(b"+++ "))
        {
            lines.next();
            file = Some(name.to_owned());
        } else if let (Some(file), Some(mut hunk)) = (&file, Hunk::start(text)) {
            while hunk.is_open()
                && let Some(line) = lines.next_if(|line| hunk.accepts(line))
            {
                let unended = lines.next_if(|next| next.starts_with(b"\\ ")).is_some();
                hunk.push(line, unended);
            }
            if hunk.is_open() {
                parsed.unread.push(format!("the hunk `{text}` of `{file}` is cut off"));
            } else {
                parsed.findings.push(hunk.finding(file));
            }
        } else if !text.is_empty() {
            parsed.unread.push(inside::strip(text));
        }
    }
    parsed
}

/// A hunk while it is parsed: its place in the old text, and the number of lines to come.
struct Hunk {
    line: u32,
    old_left: u32,
    new_left: u32,
    edits: Vec<Edit>,
    in_change: bool,
}

impl Hunk {
    /// Parses `@@ -1,7 +1,6 @@`.
    fn start(header: &str) -> Option<Hunk> {
        let (old, new) = header.strip_prefix("@@ -")?.split_once(" @@")?.0.split_once(" +")?;
        let range = |text: &str| match text.split_once(',') {
            Some((start, length)) => Some((start.parse().ok()?, length.parse().ok()?)),
            None => Some((text.parse().ok()?, 1)),
        };
        let (line, old_left): (u32, u32) = range(old)?;
        let (_, new_left): (u32, u32) = range(new)?;
        Some(Hunk {
            // An empty old range is after the line that it names.
            line: if old_left == 0 { line.saturating_add(1) } else { line },
            old_left,
            new_left,
            edits: Vec::new(),
            in_change: false,
        })
    }

    fn is_open(&self) -> bool {
        self.old_left > 0 || self.new_left > 0
    }

    fn accepts(&self, line: &[u8]) -> bool {
        match line.first() {
            Some(b'-') => self.old_left > 0,
            Some(b'+') => self.new_left > 0,
            // Editors and mailers remove the space of an empty context line.
            Some(b' ' | b'\n' | b'\r') => self.old_left > 0 && self.new_left > 0,
            _ => false,
        }
    }

    fn push(&mut self, line: &[u8], unended: bool) {
        let removed = line.first() == Some(&b'-');
        let added = line.first() == Some(&b'+');
        if added {
            self.new_left -= 1;
            let ending = usize::from(unended);
            let text = &line[1..line.len().saturating_sub(ending).max(1)];
            let text = String::from_utf8_lossy(text);
            self.edit().content.push_str(&text);
            return;
        }
        if removed {
            let next = self.line.saturating_add(1);
            let (end_line, end_column) = if unended {
                // The last line of the file: the edit cannot end at the start of the next one.
                (self.line, end_of_line(&line[1..]))
            } else {
                (next, 1)
            };
            let edit = self.edit();
            (edit.end_line, edit.end_column) = (end_line, end_column);
        } else {
            self.in_change = false;
            self.new_left -= 1;
        }
        self.old_left -= 1;
        self.line = self.line.saturating_add(1);
    }

    /// The edit that is being parsed.
    fn edit(&mut self) -> &mut Edit {
        if !self.in_change || self.edits.is_empty() {
            self.in_change = true;
            self.edits.push(Edit {
                line: self.line.max(1),
                column: 1,
                end_line: self.line.max(1),
                end_column: 1,
                content: String::new(),
            });
        }
        let last = self.edits.len() - 1;
        &mut self.edits[last]
    }

    fn finding(self, file: &str) -> Finding {
        // A path may contain spaces; the time stamp follows a tab.
        let name = file.split('\t').next().unwrap_or_default();
        let (name, cell) = match name.rsplit_once(":cell ") {
            Some((name, cell)) => (name, Some(cell)),
            None => (name, None),
        };
        let first = self.edits.first().map_or(1, |edit| edit.line);
        let last = self.edits.last().map_or(first, last_line);
        let path = inside::project_path(name).unwrap_or_default();
        let mut finding = Finding {
            place: Place { end_line: Some(last.max(first)), ..Place::line(path, first) },
            severity: Severity::Warning,
            code: CODE.to_owned(),
            rule: CODE.to_owned(),
            message: "would be reformatted".to_owned(),
            url: None,
            gating: true,
            related: Vec::new(),
            fix: self.fix(),
            test: None,
            fingerprint: Hash::default(),
        };
        if finding.place.path.is_empty() {
            finding.message = format!("{}: {}", inside::strip(name), finding.message);
        }
        // Line numbers in a notebook count from the start of a cell, not of the file.
        if let Some(cell) = cell {
            finding.message = format!("cell {cell}, line {first}: {}", finding.message);
            finding.place = Place::line(finding.place.path, 1);
            finding.fix = None;
        }
        finding
    }

    /// None where the text has characters that could not be decoded.
    fn fix(self) -> Option<Fix> {
        let whole = |edit: &Edit| !edit.content.contains(char::REPLACEMENT_CHARACTER);
        (!self.edits.is_empty() && self.edits.iter().all(whole)).then(|| Fix {
            message: "format these lines".to_owned(),
            safe: true,
            edits: self.edits,
        })
    }
}

/// The last line that an edit changes: the one before its end, if it ends at the start of a line.
fn last_line(edit: &Edit) -> u32 {
    match edit.end_column {
        1 if edit.end_line > edit.line => edit.end_line - 1,
        _ => edit.end_line,
    }
}

/// The column after the last character of a line.
fn end_of_line(line: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(line);
    let characters = text.trim_end_matches(['\n', '\r']).chars().count();
    u32::try_from(characters).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests;

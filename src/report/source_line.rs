//! The source lines below a finding, for formats that people read: the line itself, the part of it that
//! the finding is about, and the lines that a fix would change.
//!
//! The lines come with the result of the check; no file is read.

use std::ops::Range;

use super::harmless;
use crate::finding::{Edit, Excerpts, Finding};

/// A line of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ChangedLine {
    /// A line that the fix removes.
    Removed(String),
    /// A line that the fix adds.
    Added(String),
}

impl ChangedLine {
    /// The line.
    pub(super) fn text(&self) -> &str {
        match self {
            ChangedLine::Removed(text) | ChangedLine::Added(text) => text,
        }
    }
}

/// The lines that a fix removes and adds, as far as they are known.
pub(super) fn changed(finding: &Finding, excerpts: &Excerpts) -> Vec<ChangedLine> {
    let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
    edits.flat_map(|edit| changed_by(edit, &finding.place.path, excerpts)).collect()
}

fn changed_by(edit: &Edit, path: &str, excerpts: &Excerpts) -> Vec<ChangedLine> {
    let last = match edit.end_column {
        1 => edit.end_line.saturating_sub(1),
        _ => edit.end_line,
    };
    let removed = (edit.line..=last).map_while(|line| excerpts.line(path, line));
    let removed = removed.map(|line| ChangedLine::Removed(visible(line)));
    let added = edit.content.lines().map(|line| ChangedLine::Added(visible(line)));
    removed.chain(added).collect()
}

/// The span of a finding in its line, in bytes; none without a column.
pub(super) fn span(finding: &Finding, line: &str) -> Option<Range<usize>> {
    let place = &finding.place;
    let start = at(line, place.column?);
    let end = match (place.end_line, place.end_column) {
        (Some(last), _) if last > place.line => line.len(),
        (_, Some(column)) => at(line, column),
        (_, None) => start,
    };
    // An empty span is marked at its first character.
    let next = line[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    Some(start..end.max(next))
}

/// The byte offset of a 1-based column in code points, at most the line's length.
fn at(line: &str, column: u32) -> usize {
    let index = (column as usize).saturating_sub(1);
    line.char_indices().nth(index).map_or(line.len(), |(start, _)| start)
}

/// Replaces each control character of a line with one visible character.
pub(super) fn visible(line: &str) -> String {
    let visible = |c: char| match c {
        '\t' => c,
        c if harmless::steers(c) => match u32::from(c) {
            low @ 0..=0x1f => char::from_u32(0x2400 + low).unwrap_or(char::REPLACEMENT_CHARACTER),
            _ => char::REPLACEMENT_CHARACTER,
        },
        c => c,
    };
    line.chars().map(visible).collect()
}

//! The characters of a text that are seen, and their places in it.
//!
//! White space, control characters and marks without a width are left out, so that a secret is found
//! that was folded, spaced out or coloured.

use std::ops::Range;

/// The fate of the letters of an escape sequence, such as `[31m`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// They are seen, as in our reports.
    Shown,
    /// They are not, as on a terminal.
    Obeyed,
}

/// The characters of a text that are seen.
#[derive(Default)]
pub(super) struct Visible {
    text: String,
    /// The start of each uninterrupted run of them: here, and in the whole text.
    runs: Vec<(usize, usize)>,
}

impl Visible {
    /// The visible characters of a text.
    pub(super) fn of(text: &str, escapes: Escapes) -> Visible {
        let mut visible = Visible::default();
        let (mut at, mut is_interrupted) = (0, true);
        while let Some(c) = text[at..].chars().next() {
            let end = match escapes {
                Escapes::Obeyed => find_escape_end(text, at),
                Escapes::Shown => None,
            };
            if let Some(end) = end {
                (at, is_interrupted) = (end, true);
                continue;
            }
            if is_seen(c) {
                if is_interrupted {
                    visible.runs.push((visible.text.len(), at));
                }
                visible.text.push(c);
            }
            is_interrupted = !is_seen(c);
            at += c.len_utf8();
        }
        visible
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The range in the whole text of a range of visible characters, which is not empty.
    pub(super) fn place(&self, range: Range<usize>) -> Range<usize> {
        self.origin(range.start)..self.origin(range.end - 1) + 1
    }

    fn origin(&self, at: usize) -> usize {
        let run = self.runs.partition_point(|(start, _)| *start <= at) - 1;
        let (start, origin) = self.runs[run];
        origin + at - start
    }
}

/// Whether a character takes room on a screen.
fn is_seen(c: char) -> bool {
    let has_no_width = matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    !(c.is_whitespace() || c.is_control() || has_no_width)
}

/// The end of the escape sequence that begins here, if one does (ECMA-48).
fn find_escape_end(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let inside = |start: &str| rest.strip_prefix(start).map(|after| (start.len(), after));
    if let Some((length, after)) = inside("\u{1b}[").or_else(|| inside("\u{9b}")) {
        let parameters = after.bytes().take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
        let is_complete = matches!(after.as_bytes().get(parameters), Some(0x40..=0x7e));
        return Some(at + length + parameters + usize::from(is_complete));
    }
    if let Some((length, after)) = inside("\u{1b}]") {
        let end = after.find(['\u{7}', '\u{1b}', '\u{9c}'])?;
        let ending = if after[end..].starts_with("\u{1b}\\") { 2 } else { 1 };
        let ending = if after[end..].starts_with('\u{9c}') { 2 } else { ending };
        return Some(at + length + end + ending);
    }
    let mut chars = rest.strip_prefix('\u{1b}')?.chars();
    Some(at + 1 + chars.next().map_or(0, char::len_utf8))
}

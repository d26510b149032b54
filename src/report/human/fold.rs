//! Breaks text into lines that fit the terminal.
//!
//! A line is broken between words, and never within backticks, so that a command can be copied. A
//! further line that is indented stays as it is.
//!
//! The crate `textwrap` would only replace `fold`, whose length its `Fragment` for a styled and
//! linked `Word` has as well.

use std::borrow::Cow;

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::paint;
use crate::report::harmless;

/// What hangs below a first line.
pub(super) const INDENT: &str = "    ";

/// The start of a line that is wider than this, with `…` for its end.
pub(super) fn cut(line: &str, width: Option<usize>) -> Cow<'_, str> {
    let Some(width) = width.filter(|width| line.width() > *width) else { return line.into() };
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or_default();
        used < width
    };
    let mut shown: String = line.chars().take_while(fits).collect();
    shown.push('…');
    shown.into()
}

/// A piece of text that is not broken.
pub(super) struct Word<'a> {
    style: Style,
    text: String,
    link: Option<&'a str>,
}

impl<'a> Word<'a> {
    pub(super) fn new(style: Style, text: impl Into<String>) -> Self {
        Word { style, text: text.into(), link: None }
    }

    pub(super) fn linked(style: Style, text: impl Into<String>, link: Option<&'a str>) -> Self {
        Word { style, text: text.into(), link }
    }

    /// As a terminal shows it, with a link as in
    /// <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>.
    fn painted(&self) -> String {
        let text = paint(self.style, &self.text);
        let is_plain = |c: char| c.is_ascii_graphic();
        match self.link.filter(|url| url.chars().all(is_plain)) {
            Some(url) => format!("\u{1b}]8;;{url}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
            None => text,
        }
    }
}

/// Foreign text behind a label, each of its lines folded; with a line feed at the end.
#[must_use]
pub fn labelled(label: (Style, &str), foreign: &str, width: Option<usize>) -> String {
    let (style, label) = label;
    behind(vec![Word::new(style, label)], foreign, width)
}

/// The same behind words of ours.
pub(super) fn behind(mut words: Vec<Word<'_>>, foreign: &str, width: Option<usize>) -> String {
    let foreign = harmless::text(foreign.trim_end());
    let mut lines = foreign.lines();
    words.extend(prose(lines.next().unwrap_or_default()));
    let mut text = fold(&words, width);
    for line in lines {
        text += &hanging(line, width);
    }
    text
}

/// A text of ours, each of its lines folded.
#[must_use]
pub fn folded(text: &str, width: Option<usize>) -> String {
    text.lines().map(|line| hanging(line, width)).collect()
}

/// A further line of a text: folded, unless it is indented.
pub(super) fn hanging(line: &str, width: Option<usize>) -> String {
    match line.starts_with(char::is_whitespace) {
        true => format!("{line}\n"),
        false => fold(&prose(line), width),
    }
}

/// The words of a line; what is between two backticks is one.
pub(super) fn prose<'a>(line: &str) -> Vec<Word<'a>> {
    let mut words: Vec<String> = Vec::new();
    let mut within = false;
    for word in line.split(' ') {
        match words.last_mut() {
            Some(last) if within => *last = format!("{last} {word}"),
            _ => words.push(word.to_owned()),
        }
        within ^= word.matches('`').count() % 2 == 1;
    }
    words.into_iter().map(|word| Word::new(Style::new(), word)).collect()
}

/// Words with spaces between them, in lines no longer than `width` where the words allow it.
pub(super) fn fold(words: &[Word<'_>], width: Option<usize>) -> String {
    let mut text = String::new();
    let mut column = 0;
    for (number, word) in words.iter().enumerate() {
        let length = word.text.width();
        if column > INDENT.len() && width.is_some_and(|width| column + 1 + length > width) {
            text += "\n";
            text += INDENT;
            column = INDENT.len();
        } else if number > 0 {
            text += " ";
            column += 1;
        }
        text += &word.painted();
        column += length;
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, width: usize) -> String {
        let text = labelled((Style::new(), "warning:"), text, Some(width));
        assert!(!text.contains('\u{1b}'), "{text}");
        text
    }

    #[test]
    fn a_line_that_is_too_wide_loses_its_end() {
        for (line, width, shown) in [
            ("abcdef", Some(6), "abcdef"),
            ("abcdef", Some(5), "abcd…"),
            ("数数数", Some(5), "数数…"),
            ("数数数", Some(4), "数…"),
            ("abcdef", None, "abcdef"),
            ("abc", Some(0), "…"),
        ] {
            assert_eq!(cut(line, width), shown);
        }
    }

    #[test]
    fn what_can_be_copied_is_in_one_line() {
        let text = "it is not there; `cargo pipe update project` brings it, or not";
        assert_eq!(
            plain(text, 32),
            "warning: it is not there;\n    `cargo pipe update project`\n    brings it, or not\n"
        );
        assert_eq!(plain(text, 80), format!("warning: {text}\n"));
        assert_eq!(labelled((Style::new(), "x"), text, None), format!("x {text}\n"));
    }

    #[test]
    fn lines_stay_apart_and_what_is_indented_is_as_it_was() {
        let text = "one:\ntwo three four\n    a command that is longer\n";
        let folded = "warning: one:\ntwo three\n    four\n    a command that is longer\n";
        assert_eq!(plain(text, 13), folded);
    }

    #[test]
    fn a_backtick_alone_loses_nothing() {
        assert_eq!(plain("a ` b  c", 80), "warning: a ` b  c\n");
    }
}

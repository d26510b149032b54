//! Escaping of untrusted text for a terminal.
//!
//! Messages of sources, tools and builders may contain escape sequences, which a terminal would
//! execute. Callers escape text first, and add our styles afterwards.

use std::borrow::Cow;

/// Replaces every character that controls a terminal, or reorders the visible text, with a visible one.
/// Line feeds and tabs stay; carriage returns before a line feed are dropped.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| steers(c) && c != '\n' && c != '\t') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            c if steers(c) => push_shown(&mut shown, c),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Like [`text`], in one line: white space, including line feeds, becomes one space.
#[must_use]
pub fn line(foreign: &str) -> String {
    let words: Vec<&str> = foreign.split_whitespace().collect();
    text(&words.join(" ")).into_owned()
}

/// Whether a terminal executes this character, or shows the following text in another order (<https://www.unicode.org/reports/tr9/>, explicit formatting characters).
#[must_use]
pub fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Control pictures where Unicode has them, otherwise the code point.
fn push_shown(shown: &mut String, c: char) {
    match u32::from(c) {
        low @ 0..=0x1f => shown.extend(char::from_u32(0x2400 + low)),
        0x7f => shown.push('\u{2421}'),
        _ => shown.extend(c.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_and_not_obeyed() {
        assert_eq!(text("\u{1b}[31mred\u{7}"), "␛[31mred␇");
        assert_eq!(text("\u{9b}2J\u{7f}"), "\\u{9b}2J␡");
        assert_eq!(text("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn what_is_harmless_stays_as_it_is() {
        assert!(matches!(text("é\t😀\nplain"), Cow::Borrowed(_)));
        assert_eq!(text("one\r\ntwo\rthree"), "one\ntwo␍three");
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line(" a\n  b\r\nc\t\u{1b}d "), "a b c ␛d");
    }
}

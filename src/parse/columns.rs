//! Columns in code points.
//!
//! Owns the lines that tools spoke of, each file read and split once, and the arithmetic from a tool's
//! columns to ours: 1-based, in code points, a byte order mark not counted. Must not know which
//! tool counts how; the parsers do, and put the answers into findings.

use std::collections::BTreeMap;

use crate::catalogue::Sources;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of the files that a tool spoke of.
pub(crate) struct Columns<'a> {
    sources: &'a dyn Sources,
    files: BTreeMap<String, Vec<String>>,
}

impl<'a> Columns<'a> {
    /// Nothing is read before it is asked for.
    pub(crate) fn new(sources: &'a dyn Sources) -> Self {
        Columns { sources, files: BTreeMap::new() }
    }

    /// The column of a tool that counts UTF-8 bytes from 0.
    pub(crate) fn of_bytes(&mut self, path: &str, line: u32, bytes: u32) -> u32 {
        let bytes = bytes as usize;
        let Some(text) = self.line(path, line) else {
            return one_based(bytes);
        };
        let before = text.char_indices().take_while(|(start, _)| *start < bytes).count();
        // A column behind the end of its line, such as that of a missing colon.
        one_based(before + bytes.saturating_sub(text.len()))
    }

    /// A line of a file, without its end; none behind the last one.
    pub(crate) fn line(&mut self, path: &str, line: u32) -> Option<&str> {
        if !self.files.contains_key(path) {
            let bytes = self.sources.read(path).unwrap_or_default();
            self.files.insert(path.to_owned(), split(&bytes));
        }
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.files.get(path)?.get(index).map(String::as_str)
    }
}

/// Lines as Python sees them: a form feed or a Unicode separator ends none.
pub(super) fn split(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // The encodings that a source can declare are nearly all of one byte a character.
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    text.replace("\r\n", "\n").split(['\n', '\r']).map(str::to_owned).collect()
}

fn one_based(column: usize) -> u32 {
    u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(&'static [u8]);

    impl Sources for One {
        fn read(&self, path: &str) -> Option<Vec<u8>> {
            (path == "a.py").then(|| self.0.to_vec())
        }

        fn paths(&self) -> Vec<String> {
            vec!["a.py".to_owned()]
        }
    }

    fn column(text: &'static [u8], line: u32, bytes: u32) -> u32 {
        Columns::new(&One(text)).of_bytes("a.py", line, bytes)
    }

    #[test]
    fn bytes_become_code_points() {
        let text = "x = 'é😀' + y\r\n\té = z".as_bytes();
        assert_eq!(column(text, 1, 0), 1);
        assert_eq!(column(text, 1, 14), 11);
        assert_eq!(column(text, 2, 6), 6);
    }

    #[test]
    fn a_column_behind_the_end_counts_on() {
        assert_eq!(column("é".as_bytes(), 1, 2), 2);
        assert_eq!(column("é".as_bytes(), 1, 4), 4);
        assert_eq!(column(b"", 7, 4), 5);
        assert_eq!(column(b"", 1, u32::MAX), u32::MAX);
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        assert_eq!(column("\u{feff}é = x".as_bytes(), 1, 5), 5);
    }

    #[test]
    fn only_line_ends_end_lines() {
        let text = "\u{c}\ré\u{2028}\nx".as_bytes();
        assert_eq!(split(text), ["\u{c}", "é\u{2028}", "x"]);
    }

    #[test]
    fn another_encoding_has_a_byte_for_a_character() {
        assert_eq!(column(b"'\xe9' + x", 1, 7), 7);
    }
}

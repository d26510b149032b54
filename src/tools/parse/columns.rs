//! Columns in code points.
//!
//! Owns the lines that tools spoke of, each file read and split once, and the arithmetic from a tool's
//! columns to ours: 1-based, in code points, a byte order mark not counted. Must not know which
//! tool counts how; the parsers do, and put the answers into findings.

use std::collections::BTreeMap;

use encoding_rs::Encoding;

use crate::tools::sources::SourceFiles;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of the files that a tool spoke of.
pub(crate) struct Columns<'a> {
    sources: &'a dyn SourceFiles,
    files: BTreeMap<String, Vec<String>>,
}

impl<'a> Columns<'a> {
    /// Nothing is read before it is asked for.
    pub(crate) fn new(sources: &'a dyn SourceFiles) -> Self {
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
    let text = decoded(bytes);
    text.replace("\r\n", "\n").split(['\n', '\r']).map(str::to_owned).collect()
}

/// The text of a source, in the encoding that it declares.
fn decoded(bytes: &[u8]) -> String {
    if let Some(bytes) = bytes.strip_prefix(BYTE_ORDER_MARK) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let declared = declared(bytes).and_then(|name| Encoding::for_label(name.as_bytes()));
    match (declared, std::str::from_utf8(bytes)) {
        (Some(encoding), _) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        (None, Ok(text)) => text.to_owned(),
        // Latin-1, or another encoding of one byte a character.
        (None, Err(_)) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The name behind `coding:` or `coding=` in a comment of the first two lines
/// (<https://peps.python.org/pep-0263/>). Python's other names for Latin-1 are no labels of the
/// crate, which takes that for Windows-1252; all of them are left to whoever knows no better.
fn declared(bytes: &[u8]) -> Option<String> {
    let lines = bytes.split(|byte| *byte == b'\n').take(2);
    let name = lines.filter(|line| line.trim_ascii_start().starts_with(b"#")).find_map(|line| {
        let line = String::from_utf8_lossy(line);
        let (_, behind) = line.split_once("coding")?;
        let behind = behind.strip_prefix([':', '='])?.trim_start();
        let end = behind.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
        Some(behind[..end.unwrap_or(behind.len())].to_lowercase().replace('_', "-"))
    })?;
    let is_latin_1 = ["latin", "iso-8859-1", "iso8859-1", "l1", "8859", "cp819"]
        .iter()
        .any(|other| name == *other || name.starts_with("latin-1") || name.starts_with("latin1"));
    (!is_latin_1).then_some(name)
}

fn one_based(column: usize) -> u32 {
    u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(&'static [u8]);

    impl SourceFiles for One {
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
    fn a_declared_encoding_holds() {
        let (text, _, _) = encoding_rs::SHIFT_JIS.encode("# -*- coding: shift_jis -*-\nx = '日本'");
        assert_eq!(split(&text)[1], "x = '日本'");
        assert_eq!(split(b"#!x\n# vim: set fileencoding=iso-8859-15 :\n\xa4")[2], "€");
        assert_eq!(split(b"# coding: latin-1\n\x80\xe9")[1], "\u{80}é");
        assert_eq!(split("\n\n# coding: shift_jis\né".as_bytes())[3], "é");
        assert_eq!(split("# coding: no-such\né".as_bytes())[1], "é");
    }

    #[test]
    fn another_encoding_has_a_byte_for_a_character() {
        assert_eq!(column(b"'\xe9' + x", 1, 7), 7);
    }
}

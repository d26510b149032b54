//! Converts the columns of tools to code points, counted from 1.
//!
//! Files are read and split into lines once, when a parser asks for them. Each parser knows how its tool
//! counts. A byte order mark does not count.

use std::collections::BTreeMap;

use crate::finding::{SourceFiles, source_lines};

/// The lines of the files that a tool reported on.
pub(crate) struct Columns<'a> {
    sources: &'a dyn SourceFiles,
    files: BTreeMap<String, Vec<String>>,
}

impl<'a> Columns<'a> {
    /// Reads no file yet.
    pub(crate) fn new(sources: &'a dyn SourceFiles) -> Self {
        Columns { sources, files: BTreeMap::new() }
    }

    /// Converts a column of a tool that counts UTF-8 bytes from 0.
    pub(crate) fn convert_bytes(&mut self, path: &str, line: u32, bytes: u32) -> u32 {
        let bytes = bytes as usize;
        let Some(text) = self.line(path, line) else {
            return one_based(bytes);
        };
        let before = text.char_indices().take_while(|(start, _)| *start < bytes).count();
        // A column after the end of the line, such as that of a missing colon.
        one_based(before + bytes.saturating_sub(text.len()))
    }

    /// Converts a column of a tool that counts UTF-16 code units from 1.
    pub(crate) fn convert_utf16(&mut self, path: &str, line: u32, column: u32) -> u32 {
        let units = column.saturating_sub(1) as usize;
        let Some(text) = self.line(path, line) else {
            return column;
        };
        let (mut seen, mut points) = (0, 0);
        for letter in text.chars() {
            if seen >= units {
                break;
            }
            seen += letter.len_utf16();
            points += 1;
        }
        one_based(points + units.saturating_sub(seen))
    }

    /// A line of a file, without its end; none after the last one.
    pub(crate) fn line(&mut self, path: &str, line: u32) -> Option<&str> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.lines(path).get(index).map(String::as_str)
    }

    /// The number of lines of a file; 0 for one that is empty or cannot be read.
    pub(crate) fn count_lines(&mut self, path: &str) -> u32 {
        let lines = self.lines(path);
        let is_ended = lines.last().is_some_and(String::is_empty);
        u32::try_from(lines.len() - usize::from(is_ended)).unwrap_or(u32::MAX)
    }

    fn lines(&mut self, path: &str) -> &[String] {
        let sources = self.sources;
        self.files
            .entry(path.to_owned())
            .or_insert_with(|| source_lines(&sources.read(path).unwrap_or_default()))
    }
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
        Columns::new(&One(text)).convert_bytes("a.py", line, bytes)
    }

    #[test]
    fn bytes_become_code_points() {
        let text = "x = 'é😀' + y\r\n\té = z".as_bytes();
        assert_eq!(column(text, 1, 0), 1);
        assert_eq!(column(text, 1, 14), 11);
        assert_eq!(column(text, 2, 6), 6);
    }

    #[test]
    fn a_column_after_the_end_counts_on() {
        assert_eq!(column("é".as_bytes(), 1, 2), 2);
        assert_eq!(column("é".as_bytes(), 1, 4), 4);
        assert_eq!(column(b"", 7, 4), 5);
        assert_eq!(column(b"", 1, u32::MAX), u32::MAX);
    }

    #[test]
    fn a_byte_order_mark_does_not_count() {
        assert_eq!(column("\u{feff}é = x".as_bytes(), 1, 5), 5);
    }

    #[test]
    fn another_encoding_has_a_byte_for_a_character() {
        assert_eq!(column(b"'\xe9' + x", 1, 7), 7);
    }
}

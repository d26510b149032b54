//! Splits source files into lines, in the encoding that they declare.

use encoding_rs::Encoding;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Splits a file into lines as Python does: a form feed or a Unicode separator does not end a line.
pub(crate) fn source_lines(bytes: &[u8]) -> Vec<String> {
    let text = decode(bytes);
    text.replace("\r\n", "\n").split(['\n', '\r']).map(str::to_owned).collect()
}

/// Decodes a file in the encoding that it declares.
fn decode(bytes: &[u8]) -> String {
    if let Some(bytes) = bytes.strip_prefix(BYTE_ORDER_MARK) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let declared = declared_encoding(bytes).and_then(|name| Encoding::for_label(name.as_bytes()));
    match (declared, std::str::from_utf8(bytes)) {
        (Some(encoding), _) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        (None, Ok(text)) => text.to_owned(),
        // Latin-1, or another encoding with one byte per character.
        (None, Err(_)) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The name after `coding:` or `coding=` in a comment of the first two lines
/// (<https://peps.python.org/pep-0263/>). Latin-1 is left to the caller: the crate does not have all
/// of Python's names for it, and decodes those that it has as Windows-1252.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_ends_end_lines() {
        let text = "\u{c}\ré\u{2028}\nx".as_bytes();
        assert_eq!(source_lines(text), ["\u{c}", "é\u{2028}", "x"]);
    }

    #[test]
    fn a_declared_encoding_holds() {
        let (text, _, _) = encoding_rs::SHIFT_JIS.encode("# -*- coding: shift_jis -*-\nx = '日本'");
        assert_eq!(source_lines(&text)[1], "x = '日本'");
        assert_eq!(source_lines(b"#!x\n# vim: set fileencoding=iso-8859-15 :\n\xa4")[2], "€");
        assert_eq!(source_lines(b"# coding: latin-1\n\x80\xe9")[1], "\u{80}é");
        assert_eq!(source_lines("\n\n# coding: shift_jis\né".as_bytes())[3], "é");
        assert_eq!(source_lines("# coding: no-such\né".as_bytes())[1], "é");
    }
}

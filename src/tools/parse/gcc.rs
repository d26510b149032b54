//! Parses lines such as `path:line:column: severity: text [code]`, as gcc, flake8 and mypy print them.
//!
//! The column, the severity and the code may be missing. A code may also precede the text, as in
//! flake8's `a.py:1:1: F401 'os' imported but unused`. Other lines are ignored.

use super::report::FindingValues;
use crate::finding::Finding;

const SEVERITIES: [&str; 5] = ["fatal error", "error", "warning", "note", "info"];

/// Parses the lines.
pub(super) fn parse(text: &str) -> Vec<Finding> {
    text.lines().filter_map(parse_line).map(FindingValues::into_finding).collect()
}

fn parse_line(line: &str) -> Option<FindingValues<'_>> {
    let (path, rest) = split_place(line.trim_end())?;
    let (line, mut rest) = split_number(rest)?;
    let mut column = None;
    if let Some((number, after)) = split_number(rest) {
        column = Some(number);
        rest = after;
    }
    let text = rest.strip_prefix(' ').or_else(|| rest.is_empty().then_some(rest))?.trim();
    let severity = SEVERITIES.iter().find_map(|word| {
        let (before, after) = text.split_once(':')?;
        before.eq_ignore_ascii_case(word).then_some((*word, after.trim_start()))
    });
    let (severity, text) = severity.map_or((None, text), |(word, after)| (Some(word), after));
    let (code, message) = split_code(text);
    Some(FindingValues {
        path,
        line: Some(line),
        column,
        severity,
        code,
        message,
        ..FindingValues::default()
    })
}

/// Splits a line before the first colon that a line number follows: a path may contain colons.
fn split_place(line: &str) -> Option<(&str, &str)> {
    let is_path = |path: &str| !path.is_empty() && path.trim() == path;
    line.match_indices(':')
        .map(|(at, _)| (&line[..at], &line[at + 1..]))
        .find(|(path, rest)| is_path(path) && split_number(rest).is_some())
}

/// Splits off a number that a colon follows.
fn split_number(text: &str) -> Option<(u32, &str)> {
    let (number, rest) = text.split_once(':')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_number)?, rest))
}

/// The code of a message: in brackets at its end, or as its first word.
fn split_code(text: &str) -> (&str, &str) {
    let is_code = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
    };
    if let Some((message, code)) = text.strip_suffix(']').and_then(|text| text.rsplit_once(" ["))
        && is_code(code)
    {
        return (code, message.trim_end());
    }
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let letters = first.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = &first[letters..];
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if (1..=4).contains(&letters) && is_number { (first, rest) } else { ("", text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn one(line: &str) -> (String, u32, Option<u32>, Severity, String, String) {
        let found = parse(line);
        assert_eq!(found.len(), 1, "{line}");
        let Finding { place, severity, code, message, .. } = found[0].clone();
        (place.path, place.line, place.column, severity, code, message)
    }

    #[test]
    fn each_form_of_a_line_is_read() {
        let own = |path: &str, line, column, severity, code: &str, message: &str| {
            (path.to_owned(), line, column, severity, code.to_owned(), message.to_owned())
        };
        for (line, expected) in [
            ("a.py:3: text", own("a.py", 3, None, Severity::Warning, "finding", "text")),
            (
                "a.py:3:7: error: text  [arg-type]",
                own("a.py", 3, Some(7), Severity::Error, "arg-type", "text"),
            ),
            (
                "a.py:1:1: F401 'os' imported",
                own("a.py", 1, Some(1), Severity::Warning, "F401", "'os' imported"),
            ),
            (
                "/app/src/a:b.py:2: note: x: y",
                own("src/a:b.py", 2, None, Severity::Info, "finding", "x: y"),
            ),
            ("a.py:1:1: W1 x [y z]", own("a.py", 1, Some(1), Severity::Warning, "W1", "x [y z]")),
        ] {
            assert_eq!(one(line), expected, "{line}");
        }
    }

    #[test]
    fn other_lines_are_ignored() {
        for line in ["", "Found 3 errors", "http://a:80/x", "a.py: text", "12:30:05 start", ":1: x"]
        {
            assert_eq!(parse(line), [], "{line}");
        }
    }
}

//! Parses the lines of mypy before 1.11, which has no JSON: `path:line:column:end:end: error: text  [code]`.
//!
//! Columns count UTF-8 bytes from 1. The last one is the end of the piece of code, included.

use std::sync::LazyLock;

use regex::Regex;

use super::mypy_json::MypyMessage;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    let place =
        r"^(?<file>.+?):(?<line>\d+)(?::(?<column>\d+)(?::(?<end_line>\d+):(?<end_column>\d+))?)?";
    let text = r": (?<severity>error|note|warning): (?<message>.*?)(?:  \[(?<code>[a-z0-9-]+)\])?$";
    Regex::new(&format!("{place}{text}")).expect("the test `each_form_of_a_line_is_read` builds it")
});

/// Parses a line; none if it is not a message.
pub(super) fn parse_line(line: &str) -> Option<MypyMessage> {
    let parts = LINE.captures(line)?;
    let text = |name| parts.name(name).map(|part| part.as_str().to_owned());
    let number = |name| parts.name(name)?.as_str().parse::<i64>().ok();
    Some(MypyMessage {
        file: text("file")?,
        line: number("line")?,
        column: number("column").map_or(-1, |column| column - 1),
        end_line: number("end_line"),
        end_column: number("end_column"),
        message: text("message")?,
        hint: None,
        code: text("code"),
        severity: text("severity")?,
    })
}

/// Appends a note to the error at the same place, as the JSON output has it.
pub(super) fn add(messages: &mut Vec<MypyMessage>, message: MypyMessage) {
    let place = |message: &MypyMessage| (message.file.clone(), message.line, message.column);
    let error = messages
        .iter_mut()
        .rev()
        .find(|error| error.severity == "error" && place(error) == place(&message));
    match error {
        Some(error) if message.severity == "note" => match &mut error.hint {
            Some(hint) => *hint = format!("{hint}\n{}", message.message),
            None => error.hint = Some(message.message),
        },
        _ => messages.push(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_line_is_read() {
        let message = parse_line("src/a.py:5:12:5:14: error: Bad [x]  [return-value]").unwrap();
        assert_eq!((message.line, message.column), (5, 11));
        assert_eq!((message.end_line, message.end_column), (Some(5), Some(14)));
        assert_eq!((&*message.message, message.code.as_deref()), ("Bad [x]", Some("return-value")));
        let message = parse_line("src/a.py:5: note: See https://x").unwrap();
        assert_eq!((message.column, &*message.severity), (-1, "note"));
        for other in ["Found 1 error in 1 file (checked 1 source file)", "a.py: error: x", "{}", ""]
        {
            assert!(parse_line(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_note_belongs_to_the_error_at_its_place() {
        let mut messages = Vec::new();
        for line in ["a.py:1:1: error: x  [y]", "a.py:1:1: note: see", "a.py:2:1: note: z"] {
            add(&mut messages, parse_line(line).unwrap());
        }
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].hint.as_deref(), Some("see"));
    }
}

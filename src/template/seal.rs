//! The first line of generated files, which shows whether a file was edited.
//!
//! The line ends with a hash of itself and of the rest of the file. Any release can therefore tell an
//! edited file from an unedited one without knowing what an older release wrote. JSON has no comments,
//! so the line is the first member of the object there.

use crate::hash::HashBuilder;

/// The notation of the line in a kind of file.
struct Notation {
    /// The text before the line.
    before: &'static str,
    /// The start of the line.
    start: &'static str,
    /// The end of the line, after the hash.
    end: &'static str,
}

const COMMENT: Notation = Notation { before: "", start: "# Made by cargo pipe ", end: "" };
const JSON: Notation =
    Notation { before: "{\n", start: "  \"$comment\": \"Made by cargo pipe ", end: "\"," };

impl Notation {
    /// The text from the line on, if the text begins in this notation.
    fn strip<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.strip_prefix(self.before).filter(|rest| rest.starts_with(self.start))
    }
}

/// The origin of a file, according to its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrigin {
    /// Cargo pipe wrote it, and it is unchanged.
    Generated,
    /// Cargo pipe wrote it, and it was edited.
    Edited,
    /// Cargo pipe did not write it.
    Foreign,
}

/// Adds the line, with the origin and the maintenance of the file, to a text.
pub(crate) fn seal(version: &str, note: &str, text: &str) -> String {
    let (notation, body) = match text.strip_prefix(JSON.before) {
        Some(body) => (JSON, body),
        None => (COMMENT, text),
    };
    let Notation { before, start, end } = notation;
    let line = format!("{start}{version}. {note}");
    format!("{before}{line} [{}]{end}\n{body}", hash(&line, body))
}

/// The origin of a text.
#[must_use]
pub fn origin(text: &str) -> FileOrigin {
    let notation = [COMMENT, JSON].into_iter().find(|it| it.strip(text).is_some());
    let Some(notation) = notation else { return FileOrigin::Foreign };
    let sealed = notation.strip(text).and_then(|rest| {
        let (first, body) = rest.split_once('\n')?;
        let first = first.strip_suffix(notation.end)?;
        let (line, sealed) = first.strip_suffix(']')?.rsplit_once(" [")?;
        Some(hash(line, body) == sealed)
    });
    if sealed == Some(true) { FileOrigin::Generated } else { FileOrigin::Edited }
}

/// The text below the line.
#[must_use]
pub fn body(text: &str) -> &str {
    let rest = JSON.strip(text).unwrap_or(text);
    rest.split_once('\n').map_or("", |(_, body)| body)
}

fn hash(line: &str, body: &str) -> String {
    HashBuilder::new("generated file").with(line).with(body).hash().short()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unedited_file_is_recognised_and_every_edit_is_noticed() {
        let text = seal("0.1.0", "You can edit it.", "a = 1\n[x]\n");
        assert_eq!(origin(&text), FileOrigin::Generated);
        for edited in [
            text.replace("a = 1", "a = 2"),
            text.replace("0.1.0", "0.2.0"),
            text.replace("You", "They"),
            format!("{text}\n"),
            text.replace('\n', "\r\n"),
            text.lines().next().unwrap().to_owned(),
        ] {
            assert_eq!(origin(&edited), FileOrigin::Edited, "{edited}");
        }
        for foreign in ["", "a = 1\n", &format!("\n{text}")] {
            assert_eq!(origin(foreign), FileOrigin::Foreign, "{foreign}");
        }
    }

    #[test]
    fn in_json_the_line_is_a_member() {
        let text = seal("0.1.0", "Editors read it.", "{\n  \"type\": \"object\"\n}\n");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["type"], "object");
        assert!(
            value["$comment"].as_str().unwrap().starts_with("Made by cargo pipe 0.1.0. Editors")
        );
        assert_eq!(origin(&text), FileOrigin::Generated);
        assert_eq!(body(&text), "  \"type\": \"object\"\n}\n");
        for edited in [text.replace("object", "array"), text.replace("]\",", "],")] {
            assert_eq!(origin(&edited), FileOrigin::Edited, "{edited}");
        }
        assert_eq!(origin("{\n  \"type\": \"object\"\n}\n"), FileOrigin::Foreign);
    }
}

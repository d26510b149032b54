//! The first line of generated files, which shows whether a file was edited.
//!
//! The line ends with a hash of itself and of the rest of the file. Any release can therefore tell an
//! edited file from an unedited one without knowing what an older release wrote.

use crate::hash::HashBuilder;

/// The start of the first line of every generated file.
const PREFIX: &str = "# Made by cargo pipe ";

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

/// Adds the first line, with the origin and the maintenance of the file, to a body.
pub(crate) fn seal(version: &str, note: &str, body: &str) -> String {
    let line = format!("{PREFIX}{version}. {note}");
    format!("{line} [{}]\n{body}", hash(&line, body))
}

/// The origin of a text.
#[must_use]
pub fn origin(text: &str) -> FileOrigin {
    if !text.starts_with(PREFIX) {
        return FileOrigin::Foreign;
    }
    let sealed = text.split_once('\n').and_then(|(first, body)| {
        let (line, sealed) = first.strip_suffix(']')?.rsplit_once(" [")?;
        Some(hash(line, body) == sealed)
    });
    if sealed == Some(true) { FileOrigin::Generated } else { FileOrigin::Edited }
}

/// The text below the first line.
#[must_use]
pub fn body(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, body)| body)
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
}

//! The mark by which a file is known to be as cargo pipe wrote it.
//!
//! Owns the first line of generated files: it ends in a hash of itself and of all that follows, so
//! that any release can tell an unedited file from an edited one without knowing what an older
//! release would have written. Must not know what the files are for. The scaffold asks it before
//! it takes a file away.

use crate::hash::HashBuilder;

/// How the first line of every generated file begins.
const MADE: &str = "# Made by cargo pipe ";

/// What is known of a file from its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrigin {
    /// Cargo pipe wrote it, and it is as it was written.
    Generated,
    /// Cargo pipe wrote it, and somebody edited it.
    Edited,
    /// Somebody else wrote it.
    Foreign,
}

/// A whole text: a line that says where it comes from and what becomes of it, and the body.
pub(crate) fn seal(version: &str, note: &str, body: &str) -> String {
    let line = format!("{MADE}{version}. {note}");
    format!("{line} [{}]\n{body}", hash(&line, body))
}

/// Where a text comes from.
#[must_use]
pub fn origin(text: &str) -> FileOrigin {
    if !text.starts_with(MADE) {
        return FileOrigin::Foreign;
    }
    let sealed = text.split_once('\n').and_then(|(first, body)| {
        let (line, sealed) = first.strip_suffix(']')?.rsplit_once(" [")?;
        Some(hash(line, body) == sealed)
    });
    if sealed == Some(true) { FileOrigin::Generated } else { FileOrigin::Edited }
}

/// The text below the line that says where it comes from.
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
    fn what_was_not_touched_is_known_and_every_edit_is_seen() {
        let text = seal("0.1.0", "It is yours to edit.", "a = 1\n[x]\n");
        assert_eq!(origin(&text), FileOrigin::Generated);
        for edited in [
            text.replace("a = 1", "a = 2"),
            text.replace("0.1.0", "0.2.0"),
            text.replace("yours", "mine"),
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

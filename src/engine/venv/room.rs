//! What a job sees, and where.
//!
//! Owns the list of folders that a job gets and the paths it knows them by, which are those of a
//! container. Where there is a sandbox they are mounted there; where there is none, words are told
//! with the folders' own paths, and what a tool says is told with a container's again, so that the
//! place of nothing shows in a finding. Pure, so that every path is tested.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::super::Access;

/// A folder that a job sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    /// Where it is.
    pub(super) outside: PathBuf,
    /// Where the job sees it.
    pub(super) inside: &'static str,
    /// Whether it can be written to.
    pub(super) access: Access,
}

/// The folders of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// In the order they are mounted.
    pub(super) folders: Vec<Folder>,
}

impl Room {
    /// A word that names paths of the inside, with those of the outside.
    pub(super) fn outward(&self, word: &str) -> OsString {
        let mut told = Vec::with_capacity(word.len());
        let mut rest = word;
        let mut previous = None;
        while let Some(start) = rest.find('/') {
            let (before, path) = rest.split_at(start);
            told.extend(before.as_bytes());
            previous = before.chars().next_back().or(previous);
            let begins = previous.is_none_or(|character| !is_path_character(character));
            previous = Some('/');
            match self.folders.iter().find(|folder| begins && is_below(path, folder.inside)) {
                Some(folder) => {
                    told.extend(folder.outside.as_os_str().as_bytes());
                    rest = &path[folder.inside.len()..];
                }
                None => {
                    told.push(b'/');
                    rest = &path[1..];
                }
            }
        }
        told.extend(rest.as_bytes());
        OsString::from_vec(told)
    }

    /// What a tool said, with the paths of the inside.
    pub(super) fn inward(&self, text: Vec<u8>) -> Vec<u8> {
        let mut names: Vec<(Vec<u8>, &str)> = Vec::new();
        for folder in &self.folders {
            let outside = folder.outside.as_os_str().as_bytes();
            names.push((outside.to_vec(), folder.inside));
            // In JSON a path may be written with escapes.
            if let Some(escaped) = escaped(outside).filter(|escaped| escaped != outside) {
                names.push((escaped, folder.inside));
            }
        }
        // A folder may lie in another one.
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.iter().fold(text, |text, (name, inside)| replace(text, name, inside.as_bytes()))
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/') || !rest.starts_with(is_path_character))
}

fn is_path_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '/' | '_' | '-' | '.' | '~' | '+')
}

/// A path as a JSON string that is all ASCII has it, without the quotes.
fn escaped(path: &[u8]) -> Option<Vec<u8>> {
    let text = serde_json::to_string(std::str::from_utf8(path).ok()?).ok()?;
    let mut escaped = Vec::new();
    for unit in text.trim_matches('"').encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => escaped.push(byte),
            _ => escaped.extend(format!("\\u{unit:04x}").bytes()),
        }
    }
    Some(escaped)
}

fn replace(text: Vec<u8>, name: &[u8], with: &[u8]) -> Vec<u8> {
    if name.is_empty() || !text.windows(name.len()).any(|window| window == name) {
        return text;
    }
    let mut told = Vec::with_capacity(text.len());
    let mut rest = text.as_slice();
    while let Some(start) = rest.windows(name.len()).position(|window| window == name) {
        told.extend(&rest[..start]);
        told.extend(with);
        rest = &rest[start + name.len()..];
    }
    told.extend(rest);
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> Room {
        let folder = |outside: &str, inside| Folder {
            outside: outside.into(),
            inside,
            access: Access::Read,
        };
        Room {
            folders: vec![
                folder("/home/Jö/r", "/tmp"),
                folder("/home/Jö/r/app-0", "/app"),
                folder("/home/Jö/e", "/opt/tool"),
            ],
        }
    }

    #[test]
    fn a_word_is_told_with_the_paths_of_the_outside() {
        for (inside, outside) in [
            ("/app", "/home/Jö/r/app-0"),
            ("--config=/app/x.toml", "--config=/home/Jö/r/app-0/x.toml"),
            ("/opt/tool/bin:/usr/bin", "/home/Jö/e/bin:/usr/bin"),
            ("'/app' '/tmp/x'", "'/home/Jö/r/app-0' '/home/Jö/r/x'"),
            ("src/app/x.py", "src/app/x.py"),
            ("/usr/app", "/usr/app"),
            ("/apple", "/apple"),
            ("a//app", "a//app"),
            ("", ""),
        ] {
            assert_eq!(room().outward(inside), OsString::from(outside), "{inside}");
        }
    }

    #[test]
    fn what_is_said_comes_back_with_the_paths_of_the_inside_in_json_too() {
        let said =
            "/home/Jö/r/app-0/a.py {\"/home/J\\u00f6/r/app-0/a.py\"} /home/Jö/r/x".to_owned();
        let told = room().inward(said.into_bytes());
        assert_eq!(String::from_utf8(told).unwrap(), "/app/a.py {\"/app/a.py\"} /tmp/x");
    }
}

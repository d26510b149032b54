//! The folders that a job sees, and their paths inside.
//!
//! The paths inside are those of a container. In a sandbox the folders are mounted there. Without
//! one, the paths in a command are translated to the outside, and the paths in a tool's output
//! back, so that no finding shows a folder of this machine.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::super::Access;

/// A folder that a job sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    /// Its path on this machine.
    pub(super) outside: PathBuf,
    /// Its path for the job.
    pub(super) inside: &'static str,
    /// Whether it is writable.
    pub(super) access: Access,
}

/// The folders of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct JobFolders {
    /// In the order of mounting.
    pub(super) folders: Vec<Folder>,
}

impl JobFolders {
    /// Translates the inside paths in a word to the outside.
    pub(super) fn to_outside(&self, word: &str) -> OsString {
        let mut translated = Vec::with_capacity(word.len());
        let mut rest = word;
        let mut previous = None;
        while let Some(start) = rest.find('/') {
            let (before, path) = rest.split_at(start);
            translated.extend(before.as_bytes());
            previous = before.chars().next_back().or(previous);
            let begins = previous.is_none_or(|character| !is_path_character(character));
            previous = Some('/');
            match self.folders.iter().find(|folder| begins && is_below(path, folder.inside)) {
                Some(folder) => {
                    translated.extend(folder.outside.as_os_str().as_bytes());
                    rest = &path[folder.inside.len()..];
                }
                None => {
                    translated.push(b'/');
                    rest = &path[1..];
                }
            }
        }
        translated.extend(rest.as_bytes());
        OsString::from_vec(translated)
    }

    /// Translates the outside paths in a tool's output to the inside.
    pub(super) fn to_inside(&self, text: Vec<u8>) -> Vec<u8> {
        let mut names: Vec<(Vec<u8>, &str)> = Vec::new();
        for folder in &self.folders {
            let outside = folder.outside.as_os_str().as_bytes();
            names.push((outside.to_vec(), folder.inside));
            // In JSON, a path may contain escapes.
            if let Some(escaped) = escaped(outside).filter(|escaped| escaped != outside) {
                names.push((escaped, folder.inside));
            }
        }
        // A folder may contain another one, so the longest path comes first.
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

/// A path as in an ASCII-only JSON string, without the quotes.
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
    let mut translated = Vec::with_capacity(text.len());
    let mut rest = text.as_slice();
    while let Some(start) = rest.windows(name.len()).position(|window| window == name) {
        translated.extend(&rest[..start]);
        translated.extend(with);
        rest = &rest[start + name.len()..];
    }
    translated.extend(rest);
    translated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> JobFolders {
        let folder = |outside: &str, inside| Folder {
            outside: outside.into(),
            inside,
            access: Access::Read,
        };
        JobFolders {
            folders: vec![
                folder("/home/Jö/r", "/tmp"),
                folder("/home/Jö/r/app-0", "/app"),
                folder("/home/Jö/e", "/opt/tool"),
            ],
        }
    }

    #[test]
    fn the_paths_of_a_word_are_translated_to_the_outside() {
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
            assert_eq!(folders().to_outside(inside), OsString::from(outside), "{inside}");
        }
    }

    #[test]
    fn the_paths_of_an_output_are_translated_to_the_inside_in_json_as_well() {
        let output =
            "/home/Jö/r/app-0/a.py {\"/home/J\\u00f6/r/app-0/a.py\"} /home/Jö/r/x".to_owned();
        let translated = folders().to_inside(output.into_bytes());
        assert_eq!(String::from_utf8(translated).unwrap(), "/app/a.py {\"/app/a.py\"} /tmp/x");
    }
}

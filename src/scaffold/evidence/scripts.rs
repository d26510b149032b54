//! Scripts of a shell in the project that jobs and tasks call.

use std::collections::BTreeMap;

use super::EvidenceOrigin;
use super::tasks::{Call, ScriptReader};

/// The folders in which projects keep scripts.
const FOLDERS: &[&str] = &["bin", "ci", "script", "scripts", "tools"];

/// Whether a file can be a script of a shell, by its path.
pub(super) fn is_script(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_shell = name.ends_with(".sh") || name.ends_with(".bash");
    is_shell && (folder.is_empty() || FOLDERS.contains(&folder))
        || !name.contains('.') && FOLDERS.contains(&folder)
}

/// The script that a command starts: `scripts/check`, `./check.sh`, `bash ci/lint.sh`.
pub(super) fn find_script<'a>(
    files: &BTreeMap<&'a str, &'a str>,
    words: &[String],
) -> Option<(&'a str, &'a str)> {
    let mut words = words.iter().filter(|word| !word.starts_with('-'));
    let mut first = words.next()?;
    if matches!(first.rsplit('/').next(), Some("sh" | "bash" | "zsh" | "source" | ".")) {
        first = words.next()?;
    }
    let path = first.trim_start_matches("./");
    let (path, text) = files.get_key_value(path)?;
    is_script(path).then_some((*path, *text))
}

/// The commands of a script.
pub(super) fn read(path: &str, text: &str) -> Vec<Call> {
    let is_other = text.strip_prefix("#!").is_some_and(|line| {
        !line
            .lines()
            .next()
            .unwrap_or_default()
            .trim_end()
            .split([' ', '/'])
            .any(|word| word.ends_with("sh"))
    });
    if is_other {
        return Vec::new();
    }
    let origin = EvidenceOrigin { file: path.to_owned(), line: 1 };
    ScriptReader::default().read(text, &origin)
}

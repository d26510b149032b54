//! The output of a tool that runs in the folder of a package, in terms of the project.
//!
//! To the parsers the package is the whole project: its files are those below its folder, and
//! their paths are relative to it.

use std::collections::BTreeMap;

use crate::container::{APP, working_directory};
use crate::finding::{Finding, Place};
use crate::outcome::{Classified, RawOutput};
use crate::project::ProjectPath;
use crate::run::snapshot::Snapshot;
use crate::tools::SourceFiles;

/// The files of a folder of a snapshot.
pub(super) struct FolderFiles<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) folder: &'a ProjectPath,
}

impl SourceFiles for FolderFiles<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.snapshot.read(self.folder.join(path).ok()?.as_str())
    }

    fn paths(&self) -> Vec<String> {
        let all = self.snapshot.inventory.entries.keys();
        let own = all.filter(|path| path.starts_with(self.folder));
        own.map(|path| path.below(self.folder).to_string()).collect()
    }
}

/// The output with the paths that it would have if the folder was the project. Those of other files of
/// the project go up from the folder.
pub(super) fn enter(output: &RawOutput, folder: &ProjectPath) -> RawOutput {
    RawOutput {
        code: output.code,
        stdout: move_paths(&output.stdout, folder),
        stderr: move_paths(&output.stderr, folder),
    }
}

fn move_paths(text: &[u8], folder: &ProjectPath) -> Vec<u8> {
    let inside = working_directory(folder);
    let outside = format!("{APP}/");
    let up = "../".repeat(folder.as_str().split('/').count());
    let mut moved = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.first() {
        let begins = !moved.last().is_some_and(|byte| is_path_byte(*byte));
        let after = rest.strip_prefix(inside.as_bytes());
        if let Some(after) = after.filter(|after| begins && ends_name(after)) {
            moved.extend(APP.as_bytes());
            rest = after;
        } else if let Some(after) = rest.strip_prefix(outside.as_bytes()).filter(|_| begins) {
            moved.extend(outside.as_bytes());
            moved.extend(up.as_bytes());
            rest = after;
        } else {
            moved.push(*next);
            rest = &rest[1..];
        }
    }
    moved
}

/// Whether a path does not go on within the same name.
fn ends_name(rest: &[u8]) -> bool {
    rest.first().is_none_or(|byte| *byte == b'/' || !is_path_byte(*byte))
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"/_-.~+".contains(&byte)
}

/// Converts the paths of findings to those of the project.
pub(super) fn leave(classified: &mut Classified, folder: &ProjectPath) {
    for Finding { place, related, .. } in &mut classified.findings {
        for Place { path, .. } in std::iter::once(place).chain(related) {
            if !path.is_empty()
                && let Ok(joined) = folder.join(path)
            {
                *path = joined.to_string();
            }
        }
    }
}

/// Converts the paths of files that a tool names in its summary to those of the project.
pub(super) fn leave_names(named: &mut BTreeMap<String, String>, folder: &ProjectPath) {
    if folder.is_root() {
        return;
    }
    let named_in_project = |(path, reason): (String, String)| match folder.join(&path) {
        Ok(path) => (path.to_string(), reason),
        Err(_) => (path, reason),
    };
    *named = std::mem::take(named).into_iter().map(named_in_project).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_container_are_relative_to_the_folder() {
        let folder = ProjectPath::new("libs/core").unwrap();
        for (text, moved) in [
            ("/app/libs/core/src/a.py:1", "/app/src/a.py:1"),
            ("{\"file\":\"/app/libs/core\"}", "{\"file\":\"/app\"}"),
            ("/app/libs/core2/a.py /app/x.py", "/app/../../libs/core2/a.py /app/../../x.py"),
            ("src/a.py /opt/app/libs/core/x /apple", "src/a.py /opt/app/libs/core/x /apple"),
        ] {
            let found = String::from_utf8(move_paths(text.as_bytes(), &folder)).unwrap();
            assert_eq!(found, moved, "{text}");
        }
    }
}

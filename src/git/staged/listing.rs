//! Lists the files of an index.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use super::{StagedError, StagedFile, StagedKind};
use crate::git::hook_index::HookIndex;
use crate::git::index_file::{self, IndexError};
use crate::git::program::Git;
use crate::process::Stdin;
use crate::read::{self, SizeLimit};

/// The name of the files with attributes.
const ATTRIBUTES: &str = ".gitattributes";

/// The ids of the empty content, with SHA-1 and SHA-256.
const EMPTY: [&str; 2] = [
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
];

/// The output of `git ls-files`.
pub(super) struct IndexListing {
    pub(super) files: BTreeMap<String, StagedFile>,
    /// The files with attributes that apply to the project, and the hashes of their contents.
    pub(super) attributes: Vec<(String, String)>,
}

/// Lists the index below the project's folder, and the files with attributes above it.
pub(super) fn list_index(git: &Git<'_>, index: &HookIndex) -> Result<IndexListing, StagedError> {
    let mut words: Vec<OsString> =
        ["ls-files", "-s", "-z", "--"].map(OsString::from).into_iter().collect();
    if !index.folder.is_empty() {
        words.push(index.folder.clone().into());
        let ends = index.folder.match_indices('/').map(|(end, _)| &index.folder[..=end]);
        words.extend(
            [""].into_iter().chain(ends).map(|above| format!("{above}{ATTRIBUTES}").into()),
        );
    }
    let listing = git.read(words, Stdin::Empty)?;
    let mut listed = IndexListing { files: BTreeMap::new(), attributes: Vec::new() };
    let mut others = BTreeSet::new();
    for entry in listing.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        let lossy = || String::from_utf8_lossy(entry).into_owned();
        // No check sees a file whose name is not Unicode.
        let Ok(text) = str::from_utf8(entry) else { continue };
        let (head, path) = text.split_once('\t').ok_or_else(|| StagedError::Path(lossy()))?;
        let [mode, id, stage] = head.split(' ').collect::<Vec<_>>()[..] else {
            return Err(StagedError::Path(lossy()));
        };
        if stage != "0" {
            return Err(StagedError::Unmerged(path.to_owned()));
        }
        if path == ATTRIBUTES || path.ends_with(&format!("/{ATTRIBUTES}")) {
            listed.attributes.push((path.to_owned(), id.to_owned()));
        }
        let Some(path) = index.in_project(path) else { continue };
        let kind = match mode {
            "120000" => StagedKind::Link,
            "160000" => StagedKind::Submodule,
            _ => StagedKind::File { executable: mode == "100755" },
        };
        check_path(path)?;
        others.extend(path.match_indices('/').map(|(end, _)| path[..end].to_owned()));
        listed.files.insert(path.to_owned(), StagedFile { kind, id: id.to_owned() });
    }
    // A file in the place of a folder would lead out of the checkout if it is a link.
    match others.into_iter().find(|folder| listed.files.contains_key(folder)) {
        Some(both) => Err(StagedError::Path(both)),
        None => Ok(listed),
    }
}

/// Refuses a path that git itself would not check out.
fn check_path(path: &str) -> Result<(), StagedError> {
    let is_wrong =
        |part: &str| matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git");
    if path.split('/').any(is_wrong) {
        return Err(StagedError::Path(path.to_owned()));
    }
    Ok(())
}

/// The files of which only the intent to add them is recorded. `git ls-files` lists them as empty.
pub(super) fn find_intents(
    files: &BTreeMap<String, StagedFile>,
    index: &HookIndex,
) -> Result<Vec<String>, StagedError> {
    let is_candidate = |file: &StagedFile| EMPTY.contains(&file.id.as_str());
    if !files.values().any(is_candidate) {
        return Ok(Vec::new());
    }
    let failed = |reason: String| StagedError::Index { index: index.file.clone(), reason };
    let content = read::read_file(&index.file, SizeLimit::GitIndex)
        .map_err(|error| failed(error.to_string()))?;
    let entries = match index_file::parse(&content) {
        Ok(entries) => entries,
        Err(error @ IndexError::Split) => {
            return Err(failed(format!("{error}; `git update-index --no-split-index` joins them")));
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    let intents = entries.into_iter().filter(|entry| entry.is_intent);
    let paths = intents.filter_map(|entry| {
        let path = String::from_utf8(entry.path).ok()?;
        index.in_project(&path).map(str::to_owned)
    });
    Ok(paths.collect())
}

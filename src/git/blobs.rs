//! Reads contents: those of a commit with git, and those of the work tree without it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::GitError;
use super::program::Git;
use crate::gate::lines::MAX_LENGTH;
use crate::process::Stdin;
use crate::project::ProjectPath;

/// The number of bytes of contents that are held at once: more than one content, and less than we capture.
const GROUP: u64 = 2 * MAX_LENGTH;

/// The start of the text that Git LFS stores in the place of a content.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/v1\noid sha256:";

/// A file of a commit.
#[derive(Clone, Debug)]
pub(super) struct CommittedFile {
    /// Its kind.
    pub(super) kind: CommittedKind,
    /// The hash of its content as git stores it, in hexadecimal digits.
    pub(super) id: String,
    /// Its path within the project.
    pub(super) path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommittedKind {
    File,
    Link,
    Submodule,
}

/// An entry in the place of a file in the work tree.
#[derive(Debug)]
pub enum WorkFile {
    /// Nothing.
    Missing,
    /// The target of a link.
    Link(Vec<u8>),
    /// A file.
    Content(Vec<u8>),
    /// A folder, a pipe, or a file that is too large or cannot be read.
    Other,
}

/// Reads a file of the work tree. A link is not followed, and nothing is waited for.
#[must_use]
pub fn read_work_file(root: &Path, path: &str) -> WorkFile {
    let place = root.join(path);
    match try_read(&place) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            WorkFile::Missing
        }
        Err(_) => WorkFile::Other,
    }
}

fn try_read(place: &Path) -> io::Result<WorkFile> {
    if fs::symlink_metadata(place)?.is_symlink() {
        return Ok(WorkFile::Link(fs::read_link(place)?.as_os_str().as_bytes().to_owned()));
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let file = File::options().read(true).custom_flags(flags).open(place)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > MAX_LENGTH {
        return Ok(WorkFile::Other);
    }
    let mut content = Vec::new();
    file.take(MAX_LENGTH).read_to_end(&mut content)?;
    Ok(WorkFile::Content(content))
}

/// Whether git's hash of this content is this one: of SHA-1 or SHA-256, which its length says.
pub(super) fn has_id(content: &[u8], id: &str) -> bool {
    let head = format!("blob {}\0", content.len());
    // Git refuses contents that were made for a collision, so a plain SHA-1 is enough.
    let hash = match id.len() {
        40 => hex(&Sha1::new().chain_update(&head).chain_update(content).finalize()),
        64 => hex(&Sha256::new().chain_update(&head).chain_update(content).finalize()),
        _ => return false,
    };
    hash == id
}

/// Whether `stored` is the text that Git LFS stores in the place of this content; none if it is not
/// such a text.
pub(super) fn stands_for(stored: &[u8], content: &[u8]) -> Option<bool> {
    let rest = stored.strip_prefix(LFS)?;
    let (hash, rest) = rest.split_at_checked(64)?;
    rest.starts_with(b"\nsize ").then(|| hex(&Sha256::digest(content)).as_bytes() == hash)
}

fn hex(hash: &[u8]) -> String {
    let mut text = String::with_capacity(2 * hash.len());
    for byte in hash {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Git<'_> {
    /// The files that a commit has below `sources`. Those whose names are not Unicode are left out,
    /// because no finding can be in them.
    pub(super) fn list_files(
        &self,
        commit: &str,
        sources: &[ProjectPath],
    ) -> Result<Vec<CommittedFile>, GitError> {
        let words = ["ls-tree", "-r", "-z", commit, "--"].into_iter();
        let sources = sources.iter().map(ProjectPath::as_str);
        let listing = self.read(words.chain(sources), Stdin::Empty)?;
        let entries = listing.split(|byte| *byte == 0);
        let texts = entries.filter_map(|entry| str::from_utf8(entry).ok());
        Ok(texts.filter_map(parse_entry).collect())
    }

    /// The paths in the index below `sources`.
    pub(super) fn list_index(&self, sources: &[ProjectPath]) -> Result<Vec<String>, GitError> {
        let words = ["ls-files", "-z", "--cached", "--"].into_iter();
        let names =
            self.read(words.chain(sources.iter().map(ProjectPath::as_str)), Stdin::Empty)?;
        let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.filter_map(|name| str::from_utf8(name).ok().map(str::to_owned)).collect())
    }

    /// Passes on the contents with these hashes in groups. One that is too large is not among them.
    pub(super) fn read_blobs(
        &self,
        files: &BTreeMap<&str, &str>,
        commit: &str,
        mut read: impl FnMut(BTreeMap<String, Vec<u8>>) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let ids: BTreeSet<&str> = files.keys().copied().collect();
        let mut group: Vec<&str> = Vec::new();
        let mut length = 0;
        let sizes = self.sizes(&ids)?;
        for (id, path) in files {
            let Some(size) = sizes.get(*id).copied() else {
                let (path, commit) = ((*path).to_owned(), commit.to_owned());
                return Err(GitError::MissingContent { path, commit });
            };
            if size > MAX_LENGTH {
                continue;
            }
            if length + size > GROUP {
                read(self.contents(&std::mem::take(&mut group))?)?;
                length = 0;
            }
            group.push(id);
            length += size;
        }
        read(self.contents(&group)?)
    }

    /// The sizes of contents; of those that are missing, none.
    fn sizes(&self, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, u64>, GitError> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let answer = self.cat("--batch-check", ids.iter().copied())?;
        let mut sizes = BTreeMap::new();
        for line in String::from_utf8_lossy(&answer).lines() {
            if let [id, "blob", size] = line.split(' ').collect::<Vec<_>>()[..]
                && let Ok(size) = size.parse()
            {
                sizes.insert(id.to_owned(), size);
            }
        }
        Ok(sizes)
    }

    /// The contents with these hashes.
    fn contents(&self, ids: &[&str]) -> Result<BTreeMap<String, Vec<u8>>, GitError> {
        let mut contents = BTreeMap::new();
        if ids.is_empty() {
            return Ok(contents);
        }
        let answer = self.cat("--batch", ids.iter().copied())?;
        let mut rest = &answer[..];
        while !rest.is_empty() {
            let (id, content, after) = parse_content(rest).ok_or_else(|| {
                GitError::Git("cannot read what `git cat-file` prints".to_owned())
            })?;
            contents.insert(id.to_owned(), content.to_owned());
            rest = after;
        }
        Ok(contents)
    }

    fn cat<'i>(&self, mode: &str, ids: impl Iterator<Item = &'i str>) -> Result<Vec<u8>, GitError> {
        let list: String = ids.map(|id| format!("{id}\n")).collect();
        self.read_list(["cat-file", mode], list.as_bytes())
    }
}

/// Parses `MODE TYPE HASH`, a tab and a path.
fn parse_entry(text: &str) -> Option<CommittedFile> {
    let (head, path) = text.split_once('\t')?;
    let [mode, _, id] = head.split(' ').collect::<Vec<_>>()[..] else { return None };
    let kind = match mode {
        "120000" => CommittedKind::Link,
        "160000" => CommittedKind::Submodule,
        _ => CommittedKind::File,
    };
    Some(CommittedFile { kind, id: id.to_owned(), path: path.to_owned() })
}

/// Parses `HASH blob SIZE`, a line end, the content and a line end.
fn parse_content(answer: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let head = str::from_utf8(&answer[..end]).ok()?;
    let [id, "blob", size] = head.split(' ').collect::<Vec<_>>()[..] else { return None };
    let (content, rest) = answer[end + 1..].split_at_checked(size.parse().ok()?)?;
    Some((id, content, rest.strip_prefix(b"\n")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_git_in_either_kind_of_repository() {
        // `git hash-object`, also with `--object-format sha256`.
        let sha1 = "ce013625030ba8dba906f756967f9e9ca394464a";
        let sha256 = "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4";
        for id in [sha1, sha256] {
            assert!(has_id(b"hello\n", id) && !has_id(b"hello", id), "{id}");
        }
        assert!(!has_id(b"hello\n", ""));
    }

    #[test]
    fn a_text_of_git_lfs_stands_for_its_content_alone() {
        let hash = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        let stored = [LFS, hash.as_bytes(), b"\nsize 6\n"].concat();
        assert_eq!(stands_for(&stored, b"hello\n"), Some(true));
        assert_eq!(stands_for(&stored, b"other\n"), Some(false));
        assert_eq!(stands_for(b"hello\n", b"hello\n"), None);
        assert_eq!(stands_for(LFS, b"hello\n"), None);
    }
}

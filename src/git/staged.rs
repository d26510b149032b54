//! Reads the files of an index: their names, kinds and contents, as a clean checkout would have them.
//!
//! Line ends are converted here, by git's rules. Every other conversion is the work of a program that
//! the repository or the user configures, such as Git LFS; such a file is withheld, with the reason.

mod checkout_config;
mod listing;
mod rule;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use checkout_config::{hash_conversion, read_config};
use listing::{IndexListing, find_intents, list_index};
use rule::{CheckoutRule, NAMES};

use super::blobs;
use super::hook_index::HookIndex;
use super::line_ends::LineEndSettings;
use super::program::Git;
use super::{GitContext, GitError};
use crate::gate::lines::MAX_LENGTH;
use crate::hash::Hash;
use crate::read::Size;

/// The time limit of git.
const LIMIT: Duration = Duration::from_secs(120);

/// A file of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedFile {
    /// Its kind.
    pub kind: StagedKind,
    /// The hash of its content as git stores it, in hexadecimal digits.
    pub id: String,
}

/// The kind of a file in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StagedKind {
    /// A regular file.
    File {
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link.
    Link,
    /// A submodule, which is a folder without files here.
    Submodule,
}

/// A content as it is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StagedContent {
    /// The bytes of a file, or the target of a link.
    Bytes(Vec<u8>),
    /// It cannot be had without a program of git's configuration, for this reason.
    Withheld(String),
}

/// The files of an index below a project's folder.
pub struct Staged<'a> {
    git: Git<'a>,
    index: HookIndex,
    settings: LineEndSettings,
    /// The files by their paths within the project.
    pub files: BTreeMap<String, StagedFile>,
    /// The hash of everything except the file itself that decides how its content is checked out.
    pub conversion: Hash,
}

/// Why the files of an index cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StagedError {
    /// Git is missing or failed.
    #[error("{}", describe(.0))]
    Git(#[from] GitError),
    /// A file has several contents.
    #[error("`{0}` has a conflict that is not resolved")]
    Unmerged(String),
    /// A path cannot be checked out.
    #[error("the index has the path `{}`, which cannot be checked out", .0.escape_debug())]
    Path(String),
    /// The index cannot be parsed.
    #[error("the git index `{}` cannot be read: {reason}", .index.display())]
    Index {
        /// The index.
        index: PathBuf,
        /// The reason.
        reason: String,
    },
    /// An object does not have the hash that git has it under.
    #[error("the content of `{path}` in git is damaged: its hash is not {id}")]
    Damaged {
        /// The file.
        path: String,
        /// The hash that it should have.
        id: String,
    },
}

impl StagedError {
    /// Advice on the next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            StagedError::Git(GitError::NoGit) => Some("install git".to_owned()),
            StagedError::Git(GitError::MissingContent { path, .. }) => {
                Some(format!("`git cat-file -e ':{path}'` fetches it"))
            }
            StagedError::Unmerged(path) => Some(format!("resolve it, then run `git add {path}`")),
            StagedError::Damaged { .. } => Some("`git fsck` finds what is damaged".to_owned()),
            StagedError::Index { .. } => Some("`git status` may repair it".to_owned()),
            StagedError::Git(_) | StagedError::Path(_) => None,
        }
    }
}

/// An error of git without what only concerns `--changed`.
fn describe(error: &GitError) -> String {
    match error {
        GitError::NoGit => "git is not installed".to_owned(),
        GitError::MissingContent { path, .. } => {
            format!("the content of `{path}` is missing in this partial clone")
        }
        error => error.to_string(),
    }
}

impl<'a> Staged<'a> {
    /// Lists the files of an index.
    ///
    /// # Errors
    ///
    /// When git fails, or a file has a conflict or an impossible name.
    pub fn list(context: GitContext<'a>, index: &'a HookIndex) -> Result<Staged<'a>, StagedError> {
        let context = GitContext { root: &index.repository, ..context };
        let git = Git::find(context, LIMIT)?.with_index(&index.file);
        let (listed, config) = rayon::join(|| list_index(&git, index), || read_config(&git));
        let IndexListing { mut files, attributes } = listed?;
        let config = config?;
        for path in find_intents(&files, index)? {
            files.remove(&path);
        }
        let conversion = hash_conversion(context.variables, index, &config, &attributes);
        let settings = config.settings;
        Ok(Staged { git, index: index.clone(), settings, files, conversion })
    }

    /// Passes on the contents of these files, in groups.
    ///
    /// # Errors
    ///
    /// When git fails, a content is damaged, or `each` fails.
    pub fn read<E: From<StagedError>>(
        &self,
        paths: &BTreeSet<&str>,
        mut each: impl FnMut(&str, StagedContent) -> Result<(), E>,
    ) -> Result<(), E> {
        self.read_stored(paths, |path, stored| {
            each(
                path,
                match stored {
                    Stored::Content(content, rule) => rule.check_out(path, content),
                    Stored::Withheld(why) => StagedContent::Withheld(why),
                },
            )
        })
    }

    /// Writes contents to the repository's objects, so that each file is checked out as it is given
    /// here, and returns their hashes. A file that no stored content is checked out as is not among
    /// them. The index stays as it is. Git reads the contents from `folder`.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn write_objects(
        &self,
        files: &BTreeMap<String, Vec<u8>>,
        folder: &Path,
    ) -> Result<BTreeMap<String, String>, StagedError> {
        let paths: BTreeSet<&str> = files.keys().map(String::as_str).collect();
        let mut stored: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        self.read_stored(&paths, |path, before| {
            if let Stored::Content(before, CheckoutRule::LineEnds { ends, has_ident: false }) =
                before
                && let Some(content) = ends.store(before, &files[path])
            {
                stored.insert(path.to_owned(), content);
            }
            Ok::<(), StagedError>(())
        })?;
        if stored.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut names = String::new();
        for (number, content) in stored.values().enumerate() {
            let place = folder.join(number.to_string());
            std::fs::write(&place, content).map_err(cannot_write)?;
            names.push_str(&format!("{}\n", place.display()));
        }
        let words = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
        let answer = self.git.read_list(words, names.as_bytes())?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let mut written = BTreeMap::new();
        for ((path, content), id) in stored.into_iter().zip(answer.lines()) {
            if !blobs::has_id(&content, id) {
                return Err(StagedError::Damaged { path, id: id.to_owned() });
            }
            written.insert(path, id.to_owned());
        }
        Ok(written)
    }

    /// Stages other contents of files, all of them or none. Git replaces the index by renaming.
    ///
    /// # Errors
    ///
    /// When git fails: another process may be writing the index.
    pub fn stage(&self, ids: &BTreeMap<String, String>) -> Result<(), StagedError> {
        let mut list = String::new();
        for (path, id) in ids {
            let Some(StagedFile { kind: StagedKind::File { executable }, .. }) =
                self.files.get(path)
            else {
                continue;
            };
            let mode = if *executable { "100755" } else { "100644" };
            let path = self.index.in_repository(path);
            list += &format!("{mode} {id}\t{path}\0");
        }
        let mut words: Vec<String> = Vec::new();
        for name in self.list_filters()? {
            words.extend(["-c".to_owned(), format!("{name}.process=")]);
            words.extend(["-c".to_owned(), format!("{name}.required=false")]);
        }
        words.extend(["update-index", "-z", "--index-info"].map(str::to_owned));
        self.git.read_list(words, list.as_bytes())?;
        Ok(())
    }

    /// The names of all filters. When git writes an index, it reads files again that were modified just
    /// before, through their filters. An empty `process` switches a filter off, and git then compares
    /// such a file once more later.
    fn list_filters(&self) -> Result<BTreeSet<String>, StagedError> {
        let words = ["config", "-z", "--name-only", "--get-regexp", r"^filter\..*\."];
        let output = self.git.query(words)?;
        let names = String::from_utf8_lossy(&output.stdout).into_owned();
        let names = names.split('\0').filter_map(|name| Some(name.rsplit_once('.')?.0.to_owned()));
        Ok(names.collect())
    }

    /// Passes on the contents of these files as git stores them, each with its rule.
    fn read_stored<E: From<StagedError>>(
        &self,
        paths: &BTreeSet<&str>,
        mut each: impl FnMut(&str, Stored<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let rules = self.read_rules(paths)?;
        let mut of_blob: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in paths {
            match (self.files.get(*path), rules.get(*path)) {
                (Some(_), Some(CheckoutRule::Withhold(why))) => {
                    each(path, Stored::Withheld(why.clone()))?;
                }
                (Some(file), _) if file.kind != StagedKind::Submodule => {
                    of_blob.entry(file.id.as_str()).or_default().push(path);
                }
                _ => {}
            }
        }
        let wanted: BTreeMap<&str, &str> =
            of_blob.iter().filter_map(|(id, paths)| Some((*id, *paths.first()?))).collect();
        let mut failed = None;
        let mut missing: BTreeSet<&str> = wanted.keys().copied().collect();
        let read = self.git.read_blobs(&wanted, "index", |contents| {
            for (id, content) in contents {
                let Some((id, paths)) = of_blob.get_key_value(id.as_str()) else { continue };
                missing.remove(id);
                for path in paths {
                    // Links have no attributes.
                    let rule = rules.get(*path).unwrap_or(&CheckoutRule::KEEP);
                    let passed = check_hash(path, id, &content)
                        .map_err(E::from)
                        .and_then(|()| each(path, Stored::Content(&content, rule)));
                    if let Err(error) = passed {
                        failed = Some(error);
                        return Err(GitError::Stopped);
                    }
                }
            }
            Ok(())
        });
        if let Some(error) = failed {
            return Err(error);
        }
        read.map_err(StagedError::from)?;
        for path in missing.into_iter().flat_map(|id| &of_blob[id]) {
            let why = format!("`{path}` is larger than {}", Size(MAX_LENGTH));
            each(path, Stored::Withheld(why))?;
        }
        Ok(())
    }

    /// The rules by which files are checked out.
    fn read_rules<'p>(
        &self,
        paths: &BTreeSet<&'p str>,
    ) -> Result<BTreeMap<&'p str, CheckoutRule>, StagedError> {
        let files = paths.iter().copied().filter(|path| {
            self.files.get(*path).is_some_and(|it| matches!(it.kind, StagedKind::File { .. }))
        });
        let files: Vec<&str> = files.collect();
        if files.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names = files.iter().map(|path| format!("{}\0", self.index.in_repository(path)));
        let list: String = names.collect();
        let words = ["check-attr", "-z", "--cached", "--stdin"].into_iter().chain(NAMES);
        let answer = self.git.read_list(words, list.as_bytes())?;
        let unreadable = || GitError::Git("cannot read what `git check-attr` prints".to_owned());
        let mut fields = answer.split(|byte| *byte == 0);
        let mut rules = BTreeMap::new();
        for path in files {
            let mut values = Vec::new();
            for name in NAMES {
                let (_, own, value) = (fields.next(), fields.next(), fields.next());
                let value =
                    value.filter(|_| own == Some(name.as_bytes())).ok_or_else(unreadable)?;
                values.push(String::from_utf8_lossy(value).into_owned());
            }
            rules.insert(path, CheckoutRule::of(path, self.settings, &values));
        }
        Ok(rules)
    }
}

/// A content as git stores it.
enum Stored<'c> {
    /// The bytes, and the rule by which they are checked out.
    Content(&'c [u8], &'c CheckoutRule),
    /// It cannot be had without a program of git's configuration, for this reason.
    Withheld(String),
}

/// Checks that a content has the hash that git has it under.
fn check_hash(path: &str, id: &str, content: &[u8]) -> Result<(), StagedError> {
    if blobs::has_id(content, id) {
        return Ok(());
    }
    Err(StagedError::Damaged { path: path.to_owned(), id: id.to_owned() })
}

fn cannot_write(error: std::io::Error) -> StagedError {
    GitError::Git(format!("cannot write a temporary file: {error}")).into()
}

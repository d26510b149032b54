//! Which files a check sees, and their hashes.
//!
//! Owns the rules of what is covered: below the named paths, nothing that the project's own
//! `.gitignore` files ignore (with or without a repository; never a parent folder's, the user's or
//! `info/exclude`, because those differ between machines), nothing hidden, no other repository,
//! and no folder that a tool marks as its own. Reads the disk, writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder};
use rayon::prelude::*;

use super::{PROOF, SnapshotError, is_staged};
use crate::cache::Index;
use crate::fingerprint;
use crate::hash::{Hash, Recipe};
use crate::plan::Coverage;
use crate::process::Cancel;
use crate::project::ProjectPath;

/// Files at the root that are covered where they exist, because tools look for the root by them.
const ROOT_MARKERS: &[&str] = &["pyproject.toml"];

/// Files whose presence says that their folder is no part of the project: caches, `target`,
/// environments, other repositories, crates that cargo vendored.
const FOREIGN_FOLDER_MARKERS: &[&str] =
    &["CACHEDIR.TAG", "pyvenv.cfg", ".git", ".cargo-checksum.json"];

/// Folders that never hold sources, wherever they are.
const FOREIGN_FOLDERS: &[&str] = &["__pycache__", "node_modules"];

/// The files that a check sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Each file's entry under its path.
    pub entries: BTreeMap<ProjectPath, Entry>,
    /// What was left out although somebody may expect it.
    pub warnings: Vec<String>,
}

/// One file of an inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// The hash of its content and of everything about it that a tool can see.
    pub hash: Hash,
}

/// What a file of an inventory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link to something that is covered too.
    Link {
        /// Where it leads to.
        to: ProjectPath,
    },
}

impl Entry {
    /// The entry of a regular file whose content has this hash.
    #[must_use]
    pub fn file(content: &Hash, executable: bool) -> Entry {
        let mode = if executable { "executable" } else { "plain" };
        let hash = Recipe::new("file").with(mode).with(content.to_string()).hash();
        Entry { kind: Kind::File { executable }, hash }
    }

    /// The entry of a link.
    #[must_use]
    pub fn link(to: ProjectPath) -> Entry {
        let hash = Recipe::new("link").with(to.as_str()).hash();
        Entry { kind: Kind::Link { to }, hash }
    }
}

impl Inventory {
    /// Takes the inventory of what `coverage` covers below `root`, which is canonical. Files that
    /// `index` knows are not read.
    ///
    /// # Errors
    ///
    /// When a named path is not there, a glob cannot be read, or a file cannot be.
    pub fn take(
        root: &Path,
        coverage: &Coverage,
        index: &Index,
        cancel: &Cancel,
    ) -> Result<Inventory, SnapshotError> {
        coverage.paths.iter().try_for_each(|path| is_there(root, path))?;
        let found = walk(root, coverage)?;
        let files = found
            .files
            .par_iter()
            .map(|path| Ok((path.clone(), read(root, path, index, cancel)?)))
            .collect::<Result<BTreeMap<_, _>, SnapshotError>>()?;
        let mut inventory = Inventory { entries: files, warnings: found.warnings };
        inventory.add_links(root, &found.links);
        Ok(inventory)
    }

    /// The paths of the files that an inventory would have, without reading them.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read.
    pub fn list(root: &Path, coverage: &Coverage) -> Result<Vec<ProjectPath>, SnapshotError> {
        Ok(walk(root, coverage)?.files)
    }

    /// The hash of the whole tree.
    #[must_use]
    pub fn hash(&self) -> Hash {
        fingerprint::of_files(self.entries.iter().map(|(path, entry)| (path.as_str(), entry.hash)))
    }

    /// Each file's hash under its path.
    #[must_use]
    pub fn hashes(&self) -> BTreeMap<String, Hash> {
        self.entries.iter().map(|(path, entry)| (path.to_string(), entry.hash)).collect()
    }

    /// The files below one of `folders` whose names end with one of `endings`; any, if none is
    /// given.
    #[must_use]
    pub fn below(&self, folders: &[ProjectPath], endings: &[String]) -> Vec<&ProjectPath> {
        self.all_below(folders, endings).collect()
    }

    fn all_below(
        &self,
        folders: &[ProjectPath],
        endings: &[String],
    ) -> impl Iterator<Item = &ProjectPath> {
        self.entries
            .keys()
            .filter(move |path| folders.iter().any(|folder| path.starts_with(folder)))
            .filter(move |path| {
                endings.is_empty() || endings.iter().any(|ending| path.as_str().ends_with(ending))
            })
    }

    /// Whether there is any of the files that [`Inventory::below`] names.
    #[must_use]
    pub fn has_any_below(&self, folders: &[ProjectPath], endings: &[String]) -> bool {
        self.all_below(folders, endings).next().is_some()
    }

    /// The part of it that holds these files, without any warning.
    #[must_use]
    pub fn only(&self, paths: &BTreeSet<ProjectPath>) -> Inventory {
        let entries = self.entries.iter().filter(|(path, _)| paths.contains(path));
        Inventory {
            entries: entries.map(|(path, entry)| (path.clone(), entry.clone())).collect(),
            warnings: Vec::new(),
        }
    }

    /// The folders that hold the files, the root first.
    #[must_use]
    pub fn folders(&self) -> BTreeSet<ProjectPath> {
        let mut folders = BTreeSet::from([ProjectPath::root()]);
        for path in self.entries.keys() {
            let text = path.as_str();
            let parents = text.match_indices('/').map(|(end, _)| &text[..end]);
            folders.extend(parents.filter_map(|parent| ProjectPath::new(parent).ok()));
        }
        folders
    }

    /// Adds the links that lead to something covered, and names the others.
    fn add_links(&mut self, root: &Path, links: &[ProjectPath]) {
        let folders = self.folders();
        for link in links {
            match resolve(root, link) {
                Some(to) if self.entries.contains_key(&to) || folders.contains(&to) => {
                    self.entries.insert(link.clone(), Entry::link(to));
                }
                _ => self.warnings.push(format!(
                    "`{link}` is a link to something that the check does not see, so it is left out"
                )),
            }
        }
    }
}

/// What a walk came across.
#[derive(Default)]
struct Found {
    files: Vec<ProjectPath>,
    links: Vec<ProjectPath>,
    warnings: Vec<String>,
}

impl Found {
    fn add(&mut self, root: &Path, entry: &DirEntry) {
        let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else {
            return;
        };
        let Some(path) = project_path(root, entry.path()) else {
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let name = relative.display().to_string();
            self.warnings
                .push(format!("`{}` is left out: no tool could name it", name.escape_debug()));
            return;
        };
        if path.as_str() == PROOF || is_staged(path.file_name()) {
            return;
        }
        if kind.is_symlink() {
            self.links.push(path);
        } else if kind.is_file() {
            self.files.push(path);
        } else {
            self.warnings.push(format!("`{path}` is neither a file nor a link, so it is left out"));
        }
    }
}

fn walk(root: &Path, coverage: &Coverage) -> Result<Found, SnapshotError> {
    let exclude = globs(root, &coverage.exclude)?;
    let include = globs(root, &coverage.include)?;
    let mut named = coverage.paths.clone();
    named.extend(ROOT_MARKERS.iter().filter_map(|marker| ProjectPath::new(marker).ok()));

    let mut found = Found::default();
    walk_named(root, &named, Rules::Project, |entry| {
        if !excluded(root, &exclude, entry) {
            found.add(root, entry);
        }
    })?;
    if !include.is_empty() {
        let is_included = |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            include.matched_path_or_any_parents(entry.path(), is_folder).is_ignore()
        };
        walk_named(root, &coverage.paths, Rules::None, |entry| {
            if is_included(entry) && !excluded(root, &exclude, entry) {
                found.add(root, entry);
            }
        })?;
    }
    for list in [&mut found.files, &mut found.links] {
        list.sort();
        list.dedup();
    }
    found.warnings.sort();
    found.warnings.dedup();
    Ok(found)
}

/// Whose rules of what to leave out a walk follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// The project's own, and ours.
    Project,
    /// Nobody's, for what is included in spite of them.
    None,
}

/// Walks from the root, so that its `.gitignore` counts, but only towards and below `named`.
fn walk_named(
    root: &Path,
    named: &[ProjectPath],
    rules: Rules,
    mut visit: impl FnMut(&DirEntry),
) -> Result<(), SnapshotError> {
    let (base, wanted) = (root.to_owned(), named.to_owned());
    let walker = WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(rules == Rules::Project)
        .require_git(false)
        .follow_links(false)
        .filter_entry(move |entry| is_wanted(&base, &wanted, rules, entry))
        .build();
    for entry in walker {
        match entry {
            Ok(entry) => {
                let path = project_path(root, entry.path());
                let is_named = |path: &ProjectPath| named.iter().any(|name| path.starts_with(name));
                if path.as_ref().is_none_or(is_named) {
                    visit(&entry);
                }
            }
            Err(error) => return Err(walk_error(root, error)),
        }
    }
    Ok(())
}

fn is_wanted(root: &Path, named: &[ProjectPath], rules: Rules, entry: &DirEntry) -> bool {
    let Some(path) = project_path(root, entry.path()) else {
        return true;
    };
    let leads_to_named = named.iter().any(|name| name.starts_with(&path));
    let below_named = named.iter().any(|name| path.starts_with(name) && path != *name);
    if leads_to_named || !below_named {
        return leads_to_named;
    }
    let name = path.file_name();
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    if name == ".git" {
        return false;
    }
    let is_hidden = name.starts_with('.');
    let is_foreign = is_folder
        && (FOREIGN_FOLDERS.contains(&name)
            || FOREIGN_FOLDER_MARKERS
                .iter()
                .any(|marker| fs::symlink_metadata(entry.path().join(marker)).is_ok()));
    rules == Rules::None || (!is_hidden && !is_foreign)
}

fn excluded(root: &Path, exclude: &Gitignore, entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    entry.path() != root && exclude.matched_path_or_any_parents(entry.path(), is_folder).is_ignore()
}

fn globs(root: &Path, patterns: &[String]) -> Result<Gitignore, SnapshotError> {
    let mut builder = GitignoreBuilder::new(root);
    let wrong = |glob: &str, error: ignore::Error| SnapshotError::Glob {
        glob: glob.to_owned(),
        reason: error.to_string(),
    };
    for pattern in patterns {
        builder.add_line(None, pattern).map_err(|error| wrong(pattern, error))?;
    }
    builder.build().map_err(|error| wrong(&patterns.join(", "), error))
}

fn walk_error(root: &Path, error: ignore::Error) -> SnapshotError {
    let text = error.to_string();
    let source = error.into_io_error().unwrap_or_else(|| std::io::Error::other(text));
    SnapshotError::Io { action: "read", path: root.to_owned(), source }
}

fn read(
    root: &Path,
    path: &ProjectPath,
    index: &Index,
    cancel: &Cancel,
) -> Result<Entry, SnapshotError> {
    let place = path.on_disk(root);
    // Looked at before it is read: a change between the two shows the next time.
    let metadata = fs::symlink_metadata(&place).map_err(SnapshotError::io("read", &place))?;
    let content = match index.hash(path, &metadata) {
        Some(content) => content,
        None => {
            let content = super::read(&place, cancel, |_| Ok(()))?;
            index.note(path, &metadata, content);
            content
        }
    };
    Ok(Entry::file(&content, metadata.permissions().mode() & 0o111 != 0))
}

/// Refuses a named path that is not there, or that no walk reaches because a link is on the way.
fn is_there(root: &Path, path: &ProjectPath) -> Result<(), SnapshotError> {
    let text = path.as_str();
    let ends = text.match_indices('/').map(|(end, _)| end).chain([text.len()]);
    for part in ends.filter_map(|end| ProjectPath::new(&text[..end]).ok()) {
        match fs::symlink_metadata(part.on_disk(root)) {
            Ok(metadata) if metadata.is_symlink() && !part.is_root() => {
                return Err(SnapshotError::Link(part));
            }
            Ok(_) => {}
            Err(_) => return Err(SnapshotError::Missing(path.clone())),
        }
    }
    Ok(())
}

/// Where a link leads to, if that is inside the project.
fn resolve(root: &Path, link: &ProjectPath) -> Option<ProjectPath> {
    let target = fs::canonicalize(link.on_disk(root)).ok()?;
    project_path(root, &target)
}

fn project_path(root: &Path, path: &Path) -> Option<ProjectPath> {
    let relative = path.strip_prefix(root).ok()?;
    if relative.as_os_str().is_empty() {
        return Some(ProjectPath::root());
    }
    ProjectPath::new(relative.to_str()?).ok()
}

#[cfg(test)]
mod tests;

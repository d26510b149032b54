//! Walks the files of a project that checks may see.
//!
//! Below the named paths, a walk skips what the project's own `.gitignore` files ignore, hidden files,
//! other repositories, and folders that tools mark as their own. It does so with or without a repository.
//! The ignore files of parent folders and of the user, and `info/exclude`, have no effect, because they
//! differ between machines. Each folder is listed once, and the list has the types of its entries; only
//! the visitor opens files.

use std::ffi::OsString;
use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::Gitignore;
use rayon::prelude::*;

use super::globs::{GITIGNORE, GitignoreTotal, ParsedGitignore, parse_gitignore, parse_globs};
use super::{PROOF, SnapshotError, is_staged};
use crate::project::ProjectPath;
use crate::tools::{NOTEBOOK_ENDING, PYTHON_ENDINGS};

/// Files that mark their folder as foreign to the project: caches, `target`, environments, other
/// repositories, crates that cargo vendored.
const FOREIGN_FOLDER_MARKERS: &[&str] =
    &["CACHEDIR.TAG", "pyvenv.cfg", ".git", ".cargo-checksum.json"];

/// Folders that never contain sources.
const FOREIGN_FOLDERS: &[&str] = &["__pycache__", "node_modules"];

/// Hidden folders in which projects keep Python of their own: those of forges and CI systems. Other
/// files in them are seen like those in other hidden folders.
const HIDDEN_FOLDERS: &[&str] = &[
    ".azure-pipelines",
    ".buildkite",
    ".ci",
    ".circleci",
    ".forgejo",
    ".gitea",
    ".github",
    ".gitlab",
    ".woodpecker",
];

/// The number of files of a folder from which another thread pays off.
const MIN_FILES_PER_THREAD: usize = 16;

/// A part of a project that one walk covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part<'a> {
    /// The named folder or file.
    pub(super) path: &'a ProjectPath,
    /// Globs of files to leave out.
    pub(super) exclude: &'a [String],
    /// Globs of files to include even if the rules skip them.
    pub(super) include: &'a [String],
    /// The endings of hidden files that are seen.
    pub(super) hidden: &'a [String],
    /// Whether the path is a file that is included even if the rules skip it.
    pub(super) is_generated: bool,
}

/// The files of a walk, each with the value that the visitor returned.
pub(super) struct WalkResult<F> {
    pub(super) files: Vec<(ProjectPath, F)>,
    /// The folders in which the rules of the project let a new file be seen.
    pub(super) folders: Vec<ProjectPath>,
    pub(super) links: Vec<ProjectPath>,
    pub(super) warnings: Vec<String>,
}

impl<F> Default for WalkResult<F> {
    fn default() -> WalkResult<F> {
        WalkResult {
            files: Vec::new(),
            folders: Vec::new(),
            links: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl<F> WalkResult<F> {
    fn extend(&mut self, other: WalkResult<F>) {
        self.files.extend(other.files);
        self.folders.extend(other.folders);
        self.links.extend(other.links);
        self.warnings.extend(other.warnings);
    }
}

/// Called for each file with its path and its place on disk; returns none if the file no longer exists.
pub(super) type Visitor<'a, F> =
    &'a (dyn Fn(&ProjectPath, &Path) -> Result<Option<F>, SnapshotError> + Sync);

/// Walks a part of the project at `root` and calls the visitor for each file. The result has no
/// order.
///
/// # Errors
///
/// When a glob is invalid, or a folder or file cannot be read.
pub(super) fn walk<F: Send>(
    root: &Path,
    part: Part<'_>,
    visit: Visitor<'_, F>,
) -> Result<WalkResult<F>, SnapshotError> {
    let exclude = parse_globs(root, part.exclude)?;
    let include = parse_globs(root, part.include)?;
    let total = GitignoreTotal::default();
    let walk_by = |rules| Walk { part, exclude: &exclude, rules, visit, total: &total };
    if part.is_generated {
        return walk_by(Rules::None).walk(root);
    }
    let mut found = walk_by(Rules::Project).walk(root)?;
    if !include.is_empty() {
        found.extend(walk_by(Rules::Included(&include)).walk(root)?);
    }
    Ok(found)
}

/// The rules that decide what a walk skips.
#[derive(Clone, Copy)]
enum Rules<'a> {
    /// The rules of the project and of cargo pipe.
    Project,
    /// No rules, to find the files that these globs include.
    Included(&'a Gitignore),
    /// No rules.
    None,
}

/// A walk to a path, and then below it.
struct Walk<'a, F> {
    part: Part<'a>,
    exclude: &'a Gitignore,
    rules: Rules<'a>,
    visit: Visitor<'a, F>,
    total: &'a GitignoreTotal,
}

/// A folder to walk.
struct Folder {
    path: ProjectPath,
    place: PathBuf,
    /// The ignore rules of the folders above.
    above: Option<Arc<Ignores>>,
}

/// The entries of a folder.
struct Entries<F> {
    found: WalkResult<F>,
    folders: Vec<Folder>,
}

impl<F: Send> Walk<'_, F> {
    /// Walks level by level, not into one folder after another: the depth of a project must not decide
    /// how large the stack has to be.
    fn walk(&self, root: &Path) -> Result<WalkResult<F>, SnapshotError> {
        let Entries { mut found, folders: mut level } = self.walk_towards(root)?;
        while !level.is_empty() {
            let entries = level.into_par_iter().map(|folder| self.list(folder));
            let entries: Vec<Entries<F>> = entries.collect::<Result<_, _>>()?;
            level = Vec::new();
            for one in entries {
                found.extend(one.found);
                level.extend(one.folders);
            }
        }
        Ok(found)
    }

    /// Finds the named path, unless a folder above it is ignored.
    fn walk_towards(&self, root: &Path) -> Result<Entries<F>, SnapshotError> {
        let mut entries = Entries { found: WalkResult::default(), folders: Vec::new() };
        let (mut path, mut place, mut above) = (ProjectPath::root(), root.to_owned(), None);
        while path != *self.part.path {
            // The walk of the folder itself shows the warning, if there is one.
            let own = self.parse_gitignore(&path, &place)?.rules;
            above = Ignores::below(above, own);
            let start = if path.is_root() { 0 } else { path.as_str().len() + 1 };
            let rest = self.part.path.as_str().get(start..).unwrap_or_default();
            let name = rest.split('/').next().unwrap_or_default();
            place.push(name);
            let (Some(next), Ok(metadata)) = (path.child(name), fs::symlink_metadata(&place))
            else {
                return Ok(entries);
            };
            let kind = metadata.file_type();
            if is_ignored(above.as_deref(), &place, kind) {
                return Ok(entries);
            }
            if !kind.is_dir() {
                if next == *self.part.path {
                    entries.found = self.add_file(next, &place, kind)?;
                }
                return Ok(entries);
            }
            path = next;
        }
        entries.folders.push(Folder { path, place, above });
        Ok(entries)
    }

    /// Lists the entries of a folder.
    fn list(&self, folder: Folder) -> Result<Entries<F>, SnapshotError> {
        let Folder { path: folder, place, above } = folder;
        let mut found = WalkResult::default();
        let mut folders = Vec::new();
        let Some(listed) = list_folder(&place)? else {
            return Ok(Entries { found, folders });
        };
        let has = |wanted: &str| listed.iter().any(|(name, _)| name == wanted);
        let follows = matches!(self.rules, Rules::Project);
        let is_foreign = FOREIGN_FOLDER_MARKERS.iter().any(|marker| has(marker));
        if follows && is_foreign && folder != *self.part.path {
            return Ok(Entries { found, folders });
        }
        let is_in_hidden = self.is_in_hidden_folder(&folder);
        let mut own = Gitignore::empty();
        if has(GITIGNORE) {
            let parsed = self.parse_gitignore(&folder, &place)?;
            own = parsed.rules;
            found.warnings.extend(parsed.warning);
        }
        let above = Ignores::below(above, own);
        let mut others = Vec::new();
        for (name, kind) in listed {
            let is = |wanted: &&str| name == *wanted;
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            let is_opened =
                !self.part.hidden.is_empty() || kind.is_dir() && HIDDEN_FOLDERS.iter().any(is);
            let is_foreign = kind.is_dir() && FOREIGN_FOLDERS.iter().any(is);
            if is(&".git") || follows && (is_hidden && !is_opened || is_foreign) {
                continue;
            }
            let place = place.join(&name);
            if is_ignored(above.as_deref(), &place, kind) {
                continue;
            }
            let Some(path) = name.to_str().and_then(|name| folder.child(name)) else {
                let name = format!("{folder}/{}", name.display());
                let name = name.strip_prefix("./").unwrap_or(&name).escape_debug();
                found.warnings.push(format!("`{name}` is left out, because its name is not UTF-8"));
                continue;
            };
            if kind.is_dir() {
                folders.push(Folder { path, place, above: above.clone() });
            } else {
                let is_seen = !follows || !(is_in_hidden || is_hidden) || self.sees_hidden(&path);
                others.extend(is_seen.then_some((path, place, kind)));
            }
        }
        let others = others.into_par_iter().with_min_len(MIN_FILES_PER_THREAD);
        let others = others.map(|(path, place, kind)| self.add_file(path, &place, kind));
        let others: Vec<WalkResult<F>> = others.collect::<Result<_, _>>()?;
        others.into_iter().for_each(|other| found.extend(other));
        found.folders.extend(follows.then_some(folder));
        Ok(Entries { found, folders })
    }

    /// Whether a folder is hidden, or in a hidden folder, that is not named.
    fn is_in_hidden_folder(&self, folder: &ProjectPath) -> bool {
        !folder.is_root() && self.hidden_names(folder).next().is_some()
    }

    /// Whether a file that is hidden, or in a hidden folder, is seen.
    fn sees_hidden(&self, path: &ProjectPath) -> bool {
        let is_wanted = |ending: &String| path.as_str().ends_with(ending.as_str());
        let is_of_forge = || self.hidden_names(path).all(|name| HIDDEN_FOLDERS.contains(&name));
        self.part.hidden.iter().any(is_wanted) || ends_like_source(path) && is_of_forge()
    }

    /// The hidden names in a path, below the named path.
    fn hidden_names<'p>(&self, path: &'p ProjectPath) -> impl Iterator<Item = &'p str> {
        let named = self.part.path;
        let start = if named.is_root() { 0 } else { named.as_str().len() };
        let below = path.as_str().get(start..).unwrap_or_default();
        below.split('/').filter(|name| name.starts_with('.'))
    }

    /// Adds an entry that is not a folder.
    fn add_file(
        &self,
        path: ProjectPath,
        place: &Path,
        kind: FileType,
    ) -> Result<WalkResult<F>, SnapshotError> {
        let mut found = WalkResult::default();
        let matches = |globs: &Gitignore| {
            !globs.is_empty() && globs.matched_path_or_any_parents(place, false).is_ignore()
        };
        let is_covered = match self.rules {
            Rules::Project | Rules::None => true,
            Rules::Included(include) => matches(include),
        };
        if !is_covered
            || matches(self.exclude)
            || path.as_str() == PROOF
            || is_staged(path.file_name())
        {
            return Ok(found);
        }
        if kind.is_symlink() {
            found.links.push(path);
        } else if kind.is_file() {
            let visited = (self.visit)(&path, place)?;
            found.files.extend(visited.map(|value| (path, value)));
        } else {
            found
                .warnings
                .push(format!("`{path}` is neither a file nor a link, so it is left out"));
        }
        Ok(found)
    }

    /// Parses the `.gitignore` of a folder, if the rules include it.
    fn parse_gitignore(
        &self,
        folder: &ProjectPath,
        place: &Path,
    ) -> Result<ParsedGitignore, SnapshotError> {
        match self.rules {
            Rules::Project => {
                let path = folder.child(GITIGNORE);
                let path = path.as_ref().map_or(GITIGNORE, ProjectPath::as_str);
                parse_gitignore(place, path, self.total)
            }
            Rules::Included(_) | Rules::None => {
                Ok(ParsedGitignore { rules: Gitignore::empty(), warning: None })
            }
        }
    }
}

/// The ignore rules of a folder that has some, and those above.
struct Ignores {
    own: Gitignore,
    above: Option<Arc<Ignores>>,
}

impl Ignores {
    /// The rules below a folder with rules of its own, if they are any.
    fn below(above: Option<Arc<Ignores>>, own: Gitignore) -> Option<Arc<Ignores>> {
        if own.is_empty() { above } else { Some(Arc::new(Ignores { own, above })) }
    }
}

/// Whether rules ignore an entry. The nearest rule that matches decides.
fn is_ignored(rules: Option<&Ignores>, place: &Path, kind: FileType) -> bool {
    let mut next = rules;
    while let Some(Ignores { own, above }) = next {
        let matched = own.matched(place, kind.is_dir());
        if !matched.is_none() {
            return matched.is_ignore();
        }
        next = above.as_deref();
    }
    false
}

fn ends_like_source(path: &ProjectPath) -> bool {
    let endings = PYTHON_ENDINGS.iter().chain([&NOTEBOOK_ENDING]);
    endings.into_iter().any(|ending| path.as_str().ends_with(ending))
}

/// Lists the names and types in a folder; none if it no longer exists.
fn list_folder(folder: &Path) -> Result<Option<Vec<(OsString, FileType)>>, SnapshotError> {
    let listed = fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.and_then(|it| Ok((it.file_name(), it.file_type()?)))).collect()
    });
    match listed {
        Ok(listed) => Ok(Some(listed)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SnapshotError::io("read", folder)(error)),
    }
}

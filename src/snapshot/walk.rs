//! Comes across the files of a project.
//!
//! Owns the rules of what is covered: below the named paths, nothing that the project's own
//! `.gitignore` files ignore (with or without a repository; never a parent folder's, the user's or
//! `info/exclude`, because those differ between machines), nothing hidden, no other repository,
//! and no folder that a tool marks as its own. Each folder is listed once, and its list says what
//! it is; no file is looked at but by whoever asked. What is found goes into an
//! [`Inventory`](super::Inventory).

use std::ffi::OsString;
use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rayon::prelude::*;

use super::{PROOF, SnapshotError, is_staged};
use crate::project::ProjectPath;

/// Files whose presence says that their folder is no part of the project: caches, `target`,
/// environments, other repositories, crates that cargo vendored.
const FOREIGN_FOLDER_MARKERS: &[&str] =
    &["CACHEDIR.TAG", "pyvenv.cfg", ".git", ".cargo-checksum.json"];

/// Folders that never hold sources, wherever they are.
const FOREIGN_FOLDERS: &[&str] = &["__pycache__", "node_modules"];

/// How many files of a folder are worth another thread.
const HANDFUL: usize = 16;

/// A part of a project that is walked by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part<'a> {
    /// The folder or file that is named.
    pub(super) path: &'a ProjectPath,
    /// Globs of what is left out.
    pub(super) exclude: &'a [String],
    /// Globs of what is taken whatever the rules say.
    pub(super) include: &'a [String],
}

/// What a walk came across, with what was made of each file.
pub(super) struct WalkResult<F> {
    pub(super) files: Vec<(ProjectPath, F)>,
    pub(super) links: Vec<ProjectPath>,
    pub(super) warnings: Vec<String>,
}

impl<F> Default for WalkResult<F> {
    fn default() -> WalkResult<F> {
        WalkResult { files: Vec::new(), links: Vec::new(), warnings: Vec::new() }
    }
}

impl<F> WalkResult<F> {
    fn add(&mut self, other: WalkResult<F>) {
        self.files.extend(other.files);
        self.links.extend(other.links);
        self.warnings.extend(other.warnings);
    }
}

/// What is made of a file, by its path and its place on the disk; none if it is gone meanwhile.
pub(super) type Visitor<'a, F> =
    &'a (dyn Fn(&ProjectPath, &Path) -> Result<Option<F>, SnapshotError> + Sync);

/// Walks a part of the project at `root`, and looks at each file that it covers. Nothing has an
/// order.
///
/// # Errors
///
/// When a glob is none, or a folder or file cannot be read.
pub(super) fn walk<F: Send>(
    root: &Path,
    part: Part<'_>,
    look: Visitor<'_, F>,
) -> Result<WalkResult<F>, SnapshotError> {
    let exclude = globs(root, part.exclude)?;
    let include = globs(root, part.include)?;
    let by = |rules| Walk { named: part.path, exclude: &exclude, rules, look };
    let mut found = by(Rules::Project).towards(ProjectPath::root(), root, None)?;
    if !include.is_empty() {
        found.add(by(Rules::Included(&include)).towards(ProjectPath::root(), root, None)?);
    }
    Ok(found)
}

/// Whose rules of what to leave out a walk follows.
#[derive(Clone, Copy)]
enum Rules<'a> {
    /// The project's own, and ours.
    Project,
    /// Nobody's, for what is included in spite of them.
    Included(&'a Gitignore),
}

/// A walk towards a path and then below it.
struct Walk<'a, F> {
    named: &'a ProjectPath,
    exclude: &'a Gitignore,
    rules: Rules<'a>,
    look: Visitor<'a, F>,
}

impl<F: Send> Walk<'_, F> {
    /// Goes on from a folder on the way.
    fn towards(
        &self,
        folder: ProjectPath,
        place: &Path,
        above: Option<&Ignores<'_>>,
    ) -> Result<WalkResult<F>, SnapshotError> {
        if folder == *self.named {
            return self.folder(&folder, place, above);
        }
        let ignores = Ignores { own: self.ignores(place), above };
        let start = if folder.is_root() { 0 } else { folder.as_str().len() + 1 };
        let rest = self.named.as_str().get(start..).unwrap_or_default();
        let name = rest.split('/').next().unwrap_or_default();
        let place = place.join(name);
        let (Some(path), Ok(metadata)) = (folder.child(name), fs::symlink_metadata(&place)) else {
            return Ok(WalkResult::default());
        };
        let kind = metadata.file_type();
        if ignores.ignore(&place, kind) {
            return Ok(WalkResult::default());
        }
        match kind.is_dir() {
            true => self.towards(path, &place, Some(&ignores)),
            false if path == *self.named => self.file(path, &place, kind),
            false => Ok(WalkResult::default()),
        }
    }

    /// Everything below a folder.
    fn folder(
        &self,
        folder: &ProjectPath,
        place: &Path,
        above: Option<&Ignores<'_>>,
    ) -> Result<WalkResult<F>, SnapshotError> {
        let Some(listed) = list(place)? else {
            return Ok(WalkResult::default());
        };
        let has = |wanted: &str| listed.iter().any(|(name, _)| name == wanted);
        let follows = matches!(self.rules, Rules::Project);
        let is_foreign = FOREIGN_FOLDER_MARKERS.iter().any(|marker| has(marker));
        if follows && is_foreign && folder != self.named {
            return Ok(WalkResult::default());
        }
        let own = if has(GITIGNORE) { self.ignores(place) } else { Gitignore::empty() };
        let ignores = Ignores { own, above };
        let mut found = WalkResult::default();
        let (mut folders, mut others) = (Vec::new(), Vec::new());
        for (name, kind) in listed {
            let is = |wanted: &&str| name == *wanted;
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            let is_foreign = kind.is_dir() && FOREIGN_FOLDERS.iter().any(is);
            if is(&".git") || follows && (is_hidden || is_foreign) {
                continue;
            }
            let place = place.join(&name);
            if ignores.ignore(&place, kind) {
                continue;
            }
            let Some(path) = name.to_str().and_then(|name| folder.child(name)) else {
                let name = format!("{folder}/{}", name.display());
                let name = name.strip_prefix("./").unwrap_or(&name).escape_debug();
                found.warnings.push(format!("`{name}` is left out: no tool could name it"));
                continue;
            };
            match kind.is_dir() {
                true => folders.push((path, place)),
                false => others.push((path, place, kind)),
            }
        }
        let (below, here) = rayon::join(
            || {
                let below = folders.into_par_iter();
                let below = below.map(|(path, place)| self.folder(&path, &place, Some(&ignores)));
                below.collect::<Result<Vec<_>, _>>()
            },
            || {
                let here = others.into_par_iter().with_min_len(HANDFUL);
                let here = here.map(|(path, place, kind)| self.file(path, &place, kind));
                here.collect::<Result<Vec<_>, _>>()
            },
        );
        below?.into_iter().chain(here?).for_each(|other| found.add(other));
        Ok(found)
    }

    /// What is no folder.
    fn file(
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
            Rules::Project => true,
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
            let looked = (self.look)(&path, place)?;
            found.files.extend(looked.map(|looked| (path, looked)));
        } else {
            found
                .warnings
                .push(format!("`{path}` is neither a file nor a link, so it is left out"));
        }
        Ok(found)
    }

    /// What the `.gitignore` of a folder ignores, if that counts. What cannot be understood in it
    /// ignores nothing, as with git.
    fn ignores(&self, folder: &Path) -> Gitignore {
        match self.rules {
            Rules::Project => {
                let mut builder = GitignoreBuilder::new(folder);
                let _ = builder.add(folder.join(GITIGNORE));
                builder.build().unwrap_or_else(|_| Gitignore::empty())
            }
            Rules::Included(_) => Gitignore::empty(),
        }
    }
}

const GITIGNORE: &str = ".gitignore";

/// What is ignored in a folder: by its own file, or else by one above.
struct Ignores<'a> {
    own: Gitignore,
    above: Option<&'a Ignores<'a>>,
}

impl Ignores<'_> {
    fn ignore(&self, place: &Path, kind: FileType) -> bool {
        let said = match self.own.is_empty() {
            true => ignore::Match::None,
            false => self.own.matched(place, kind.is_dir()),
        };
        match said {
            ignore::Match::None => self.above.is_some_and(|above| above.ignore(place, kind)),
            said => said.is_ignore(),
        }
    }
}

/// The names in a folder, and what is there; none if it is gone meanwhile.
fn list(folder: &Path) -> Result<Option<Vec<(OsString, FileType)>>, SnapshotError> {
    let listed = fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.and_then(|it| Ok((it.file_name(), it.file_type()?)))).collect()
    });
    match listed {
        Ok(listed) => Ok(Some(listed)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SnapshotError::io("read", folder)(error)),
    }
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

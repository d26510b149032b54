//! Removes the files that `init` wrote.
//!
//! Only generated files are removed, and only if their first line proves that they are unedited; then
//! their folders, if these are empty. What was removed and what stayed is returned as data.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{ScaffoldError, pipelines};
use crate::config::{Check, Config};
use crate::discover;
use crate::environment::recipe;
use crate::project::FileLocation;
use crate::read::{self, SizeLimit};
use crate::template::{FileOrigin, GENERATED, origin};

/// A generated file that was removed or stayed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileRemoval {
    /// The file.
    pub location: FileLocation,
    /// Whether it was removed.
    pub taken: Taken,
}

/// Whether a generated file was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// It was unedited and is removed.
    Removed,
    /// It was edited and stays.
    Kept,
}

/// Removes the generated files of a project that are provably unedited, and the folders that are then
/// empty. Options that `--fix-configs` commented out stay commented out.
///
/// # Errors
///
/// When a file cannot be read or removed. The files before it are removed then.
pub fn remove(root: &Path, config: &Config) -> Result<Vec<FileRemoval>, ScaffoldError> {
    let mut removals = Vec::new();
    let placement = discover::placement(root);
    // `pipe.toml` is removed last, because a second attempt needs it to find the project.
    let generated: Vec<FileLocation> =
        GENERATED.iter().rev().filter_map(|file| file.locate(&placement, &config.config)).collect();
    let locks = config.checks.iter().filter_map(Check::lock).chain([recipe::BUILD]);
    let of_project = config.dependency_sets().into_iter().map(|set| set.lock());
    let locks = locks.map(str::to_owned).chain(of_project);
    let locks: BTreeSet<FileLocation> = locks
        .filter_map(|name| recipe::lock_path(config, &name).ok())
        .map(|path| placement.in_project(path))
        .filter(|location| !generated.contains(location))
        .collect();
    let base_lock = placement.in_project(recipe::base_lock_path(config));
    for location in locks.into_iter().chain([base_lock.clone()]).chain(generated) {
        let place = location.on_disk();
        let (base, path) = (location.base(), location.path());
        let is_file = fs::symlink_metadata(&place).is_ok_and(|metadata| metadata.is_file());
        if !is_file
            || discover::inside(base, path).is_err()
            || pipelines::is_shared(&placement, &location)
        {
            continue;
        }
        let taken = match read::read_project_file(base, path, SizeLimit::Lock) {
            // It records what an engine found, so that nothing is lost with it.
            Ok(_) if location == base_lock => Taken::Removed,
            Ok(content) => match origin(&String::from_utf8_lossy(&content)) {
                FileOrigin::Generated => Taken::Removed,
                FileOrigin::Edited => Taken::Kept,
                FileOrigin::Foreign => continue,
            },
            Err(error) => return Err(ScaffoldError::disk("read", &place)(error.into())),
        };
        if taken == Taken::Removed {
            fs::remove_file(&place).map_err(ScaffoldError::disk("remove", &place))?;
            remove_empty(base, &place);
        }
        removals.push(FileRemoval { location, taken });
    }
    Ok(removals)
}

/// Removes the folders above a file, up to the root, as long as they are empty.
pub(super) fn remove_empty(root: &Path, place: &Path) {
    let folders = place.ancestors().skip(1).take_while(|folder| *folder != root);
    for folder in folders {
        // This fails for a folder that is not empty, which ends the loop.
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

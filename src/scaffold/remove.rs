//! Takes away what `init` wrote.
//!
//! Owns the promise that nothing else goes: only files of the list of generated ones, only with a
//! first line that proves that nobody edited them, then folders that are empty. Must not print;
//! what was taken and what stayed is returned as data.

use std::fs;
use std::path::Path;

use super::ScaffoldError;
use crate::config::{Check, CommandPlace, Config, Work};
use crate::environment::recipe;
use crate::project::{ProjectPath, discover};
use crate::template::{FileOrigin, GENERATED, origin};

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileRemoval {
    /// The file.
    pub path: ProjectPath,
    /// What became of it.
    pub taken: Taken,
}

/// What became of a file that `init` wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// It was unchanged, and is gone.
    Removed,
    /// Somebody edited it, so it stays.
    Kept,
}

/// Takes away the generated files of a project that are provably unchanged, and the folders that
/// are empty then. What `--fix-configs` commented out stays so.
///
/// # Errors
///
/// When the disk refuses something; the files before are gone then.
pub fn remove(root: &Path, config: &Config) -> Result<Vec<FileRemoval>, ScaffoldError> {
    let mut removals = Vec::new();
    let requires = |check: &&Check| {
        matches!(&check.work, Work::Command { place: CommandPlace::Requirements(_), .. })
    };
    let checks = config.checks.iter().filter(requires).map(|check| check.name.as_str());
    let locks = checks.chain([recipe::PROJECT]);
    let locks = locks.filter_map(|name| recipe::lock_path(config, name).ok());
    // The project's own file goes last: without it, a second try would find no project.
    let files = GENERATED.iter().rev().filter_map(|file| file.path_in(&config.config));
    for path in locks.chain(files) {
        let place = path.on_disk(root);
        let is_file = fs::symlink_metadata(&place).is_ok_and(|metadata| metadata.is_file());
        if !is_file || discover::inside(root, &path).is_err() {
            continue;
        }
        let taken = match fs::read(&place).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        {
            Ok(text) => match origin(&text) {
                FileOrigin::Generated => Taken::Removed,
                FileOrigin::Edited => Taken::Kept,
                FileOrigin::Foreign => continue,
            },
            Err(error) => return Err(ScaffoldError::disk("read", &place)(error)),
        };
        if taken == Taken::Removed {
            fs::remove_file(&place).map_err(ScaffoldError::disk("remove", &place))?;
            remove_empty(root, &place);
        }
        removals.push(FileRemoval { path, taken });
    }
    Ok(removals)
}

/// Removes the folders above a file, up to the root, as long as they are empty.
pub(super) fn remove_empty(root: &Path, place: &Path) {
    let folders = place.ancestors().skip(1).take_while(|folder| *folder != root);
    for folder in folders {
        // A folder that is not empty cannot be removed this way, which is the whole test.
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

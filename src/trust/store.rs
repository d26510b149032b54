//! Storage of the user's grants: one file for each project, in the user's state folder.
//!
//! Files are written atomically. A file or folder that another user could have written is rejected.
//! CI jobs have no such folder: they pass their grants with `--allow`.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Record, TrustError};
use crate::env_vars::EnvVars;
use crate::hash::Hash;
use crate::read::SizeLimit;

/// The mode bits that let others write.
const OTHERS_WRITE: u32 = 0o022;

/// Reads the grants for the project at this canonical path.
///
/// # Errors
///
/// When there is a record that cannot be read or is rejected.
pub fn read(variables: &EnvVars, root: &Path) -> Result<Option<Record>, TrustError> {
    let Some(folder) = folder(variables) else {
        return Ok(None);
    };
    if !believe_folder(&folder)? {
        return Ok(None);
    }
    read_file(&folder.join(file_name(root)))
}

/// Replaces the grants for the project at this canonical path.
///
/// # Errors
///
/// When it cannot be written, or the folder is not the user's own.
pub fn write(variables: &EnvVars, root: &Path, record: &Record) -> Result<(), TrustError> {
    let folder = folder(variables).ok_or(TrustError::NoHome)?;
    if !believe_folder(&folder)? {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(io("create", &folder))?;
    }
    fs::set_permissions(&folder, Permissions::from_mode(0o700))
        .map_err(io("set the mode of", &folder))?;
    let path = folder.join(file_name(root));
    let mut text = serde_json::to_vec_pretty(record)
        .map_err(|error| io("write", &path)(io::Error::other(error)))?;
    text.push(b'\n');
    // The file is created with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(io("write in", &folder))?;
    file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(io("write", &path))?;
    file.persist(&path).map_err(|error| io("write", &path)(error.error))?;
    Ok(())
}

/// Removes the grants for the project at this canonical path. Returns whether there were any.
///
/// # Errors
///
/// When it cannot be removed.
pub fn revoke(variables: &EnvVars, root: &Path) -> Result<bool, TrustError> {
    let Some(folder) = folder(variables) else {
        return Ok(false);
    };
    let path = folder.join(file_name(root));
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io("remove", &path)(error)),
    }
}

/// Reads all grants of the user, in the order of the projects' paths.
///
/// # Errors
///
/// When the folder or a record in it cannot be read or is rejected.
pub fn list(variables: &EnvVars) -> Result<Vec<Record>, TrustError> {
    let Some(folder) = folder(variables) else {
        return Ok(Vec::new());
    };
    if !believe_folder(&folder)? {
        return Ok(Vec::new());
    }
    let mut records = Vec::new();
    for entry in fs::read_dir(&folder).map_err(io("read", &folder))? {
        let path = entry.map_err(io("read", &folder))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            records.extend(read_file(&path)?);
        }
    }
    records.sort_by(|one, other| one.project.cmp(&other.project));
    Ok(records)
}

/// Our folder in the user's state folder; none if the user has no home. Relative paths are ignored, as
/// the XDG Base Directory Specification demands.
pub(crate) fn folder(variables: &EnvVars) -> Option<PathBuf> {
    let state = variables.get("XDG_STATE_HOME").map(PathBuf::from).filter(|it| it.is_absolute());
    let state = state.or_else(|| Some(Path::new(variables.get("HOME")?).join(".local/state")))?;
    Some(state.join("cargo-pipe/trust"))
}

fn file_name(root: &Path) -> String {
    format!("{}.json", Hash::of(root.as_os_str().as_encoded_bytes()))
}

/// Whether the folder exists. Fails if another user could write to it.
fn believe_folder(folder: &Path) -> Result<bool, TrustError> {
    match fs::symlink_metadata(folder) {
        Ok(metadata) if metadata.is_dir() => believe(folder, &metadata).map(|()| true),
        Ok(_) => Err(unbelieved(folder, "it is not a folder")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io("look at", folder)(error)),
    }
}

fn read_file(path: &Path) -> Result<Option<Record>, TrustError> {
    let not_through_a_link = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(not_through_a_link.bits()).unwrap_or_default();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let mut file: File = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(unbelieved(path, "it is a link"));
        }
        Err(error) => return Err(io("read", path)(error)),
    };
    // Check the open file, not whatever has its name by now.
    let metadata = file.metadata().map_err(io("look at", path))?;
    if !metadata.is_file() {
        return Err(unbelieved(path, "it is not a file"));
    }
    believe(path, &metadata)?;
    let mut text = Vec::new();
    (&mut file).take(SizeLimit::Config.bytes()).read_to_end(&mut text).map_err(io("read", path))?;
    let record = serde_json::from_slice(&text).map_err(|error| TrustError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    Ok(Some(record))
}

fn believe(path: &Path, metadata: &Metadata) -> Result<(), TrustError> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(unbelieved(path, "another user owns it"));
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return Err(unbelieved(path, "other users can write to it"));
    }
    Ok(())
}

fn unbelieved(path: &Path, why: &'static str) -> TrustError {
    TrustError::Unbelieved { path: path.to_owned(), why }
}

fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> TrustError + use<'a> {
    move |source| TrustError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, EnvVars) {
        let home = tempfile::tempdir().unwrap();
        let variables = EnvVars::from([("HOME", home.path().to_str().unwrap())]);
        (home, variables)
    }

    fn record() -> Record {
        Record::of("/p".to_owned(), &[])
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_the_users_alone_and_reads_back() {
        let (home, variables) = home();
        let root = Path::new("/p");
        assert_eq!(read(&variables, root).unwrap(), None);
        assert!(list(&variables).unwrap().is_empty());
        write(&variables, root, &record()).unwrap();
        let folder = home.path().join(".local/state/cargo-pipe/trust");
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(file_name(root))), 0o600);
        assert_eq!(read(&variables, root).unwrap(), Some(record()));
        assert_eq!(read(&variables, Path::new("/q")).unwrap(), None);
        assert_eq!(list(&variables).unwrap(), [record()]);
        assert!(revoke(&variables, root).unwrap());
        assert!(!revoke(&variables, root).unwrap());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn a_grant_that_others_can_write_is_not_used() {
        let (home, variables) = home();
        let root = Path::new("/p");
        write(&variables, root, &record()).unwrap();
        let folder = home.path().join(".local/state/cargo-pipe/trust");
        let file = folder.join(file_name(root));
        let why = |path: &Path, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            read(&variables, root).map(drop).map_err(|error| error.to_string())
        };
        assert!(why(&file, 0o620).unwrap_err().ends_with("other users can write to it"));
        assert!(why(&file, 0o602).is_err());
        assert!(why(&file, 0o600).is_ok());
        assert!(why(&folder, 0o770).unwrap_err().ends_with("other users can write to it"));
        let refused = write(&variables, root, &record()).unwrap_err();
        assert!(refused.hint().unwrap().starts_with("remove it with"), "{refused}");
        assert!(why(&folder, 0o700).is_ok());

        let real = folder.join("real");
        fs::rename(&file, &real).unwrap();
        std::os::unix::fs::symlink(&real, &file).unwrap();
        assert!(why(&folder, 0o700).unwrap_err().ends_with("it is a link"));
    }

    #[test]
    fn a_state_folder_that_is_named_wins_unless_it_is_relative() {
        let at = |variables: EnvVars| folder(&variables);
        let below = |path: &str| Some(PathBuf::from(path));
        assert_eq!(
            at([("HOME", "/h"), ("XDG_STATE_HOME", "/s")].into()),
            below("/s/cargo-pipe/trust")
        );
        assert_eq!(
            at([("HOME", "/h"), ("XDG_STATE_HOME", "s")].into()),
            below("/h/.local/state/cargo-pipe/trust")
        );
        assert_eq!(at(EnvVars::default()), None);
    }
}

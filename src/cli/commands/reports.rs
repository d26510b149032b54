//! The files of `--report`.
//!
//! Owns that a report can be written, which is found out before anything runs, and that it appears
//! whole or not at all. It must not know what a report says; the formats make its text.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::report::Report;

use crate::cli::args::ReportTarget;
use crate::cli::exit::Failure;

/// Finds out whether the reports can be written.
pub(super) fn validate(targets: &[ReportTarget]) -> Result<(), Failure> {
    for (index, ReportTarget { path, .. }) in targets.iter().enumerate() {
        let shown = path.display();
        if !folder_of(path).is_dir() {
            let hint = format!("make it with `mkdir -p {}`", folder_of(path).display());
            return Err(Failure::usage(format!(
                "the folder of the report `{shown}` does not exist"
            ))
            .with_hint(hint));
        }
        if path.is_dir() {
            return Err(Failure::usage(format!(
                "the report `{shown}` would be a folder that exists"
            )));
        }
        if targets[..index].iter().any(|other| other.path == *path) {
            return Err(Failure::usage(format!("two reports would be written to `{shown}`")));
        }
    }
    Ok(())
}

/// Writes the reports.
pub(super) fn write(targets: &[ReportTarget], report: &Report) -> Result<(), Failure> {
    for ReportTarget { format, path } in targets {
        replace(path, &format.render(report)).map_err(|source| Failure::System {
            what: format!("cannot write the report `{}`", path.display()),
            source,
        })?;
    }
    Ok(())
}

/// Puts a file with this text in place, whole or not at all.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A device such as /dev/stdout is written to, not replaced.
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return fs::write(path, text);
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let partial = format!(".{}.{}.partial", name.to_string_lossy(), std::process::id());
    let partial = folder_of(path).join(partial);
    let written = File::create_new(&partial)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // Best effort: what went wrong first is what is told.
        drop(fs::remove_file(&partial));
    }
    written
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

//! House rules that no compiler and no linter knows.
//!
//! Owns the list of rules; each is a function from what lies in the repository to complaints.
//! Must not know what the code does. All complaints are shown at once, and `cargo test` fails
//! with the same ones.

mod api;
mod dependencies;
mod layers;
mod sources;
mod words;

use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::process::{self, Command};
use crate::workspace;

/// A file under version control, or about to be.
pub(crate) struct File {
    /// Relative to the root of the repository, with `/`.
    path: String,
    text: String,
}

impl File {
    fn is_source(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Applies every rule.
///
/// # Errors
///
/// When one is broken, with every place.
pub(crate) fn run() -> Result<()> {
    let files = files()?;
    let mut complaints = Vec::new();
    for file in &files {
        complaints.extend(words::complaints(file));
        if file.is_source() {
            complaints.extend(sources::complaints(file));
        }
    }
    complaints.extend(words::roots(&files));
    complaints.extend(api::complaints(&files));
    complaints.extend(layers::complaints(&files));
    complaints.extend(dependencies::complaints()?);
    complaints.sort();
    if complaints.is_empty() {
        eprintln!("tidy: {} follow the rules", process::plural(files.len() as u64, "file"));
        return Ok(());
    }
    let count = process::plural(complaints.len() as u64, "rule");
    Err(Failure::new(format!("{count} broken:\n\n{}", complaints.join("\n"))))
}

/// Every file that git tracks or would; in an exported tree, every visible one.
fn files() -> Result<Vec<File>> {
    let listing = Command::new("git", ["ls-files", "--cached", "--others", "--exclude-standard"]);
    let paths: Vec<String> = match listing.read() {
        Ok(listing) => listing.lines().map(str::to_owned).collect(),
        Err(_) => visible()?,
    };
    let existing = |path: String| {
        let bytes = std::fs::read(workspace::root().join(&path)).ok()?;
        // What is not text has no lines to look at.
        String::from_utf8(bytes).ok().map(|text| File { path, text })
    };
    Ok(paths.into_iter().filter_map(existing).collect())
}

fn visible() -> Result<Vec<String>> {
    let root = workspace::root();
    let relative = |path: PathBuf| {
        let path = path.strip_prefix(root).map_or_else(|_| path.clone(), PathBuf::from);
        (!path.starts_with("target")).then(|| path.to_string_lossy().into_owned())
    };
    Ok(workspace::files_below(root)?.into_iter().filter_map(relative).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        if let Err(failure) = super::run() {
            panic!("{failure}");
        }
    }
}

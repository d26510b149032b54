//! Checks the rules of this repository that no compiler and no linter knows.
//!
//! A rule is a function from the files of the repository to complaints. All complaints are shown at
//! once, and `cargo test` fails with the same ones.

mod api;
mod dependencies;
mod docs;
mod layers;
mod lexer;
mod retired;
mod sources;
mod statements;
mod types;
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
    /// Whether it is code of this repository. That in recorded output of tools is theirs.
    fn is_source(&self) -> bool {
        self.path.ends_with(".rs") && !self.path.starts_with("tests/fixtures/tool-output/")
    }

    /// The text up to the tests, which come last.
    fn without_tests(&self) -> &str {
        let tests = self.text.find("\n#[cfg(test)]\nmod tests");
        tests.map_or(&self.text, |at| &self.text[..=at])
    }
}

/// Checks every rule.
///
/// # Errors
///
/// When a rule is broken, with every place.
pub(crate) fn run() -> Result<()> {
    let files = files()?;
    let complaints = check(&files)?;
    if complaints.is_empty() {
        eprintln!("tidy: {} follow the rules", process::plural(files.len() as u64, "file"));
        return Ok(());
    }
    let count = process::plural(complaints.len() as u64, "broken rule");
    Err(Failure::new(format!("{count}:\n\n{}", complaints.join("\n"))))
}

fn check(files: &[File]) -> Result<Vec<String>> {
    let mut complaints = words::check_root(files);
    for file in files {
        complaints.extend(words::check(file));
        complaints.extend(retired::check(file));
        if file.is_source() {
            complaints.extend(sources::check(file));
            complaints.extend(docs::check(file));
        }
    }
    complaints.extend(statements::check(files));
    complaints.extend(types::check(files));
    complaints.extend(api::check(files));
    complaints.extend(layers::check(files));
    complaints.extend(dependencies::check()?);
    complaints.sort();
    Ok(complaints)
}

/// Every file that git tracks or would track; in an exported tree, every visible one.
fn files() -> Result<Vec<File>> {
    let listing = Command::new("git", ["ls-files", "--cached", "--others", "--exclude-standard"]);
    let paths: Vec<String> = match listing.read() {
        Ok(listing) => listing.lines().map(str::to_owned).collect(),
        Err(_) => visible()?,
    };
    let existing = |path: String| {
        let bytes = std::fs::read(workspace::root().join(&path)).ok()?;
        // A binary file has no lines to check.
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

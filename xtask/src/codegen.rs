//! Writes generated files, or checks that they are up to date.
//!
//! Generated are the JSON schemas, and blocks in the README and in the chapters of the guide. In check
//! mode nothing is written, and the failure names the command that does.

mod blocks;
mod configuration;

use std::path::PathBuf;

use cargo_pipe::report::json;

use crate::failure::{Failure, Result};
use crate::workspace;

/// What to do with a file that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// A file and all that it should hold.
pub(crate) struct Generated {
    /// Relative to the root of the repository.
    path: PathBuf,
    text: String,
}

/// Brings every generated text up to date, or checks that it is.
///
/// # Errors
///
/// When a text cannot be made or written; in check mode, when one differs.
pub(crate) fn run(mode: Mode) -> Result<()> {
    let mut all = schemas();
    all.extend(blocks::generate()?);
    meet_all(&all, mode)
}

fn meet_all(all: &[Generated], mode: Mode) -> Result<()> {
    let mut stale = Vec::new();
    for generated in all {
        if !meet(generated, mode)? {
            stale.push(format!("`{}`", generated.path.display()));
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("not up to date: {}", stale.join(", ")))
        .hint("`cargo xtask codegen` writes what is generated"))
}

/// For editors and readers, next to the other templates so that they are part of the package.
fn schemas() -> Vec<Generated> {
    let schemas = [
        ("pipe.json", cargo_pipe::config::layer::schema()),
        ("report-1.json", json::schema()),
        ("plan-1.json", json::plan::schema()),
        ("why-1.json", json::why::schema()),
        ("compare-1.json", json::comparison::schema()),
    ];
    let generated = |(name, schema)| Generated {
        path: PathBuf::from("templates/schema").join(name),
        text: format!("{schema:#}\n"),
    };
    schemas.into_iter().map(generated).collect()
}

/// Whether the file now holds the text.
fn meet(generated: &Generated, mode: Mode) -> Result<bool> {
    let path = workspace::root().join(&generated.path);
    if path.exists() && workspace::read(&path)? == generated.text {
        return Ok(true);
    }
    if mode == Mode::Check {
        return Ok(false);
    }
    workspace::write(&path, &generated.text)?;
    eprintln!("codegen: wrote {}", generated.path.display());
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_up_to_date() {
        let documents = blocks::generate().unwrap();
        if let Err(failure) = meet_all(&documents, Mode::Check) {
            panic!("{failure}");
        }
    }

    #[test]
    fn schemas_are_up_to_date() {
        if let Err(failure) = meet_all(&schemas(), Mode::Check) {
            panic!("{failure}");
        }
    }
}

//! `init`: scaffolds a project.
//!
//! Owns what is told of it. It must not know what a project needs; the scaffold does.

use std::path::Path;

use cargo_pipe::outcome::Verdict;
use cargo_pipe::report::count::Count;
use cargo_pipe::report::human::style::{self, paint};
use cargo_pipe::scaffold::{self, Action, Change, Mode};

use crate::exit::Failure;
use crate::settings::{Place, Writing};
use crate::term::Term;

/// Scaffolds a folder, which is named as seen from the one of `-C`.
pub(super) fn init(
    place: &Place,
    folder: &Path,
    writing: Writing,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let mode = match writing {
        Writing::Real => Mode::Write,
        Writing::Dry => Mode::DryRun,
    };
    let changes = scaffold::init(&place.folder.join(folder), mode)?;
    let lines: String = changes.iter().map(|change| line(change, mode)).collect();
    term.data(&lines);
    term.note(&next(&changes, folder, mode));
    Ok(Verdict::Passed)
}

fn line(change: &Change, mode: Mode) -> String {
    let (style, action) = match (change.action, mode) {
        (Action::Written, Mode::Write) => (style::GOOD, "written  "),
        (Action::Written, Mode::DryRun) => (style::GOOD, "missing  "),
        (Action::Unchanged, _) => (style::DIM, "unchanged"),
        _ => (style::WARNING, "kept     "),
    };
    format!("{} {}\n", paint(style, action), change.path)
}

/// What to do with what is there now.
fn next(changes: &[Change], folder: &Path, mode: Mode) -> String {
    let written = changes.iter().filter(|change| change.action == Action::Written).count();
    let files = Count(written, "file");
    if mode == Mode::DryRun {
        return format!("\n{files} would be written\n");
    }
    let at = match folder.to_str() {
        Some(".") => String::new(),
        _ => format!(" -C {}", folder.display()),
    };
    let label = paint(style::INFO, "hint:");
    format!("\n{files} written\n\n{label} `cargo pipe{at} run-all` runs the checks\n")
}

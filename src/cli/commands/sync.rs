//! `sync`: updates the generated files.
//!
//! Diffs go to standard output, and the state of each file to standard error.

use crate::discover;
use crate::outcome::Verdict;
use crate::report::count::Count;
use crate::report::diff;
use crate::report::human::style::{self, paint};
use crate::scaffold::{self, Drift, DriftKind, ScaffoldError};

use super::init::include_hint;
use crate::cli::exit::Failure;
use crate::cli::settings::{ProjectLocation, Sync};
use crate::cli::terminal::Term;

/// Updates a project's generated files, or shows their diffs.
pub(super) fn sync(
    place: &ProjectLocation,
    sync: Sync,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let project = discover::find(&place.folder).map_err(ScaffoldError::from)?;
    let drifts = scaffold::drift(&project)?;
    let done = match sync {
        Sync::Check => Vec::new(),
        Sync::Write(edited) => scaffold::sync(&drifts, edited)?,
    };
    let left: Vec<&Drift> = drifts.iter().filter(|drift| !done.contains(drift)).collect();
    term.note(&done.iter().map(|drift| line(drift, became(drift.kind))).collect::<String>());
    term.note(&left.iter().map(|drift| line(drift, is(drift.kind))).collect::<String>());
    for drift in &left {
        term.patch(&diff::unified(
            &drift.location.to_string(),
            drift.before.as_bytes(),
            drift.after.as_bytes(),
        ));
    }
    let typed = place.typed.join(" ");
    term.note(if drifts.is_empty() { "" } else { "\n" });
    term.note(&verdict(&left, &typed));
    if let Some(file) = scaffold::missing_include(&project)? {
        let label = paint(style::INFO, "hint:");
        term.note(&format!("\n{label} {}\n", include_hint(&file)));
    }
    Ok(if left.is_empty() { Verdict::Passed } else { Verdict::Findings })
}

fn line(drift: &Drift, (style, word): (anstyle::Style, &str)) -> String {
    format!("{} {}\n", paint(style, word), drift.location)
}

fn became(kind: DriftKind) -> (anstyle::Style, &'static str) {
    let word = match kind {
        DriftKind::Missing => "written  ",
        DriftKind::Unneeded => "removed  ",
        _ => "updated  ",
    };
    (style::GOOD, word)
}

fn is(kind: DriftKind) -> (anstyle::Style, &'static str) {
    let word = match kind {
        DriftKind::Missing => "missing  ",
        DriftKind::Unneeded => "unneeded ",
        DriftKind::Edited => "edited   ",
        _ => "outdated ",
    };
    (style::WARNING, word)
}

/// Renders the result, and the next steps.
fn verdict(left: &[&Drift], typed: &str) -> String {
    if left.is_empty() {
        return "the generated files are up to date\n".to_owned();
    }
    let label = paint(style::INFO, "hint:");
    let edited = left.iter().filter(|drift| drift.kind == DriftKind::Edited).count();
    let mut text = format!("not up to date: {}\n", Count(left.len(), "generated file"));
    if edited < left.len() {
        text += &format!("\n{label} run `{typed} sync` to update the files that were not edited\n");
    }
    if edited > 0 {
        text += &format!(
            "\n{label} run `{typed} sync --force` to discard the edits, or remove the first line of a file \
             to keep it as your own\n"
        );
    }
    text
}

//! `update`: updates the locks to newer versions.
//!
//! The table of changes goes to standard output, and messages to standard error.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::outcome::Verdict;
use crate::process::{Cancel, Emitter};
use crate::project::{FileLocation, Project};
use crate::report::count::Count;
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use crate::scaffold;
use crate::update::{
    self, BaseRecord, BaseUpdate, KeepReason, Move, Update, UpdateRequest, Updates,
};

use super::{pipeline, run};
use crate::cli::exit::Failure;
use crate::cli::settings::{ProjectLocation, Writing};
use crate::cli::terminal::Term;

/// Shows newer versions, and writes them into the locks.
pub(super) fn update(
    place: ProjectLocation,
    request: &UpdateRequest,
    writing: Writing,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let typed = place.typed.join(" ");
    let pipeline = pipeline(place)?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    update::check_names(&pipeline.project, &pipeline.config, request).map_err(Error::from)?;
    if !pipeline.config.offline {
        term.note("resolving versions with the package index …\n");
    }
    let mut observer = term.observer();
    let emitter = Emitter::new(&mut observer);
    let updates = update::look(pipeline.context(&cancel, &emitter), request);
    drop(emitter);
    term.observed(observer);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    let updates = updates.map_err(Error::from)?;
    term.data(&table(&updates));
    let stale = updates.stale();
    let locks = Count(stale, "lock");
    let manifest = updates.changed_manifest().map(|path| format!("`{path}`"));
    match (stale, writing) {
        (0, Writing::Real) if manifest.is_some() => {
            update::write(&pipeline.project.root, &updates).map_err(Error::from)?;
            term.note("\nevery lock is up to date\n");
        }
        (0, _) => term.note("\nevery lock is up to date\n"),
        (_, Writing::Dry) => {
            term.note(&format!("\n{locks} can be updated: `{typed} update`\n"));
        }
        (_, Writing::Real) => {
            let before = drifting(&pipeline.project);
            update::write(&pipeline.project.root, &updates).map_err(Error::from)?;
            term.note(&format!("\n{locks} updated; the next run builds what they changed\n"));
            let after = drifting(&pipeline.project);
            term.note(&left_behind(after.difference(&before), &typed));
        }
    }
    match (&manifest, writing) {
        (Some(path), Writing::Real) => term.note(&format!("{path} has the new `version`\n")),
        (Some(path), Writing::Dry) => term.note(&format!("{path} gets the new `version`\n")),
        (None, _) => {}
    }
    for update in updates.packages.iter().filter(|update| !update.untested.is_empty()) {
        let name = &update.name;
        term.hint(&format!(
            "`{typed} update {name} --keep-incremental` keeps the versions that it was tested with"
        ));
    }
    let is_stale = (stale > 0 || manifest.is_some()) && writing == Writing::Dry;
    Ok(if is_stale { Verdict::Findings } else { Verdict::Passed })
}

/// The generated files that are not up to date.
pub(super) fn drifting(project: &Project) -> BTreeSet<FileLocation> {
    let drifts = scaffold::drift(project).unwrap_or_default();
    drifts.into_iter().map(|drift| drift.location).collect()
}

/// Suggests to update generated files that depend on locks, such as a pipeline that names an image.
fn left_behind<'a>(paths: impl Iterator<Item = &'a FileLocation>, typed: &str) -> String {
    let names: Vec<String> = paths.map(|path| format!("`{path}`")).collect();
    if names.is_empty() {
        return String::new();
    }
    let label = paint(style::INFO, "hint:");
    format!(
        "\n{label} run `{typed} sync` to update the files that depend on them: {}\n",
        names.join(", ")
    )
}

/// Renders one line for each unchanged lock, and one for each changed package.
fn table(updates: &Updates) -> String {
    let base = updates.base.iter().flat_map(recorded);
    let rows: Vec<(String, String)> = updates.packages.iter().flat_map(rows).chain(base).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    rows.iter().map(|(name, what)| format!("{name:width$}  {what}\n")).collect()
}

fn rows(update: &Update) -> Vec<(String, String)> {
    let name = harmless::line(&update.name);
    let moves = update.moves();
    let packages = Count(update.after.packages.len(), "package");
    let head = match (&update.before, moves.is_empty()) {
        (None, _) => format!("new, {packages}"),
        (Some(_), false) => format!("{} of {packages}", moves.len()),
        (Some(_), true) if update.is_current() => match update.after.version(&update.package) {
            Some(version) if update.kept.is_some() => {
                format!("{}, {}", harmless::line(version), kept(update))
            }
            Some(version) => match &update.range {
                Some(range) if range.exact().is_some() => {
                    format!("{}, as pipe.toml says", harmless::line(version))
                }
                Some(range) => {
                    format!("{} is the newest of {range}", harmless::line(version))
                }
                None => format!("{} is the newest", harmless::line(version)),
            },
            None if update.kept.is_some() => format!("{packages}, {}", kept(update)),
            None => format!("{packages}, all the newest"),
        },
        (Some(_), true) => "the same versions, with new hashes".to_owned(),
    };
    let lines = if update.before.is_none() { Vec::new() } else { moves };
    let moved = lines.iter().map(|it| (format!("  {}", harmless::line(&it.name)), change(it)));
    std::iter::once((name, head)).chain(moved).collect()
}

/// Renders the reason for which packages stay at their versions.
fn kept(update: &Update) -> &'static str {
    match update.kept {
        Some(KeepReason::MinimumAge) => "kept: other releases are younger than `minimum-age`",
        _ => "kept for incremental checking",
    }
}

/// Renders the changes of the lock of the base, one for each version of Python.
fn recorded(update: &BaseUpdate) -> Vec<(String, String)> {
    let records = update.records.iter();
    records.map(|record| ("base".to_owned(), change_of_base(record))).collect()
}

fn change_of_base(record: &BaseRecord) -> String {
    let line = |text: &str| harmless::line(text);
    let (image, python) = (line(&record.after.image), line(&record.after.python.version));
    match &record.before {
        None => format!("new, `{image}` with Python {python}"),
        Some(before) if *before == record.after => {
            format!("`{image}` with Python {python}, as recorded")
        }
        Some(before) if before.python.version != record.after.python.version => {
            format!("Python {} → {python}", line(&before.python.version))
        }
        Some(before) if before.layers != record.after.layers => {
            format!("another `{image}`, with Python {python} as before")
        }
        Some(_) => "the same image, with a new record".to_owned(),
    }
}

fn change(it: &Move) -> String {
    let versions = |versions: &[String]| harmless::line(&versions.join(", "));
    match (it.before.as_slice(), it.after.as_slice()) {
        ([], after) => format!("{}, new", versions(after)),
        (before, []) => format!("{}, no longer needed", versions(before)),
        (before, after) => format!("{} → {}", versions(before), versions(after)),
    }
}

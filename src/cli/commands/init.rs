//! `init`: sets up a project.

mod base;
mod lock;

use std::path::Path;

use crate::configure;
use crate::discover;
use crate::doctor::conflicts;
use crate::outcome::Verdict;
use crate::project::{FileLocation, ProjectPath};
use crate::report::count::Count;
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use crate::scaffold::{self, Change, FileAction, RefusedOption, Scaffolding, WriteMode};

use crate::cli::exit::Failure;
use crate::cli::settings::{Init, ProjectLocation, Xtask};
use crate::cli::terminal::Term;

/// Sets up a folder, whose path is relative to `-C`.
pub(super) fn init(
    place: &ProjectLocation,
    wanted: &Init,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let Init { folder, asked, xtask, is_locked } = wanted;
    let root = place.folder.join(folder);
    // Checked before anything is written, so that an invalid workspace stops everything.
    let task =
        (*xtask == Xtask::Wanted).then(|| scaffold::plan_task_runner(&root, &place.environment));
    let task = task.transpose()?;
    let mut done = scaffold::init(&root, asked)?;
    let tasked = task.map(|task| task.carry_out(asked.mode)).transpose()?.unwrap_or_default();
    done.changes.extend(tasked.changes);
    term.prose(&notes(&done));
    let lines: String = done.changes.iter().map(|change| line(change, asked.mode)).collect();
    term.data(&lines);
    term.note(&refused(&done.refused, asked.mode));
    if asked.mode == WriteMode::Write {
        term.note(&conflicts(&root, place));
    }
    if *is_locked && asked.mode == WriteMode::Write && !done.to_lock.is_empty() {
        done.to_lock = lock::lock_missing(place, &root, &done.to_lock, term)?;
    }
    if *is_locked && asked.mode == WriteMode::Write && is_new(&done) {
        base::record_base(place, &root, &project_option(folder), term)?;
    }
    term.note(&next(&done, folder, asked.mode));
    term.note(&tasked.call.map(|source| call(&source)).unwrap_or_default());
    Ok(Verdict::Passed)
}

/// Whether the project had no `pipe.toml`.
fn is_new(done: &Scaffolding) -> bool {
    let made = |change: &Change| {
        change.action == FileAction::Written && change.location.path().as_str() == "pipe.toml"
    };
    done.changes.iter().any(made)
}

/// The option with which the next command finds the project.
fn project_option(folder: &Path) -> String {
    if folder == Path::new(".") { String::new() } else { format!(" -C {}", folder.display()) }
}

/// The code that an existing task runner needs.
fn call(source: &ProjectPath) -> String {
    let label = paint(style::INFO, "hint:");
    format!(
        "\n{label} to use `cargo xtask pipe`, start `main` in `{source}` like this, \
         and returns an `ExitCode`:\n\n    \
         if std::env::args().nth(1).as_deref() == Some(\"pipe\") {{\n        \
         return cargo_pipe::xtask::pipe(std::env::args_os().skip(2));\n    }}\n"
    )
}

/// Renders the notes.
fn notes(done: &Scaffolding) -> String {
    let lines: String =
        done.notes.iter().map(|note| harmless::line(&note.to_string()) + "\n").collect();
    if lines.is_empty() { lines } else { lines + "\n" }
}

fn line(change: &Change, mode: WriteMode) -> String {
    let (style, action) = match (change.action, mode) {
        (FileAction::Written, WriteMode::Write) => (style::GOOD, "written  "),
        (FileAction::Written, WriteMode::DryRun) => (style::GOOD, "missing  "),
        (FileAction::Fixed, WriteMode::Write) => (style::GOOD, "fixed    "),
        (FileAction::Fixed, WriteMode::DryRun) => (style::GOOD, "fixable  "),
        (FileAction::Extended, WriteMode::Write) => (style::GOOD, "extended "),
        (FileAction::Extended, WriteMode::DryRun) => (style::GOOD, "lacking  "),
        (FileAction::Unchanged, _) => (style::DIM, "unchanged"),
        _ => (style::WARNING, "kept     "),
    };
    format!("{} {}\n", paint(style, action), change.location)
}

/// Renders the options that tools reject, with their places.
fn refused(found: &[RefusedOption], mode: WriteMode) -> String {
    let line = |found: &RefusedOption| {
        let RefusedOption { path, refusal, tool, fixed, .. } = found;
        let done = match (fixed, mode) {
            (true, WriteMode::Write) => "; commented out",
            (true, WriteMode::DryRun) => "; it would be commented out",
            (false, _) => "",
        };
        let label = if *fixed { "" } else { "warning: " };
        let text = format!(
            "{path}:{}: {tool} rejects `{}`: {}{done}",
            refusal.line, refusal.option, refusal.fate
        );
        format!("{}{}\n", paint(style::WARNING, label), harmless::line(&text))
    };
    let lines: String = found.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// The conflicts between the configurations of the checks. A project whose settings are wrong has
/// none here: the next command reports that.
fn conflicts(root: &Path, place: &ProjectLocation) -> String {
    let Ok(project) = discover::find(root) else { return String::new() };
    let configured = configure::load_config(&project, &place.environment, place.flags.clone());
    let Ok((config, _)) = configured else { return String::new() };
    let (warning, hint) = (paint(style::WARNING, "warning:"), paint(style::INFO, "hint:"));
    let mut text = String::new();
    for conflict in conflicts::find(&project, &config) {
        text += &format!("\n{warning} {}\n", harmless::line(&conflict.message));
        text += &format!("{hint} {}\n", conflict.hint);
    }
    text
}

/// The lines that the repository's pipeline needs.
pub(super) fn include_hint(file: &FileLocation) -> String {
    format!(
        "add this to your `.gitlab-ci.yml` to run the checks:\n\n    include:\n      - local: {}",
        file.path()
    )
}

/// Renders the next steps.
fn next(done: &Scaffolding, folder: &Path, mode: WriteMode) -> String {
    let written = done.changes.iter().filter(|change| change.action == FileAction::Written).count();
    let files = Count(written, "file");
    let at = match folder.to_str() {
        Some(".") => String::new(),
        _ => format!(" {}", folder.display()),
    };
    let label = paint(style::INFO, "hint:");
    let mut hints = Vec::new();
    if done.refused.iter().any(|found| !found.fixed) {
        hints.push(format!(
            "{label} these checks fail with exit status 2 until the options are removed; \
             run `cargo pipe init{at} --fix-configs` to comment them out"
        ));
    }
    if let Some(file) = &done.include {
        hints.push(format!("{label} {}", include_hint(file)));
    }
    if mode == WriteMode::Write {
        let at = project_option(folder);
        if !done.to_lock.is_empty() {
            let locks = done.to_lock.join(" ");
            hints.push(format!(
                "{label} run `cargo pipe{at} update {locks}` to lock what the checks need, then \
                 `cargo pipe{at} run-all`"
            ));
        } else {
            hints.push(format!("{label} run `cargo pipe{at} run-all` to run the checks"));
        }
    }
    let done = if mode == WriteMode::Write { "written" } else { "would be written" };
    let hints: String = hints.iter().map(|hint| format!("\n{hint}\n")).collect();
    format!("\n{files} {done}\n{hints}")
}

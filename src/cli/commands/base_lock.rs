//! Records the base image with the first checks of a project, so that its first pushed commit has the
//! same fingerprint on every machine.

use std::collections::BTreeSet;

use crate::environment::{BaseLock, recipe};
use crate::pipeline::Pipeline;
use crate::process::{Cancel, Emitter};
use crate::project::{FileLocation, Project, ProjectPath};
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use crate::scaffold::{self, Edited};
use crate::update::{self, UpdateError};

use super::run;
use super::update::drifting;
use crate::cli::exit::Failure;
use crate::cli::terminal::Term;

/// Records the base image if the project has no lock of it, and updates the generated files that name
/// its digest. Only a run on a terminal writes a file that was not asked for: a job of CI would lose
/// it, and in a hook it would be missing from the commit.
pub(super) fn record_first_base(pipeline: &Pipeline, term: &mut Term) -> Result<(), Failure> {
    let variables = &pipeline.environment;
    let project = &pipeline.project;
    let is_hook = project.is_checkout() || variables.get("GIT_INDEX_FILE").is_some();
    if !term.is_interactive() || variables.is_ci() || is_hook {
        return Ok(());
    }
    if BaseLock::exists(&project.root, &recipe::base_lock_path(&pipeline.config)) {
        return Ok(());
    }
    match record(pipeline, term)? {
        Ok(Some(note)) => term.prose(&format!("{note}\n")),
        Ok(None) => {}
        Err(error) => warn(&error, term),
    }
    Ok(())
}

/// Records the base image of this machine if the project has no lock of it, and updates the generated
/// files that name its digest. Returns the line that says so; none if the machine does not have the
/// image, or the user stopped it.
pub(super) fn record(
    pipeline: &Pipeline,
    term: &mut Term,
) -> Result<Result<Option<String>, UpdateError>, Failure> {
    let project = &pipeline.project;
    let outdated = drifting(project);
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut observer = term.observer();
    let recorded =
        update::record_first_base(pipeline.context(&cancel, &Emitter::new(&mut observer)));
    term.observed(observer);
    if interrupts.happened() {
        return Ok(Ok(None));
    }
    Ok(recorded.and_then(|path| {
        let Some(path) = path else { return Ok(None) };
        Ok(Some(recorded_note(&path, &update_others(project, &outdated)?)))
    }))
}

/// Warns that the base image was not recorded.
pub(super) fn warn(error: &UpdateError, term: &mut Term) {
    let label = paint(style::WARNING, "warning:");
    let message = harmless::line(&error.to_string());
    term.note(&format!("\n{label} the base image was not recorded: {message}\n"));
}

/// Updates the generated files that were up to date before the base was recorded.
fn update_others(
    project: &Project,
    outdated: &BTreeSet<FileLocation>,
) -> Result<Vec<FileLocation>, UpdateError> {
    let drifts: Vec<_> = scaffold::drift(project)?
        .into_iter()
        .filter(|drift| !outdated.contains(&drift.location))
        .collect();
    let updated = scaffold::sync(&drifts, Edited::Stay)?;
    Ok(updated.into_iter().map(|drift| drift.location).collect())
}

fn recorded_note(path: &ProjectPath, others: &[FileLocation]) -> String {
    let others: Vec<String> = others.iter().map(|path| format!("`{path}`")).collect();
    let updated = match others.is_empty() {
        true => String::new(),
        false => format!(", and updated {}", others.join(", ")),
    };
    format!(
        "note: recorded the base image in `{path}`{updated}; commit it, so that every machine has the \
         same fingerprint\n"
    )
}

//! Locks what a new project needs in addition to the bundled locks.
//!
//! The files of the project are written already, so a failure here is a warning: the closing hint names
//! the command that locks the rest.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::pipeline::Pipeline;
use crate::process::{Cancel, Emitter, ProcessError, for_each_at_once};
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use crate::update::{self, UpdateError, UpdateRequest};

use crate::cli::commands::{pipeline, run};
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::Term;

/// The time for all locks together.
const LIMIT: Duration = Duration::from_secs(20);

/// Writes locks, and returns the names of those that are still missing.
pub(super) fn lock_missing(
    place: &ProjectLocation,
    root: &Path,
    names: &[String],
    term: &mut Term,
) -> Result<Vec<String>, Failure> {
    let mut missing = names.to_vec();
    // The next command reports a wrong configuration.
    let place = ProjectLocation { folder: root.to_owned(), ..place.clone() };
    let Ok(pipeline) = pipeline(place) else { return Ok(missing) };
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let quoted = quoted.join(", ");
    if pipeline.config.offline {
        warn(&format!("{quoted} cannot be locked, because cargo pipe is offline"), term);
        return Ok(missing);
    }
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let seconds = LIMIT.as_secs();
    term.note(&format!("\nlocking {quoted} (at most {seconds} s; Ctrl-C skips this) …\n"));
    let results = lock_each(&pipeline, names, &cancel, term);
    if interrupts.happened() {
        warn("locking was interrupted", term);
    }
    let mut warned = Vec::new();
    for (name, result) in names.iter().zip(results) {
        let message = match result {
            Ok(()) => {
                missing.retain(|other| other != name);
                continue;
            }
            Err(UpdateError::Process(ProcessError::Stopped)) => continue,
            Err(UpdateError::Process(ProcessError::TimedOut { .. })) => {
                format!("locking took longer than {seconds} s")
            }
            Err(error) => error.to_string(),
        };
        // All locks can fail for the same reason.
        if !warned.contains(&message) {
            warn(&message, term);
            warned.push(message);
        }
    }
    Ok(missing)
}

/// Resolves and writes each lock on its own, so that one that fails does not stop the others.
fn lock_each(
    pipeline: &Pipeline,
    names: &[String],
    cancel: &Cancel,
    term: &mut Term,
) -> Vec<Result<(), UpdateError>> {
    let deadline = Instant::now() + LIMIT;
    let mut observer = term.observer();
    let emitter = Emitter::new(&mut observer);
    let context = pipeline.context(cancel, &emitter);
    let lock = |name: &String| {
        let names = vec![name.clone()];
        let request = UpdateRequest { names, keep_incremental: false, deadline: Some(deadline) };
        let updates = update::look(context, &request)?;
        update::write(&pipeline.project.root, &updates)
    };
    let results = match update::find_resolver(context, deadline) {
        Err(error) => vec![Err(error)],
        Ok(()) => for_each_at_once(names, lock),
    };
    drop(emitter);
    term.observed(observer);
    results
}

fn warn(message: &str, term: &mut Term) {
    let label = paint(style::WARNING, "warning:");
    let lines: Vec<String> = message.lines().map(harmless::line).collect();
    term.note(&format!("\n{label} {}\n", lines.join("\n  ")));
}

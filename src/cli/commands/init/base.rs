//! Records the base image with a new project, so that its first commit has the same fingerprint on every
//! machine.
//!
//! The first run on a terminal does the same for a project without the record, so a machine without an
//! engine or without the image needs no message here.

use std::path::Path;
use std::time::Duration;

use crate::config::EngineChoice;
use crate::engine::EngineError;
use crate::report::human::style::{self, paint};
use crate::update::UpdateError;

use crate::cli::commands::{base_lock, pipeline};
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::Term;

/// The time in which an engine must answer each question. A busy one takes seconds to start a container.
const LIMIT: Duration = Duration::from_secs(10);

/// Records the base image if an engine of this machine has it.
pub(super) fn record_base(
    place: &ProjectLocation,
    root: &Path,
    at: &str,
    term: &mut Term,
) -> Result<(), Failure> {
    let place = ProjectLocation { folder: root.to_owned(), ..place.clone() };
    // The next command reports a wrong configuration.
    let Ok(mut pipeline) = pipeline(place) else { return Ok(()) };
    let config = &mut pipeline.config;
    if pipeline.environment.is_ci() || config.offline || config.engine == EngineChoice::Venv {
        return Ok(());
    }
    config.answer_limit = config.answer_limit.min(LIMIT);
    match base_lock::record(&pipeline, term)? {
        Ok(Some(note)) => term.note(&format!("\n{note}")),
        Ok(None)
        | Err(UpdateError::Engine(
            EngineError::NotInstalled(_)
            | EngineError::NotRunning(_)
            | EngineError::NoPermission(_),
        )) => {}
        Err(error) => {
            base_lock::warn(&error, term);
            let label = paint(style::INFO, "hint:");
            term.note(&format!("{label} run `cargo pipe{at} update base` to record it\n"));
        }
    }
    Ok(())
}

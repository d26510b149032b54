//! `run-all`, `run` and every check by its name.
//!
//! Owns the order of things: what can be wrong with the request is found out before anything runs,
//! reports are written before anything is printed, so that a closed pipe costs no report. It must
//! not look at findings; the verdict comes with the report.

use crate::outcome::{CheckOutcome, Outcome, Verdict};
use crate::pipeline::Pipeline;
use crate::plan::Effect;
use crate::report::json;
use crate::run::Cancel;

use super::{describe, pipeline, reports};
use crate::cli::args::MessageFormat;
use crate::cli::exit::Failure;
use crate::cli::interrupt::Interrupts;
use crate::cli::settings::{Place, Run, Writing};
use crate::cli::term::Term;

/// Runs checks, or shows what would run.
pub(super) fn run(place: Place, run: &Run, term: &mut Term) -> Result<Verdict, Failure> {
    reports::validate(&run.reports)?;
    run_in(&pipeline(place.accepting("--baseline", run.baseline.clone()))?, run, term)
}

/// The same in a project that is known already.
pub(super) fn run_in(pipeline: &Pipeline, run: &Run, term: &mut Term) -> Result<Verdict, Failure> {
    let plan = pipeline.plan(&run.request)?;
    let is_shown = plan.fixes.as_ref().is_some_and(|fixes| fixes.effect == Effect::Show);
    if run.writing == Writing::Dry {
        term.data(&match run.format {
            MessageFormat::Human => describe::plan(&plan),
            MessageFormat::Json => json::pretty(&plan),
        });
        return Ok(Verdict::Passed);
    }
    plan.notes.iter().for_each(|note| term.note(&format!("note: {note}\n")));
    let cancel = Cancel::default();
    let interrupts = interrupts(&cancel)?;
    let mut watcher = term.watcher();
    if is_shown {
        let preview = pipeline.preview(&plan, &cancel, &mut watcher);
        term.watched(watcher);
        drop(interrupts);
        let preview = preview?;
        term.preview(&preview);
        return Ok(preview.verdict);
    }
    let report = pipeline.run(&plan, &cancel, &mut watcher);
    term.watched(watcher);
    drop(interrupts);
    let written = reports::write(&run.reports, &report);
    match run.format {
        MessageFormat::Human => term.report(&report),
        MessageFormat::Json => term.data(&json::to_json(&report)),
    }
    written.map(|()| report.verdict)
}

/// Whether a check does not pass without naming a finding.
pub(super) fn says_no(check: &CheckOutcome) -> bool {
    check.outcome == Outcome::Findings && check.findings.is_empty()
}

/// Starts to listen for signals.
pub(super) fn interrupts(cancel: &Cancel) -> Result<Interrupts, Failure> {
    Interrupts::listen(cancel.clone())
        .map_err(|source| Failure::System { what: "cannot listen for signals".to_owned(), source })
}

//! `run-all`, `run`, and a check by its name.
//!
//! The request is validated before anything runs, and reports are written before anything is printed,
//! so that a closed pipe costs no report.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::outcome::{CheckOutcome, Status, Verdict};
use crate::pipeline::Pipeline;
use crate::plan::{Effect, Fixing, Withheld};
use crate::process::Cancel;
use crate::report::human::Sections;
use crate::report::{Format, Report, json};

use super::reports::{self, Recorded, Recorder};
use super::{base_lock, describe, pipeline};
use crate::cli::args::MessageFormat;
use crate::cli::exit::Failure;
use crate::cli::interrupt::Interrupts;
use crate::cli::settings::{CheckRun, ProjectLocation, Writing};
use crate::cli::terminal::{Showing, Stream, Term};

/// Runs checks, or shows what would run.
pub(super) fn run(
    place: ProjectLocation,
    run: &CheckRun,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    reports::validate(&run.reports, run.format)?;
    run_in(&pipeline(place.accepting("--baseline", run.baseline.clone()))?, run, term)
}

/// Runs checks in a configured project.
pub(super) fn run_in(
    pipeline: &Pipeline,
    run: &CheckRun,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let mut plan = pipeline.plan(&run.request)?;
    if let Some(since) = &run.affected {
        let cancel = Cancel::default();
        let interrupts = interrupts(&cancel)?;
        let mut observer = term.observer();
        let narrowed = pipeline.narrow(&mut plan, since, &cancel, &mut observer);
        term.observed(observer);
        drop(interrupts);
        narrowed?;
    }
    let is_shown = plan.fixes.as_ref().is_some_and(|fixes| fixes.effect == Effect::Show);
    if run.writing == Writing::Dry {
        pipeline.add_order(&mut plan);
        term.data(&match run.format {
            MessageFormat::Json | MessageFormat::Jsonl | MessageFormat::Gitlab => {
                json::plan::to_json(&plan)
            }
            _ => describe::plan(&plan),
        });
        return Ok(Verdict::Passed);
    }
    plan.notes.iter().for_each(|note| term.note(&format!("note: {note}\n")));
    let cancel = Cancel::default();
    let interrupts = interrupts(&cancel)?;
    if is_shown {
        let mut observer = term.observer();
        let preview = pipeline.preview(&plan, &cancel, &mut observer);
        term.observed(observer);
        drop(interrupts);
        let preview = preview?;
        term.preview(&preview);
        return Ok(preview.verdict);
    }
    let (report, recorded) = execute(run, term, |observer| pipeline.run(&plan, &cancel, observer))?;
    drop(interrupts);
    let verdict = conclude(pipeline, run, &report, recorded, term)?;
    // The process ends next, and the system frees thousands of findings at once.
    std::mem::forget(report);
    Ok(verdict)
}

/// Calls `go` to run checks, shows their progress and records their events.
pub(super) fn execute(
    run: &CheckRun,
    term: &mut Term,
    go: impl FnOnce(&mut Recorder) -> Report,
) -> Result<(Report, Recorded), Failure> {
    let observer = match printed(run) {
        Some(Format::Jsonl) => term.observer().with_events(),
        _ => term.observer(),
    };
    let mut recorder = Recorder::begin(&run.reports, observer)?;
    let report = go(&mut recorder);
    let (observer, recorded) = recorder.end();
    term.observed(observer);
    Ok((report, recorded))
}

/// Writes the reports of a finished run, and shows it.
pub(super) fn conclude(
    pipeline: &Pipeline,
    run: &CheckRun,
    report: &Report,
    recorded: Recorded,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let mut unwritten = reports::write(&run.reports, recorded, report);
    if run.format == MessageFormat::Github
        && let Some(path) = pipeline.environment.get("GITHUB_STEP_SUMMARY")
    {
        unwritten.extend(reports::summarize(Path::new(path), report).err());
    }
    let used_containers = report.engine.as_ref().is_some_and(|engine| engine.kind != "venv");
    let recorded = match used_containers && run.request.fixing != Fixing::Withheld(Withheld::Check)
    {
        true => base_lock::record_first_base(pipeline, term),
        false => Ok(()),
    };
    show(pipeline, run, report, term);
    if let Some(format) = printed(run) {
        term.data(&format.render(report));
    }
    unwritten.iter().for_each(|failure| term.failure(failure));
    recorded?;
    let failed = (!unwritten.is_empty()).then_some(Verdict::Error);
    let verdict = report.verdict;
    Ok(Verdict::worst(failed.into_iter().chain([verdict])).unwrap_or(verdict))
}

/// The machine-readable format of standard output, if there is one.
fn printed(run: &CheckRun) -> Option<Format> {
    let beside = run.reports.iter().find(|target| target.path.is_none());
    beside.map(|target| target.format).or(match run.format {
        MessageFormat::Human | MessageFormat::Short => None,
        MessageFormat::Json => Some(Format::Json),
        MessageFormat::Jsonl => Some(Format::Jsonl),
        MessageFormat::Github => Some(Format::Github),
        MessageFormat::Gitlab => Some(Format::Gitlab),
    })
}

/// Shows a finished run; on standard error if a report is on standard output.
fn show(pipeline: &Pipeline, run: &CheckRun, report: &Report, term: &mut Term) {
    let is = |name: &str| pipeline.environment.get(name) == Some("true");
    let ended = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let sections = match run.format {
        MessageFormat::Github => Sections::Github,
        _ if is("GITHUB_ACTIONS") => Sections::Github,
        _ if is("GITLAB_CI") => Sections::Gitlab { ended },
        _ => Sections::None,
    };
    let complete = run.reports.iter().filter(|target| target.format.is_complete());
    let paths = complete.filter_map(|target| target.path.as_ref());
    let reports: Vec<String> = paths.map(|path| path.display().to_string()).collect();
    let stream = match run.reports.iter().all(|target| target.path.is_some()) {
        true => Stream::Out,
        false => Stream::Error,
    };
    match run.format {
        MessageFormat::Human | MessageFormat::Github => {
            term.report(report, &Showing { stream, sections, reports: &reports });
        }
        MessageFormat::Short => term.short(report, stream),
        MessageFormat::Json | MessageFormat::Jsonl | MessageFormat::Gitlab => {}
    }
}

/// Whether a check failed without reporting any findings.
pub(super) fn failed_without_findings(check: &CheckOutcome) -> bool {
    check.status == Status::Findings && check.findings.is_empty()
}

/// Starts the listener for signals.
pub(super) fn interrupts(cancel: &Cancel) -> Result<Interrupts, Failure> {
    Interrupts::listen(cancel.clone())
        .map_err(|source| Failure::System { what: "cannot listen for signals".to_owned(), source })
}

//! `run-all`, `run`, and a check by its name.
//!
//! The request is validated before anything runs, and reports are written before anything is printed,
//! so that a closed pipe costs no report.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::env_vars::EnvVars;
use crate::outcome::{CacheUse, CheckOutcome, Status, Verdict};
use crate::pipeline::Pipeline;
use crate::plan::{Costs, Effect, Fixing, Withheld};
use crate::process::Cancel;
use crate::report::human::Sections;
use crate::report::json::JsonCheck;
use crate::report::{Format, Report, json};

use super::reports::{self, Recorded, Recorder};
use super::{base_lock, describe, merge, pipeline};
use crate::cli::args::MessageFormat;
use crate::cli::exit::Failure;
use crate::cli::interrupt::Interrupts;
use crate::cli::settings::{CheckRun, Output, PartRequest, ProjectLocation, Writing};
use crate::cli::terminal::{Showing, Stream, Term};

/// Runs checks, or shows what would run.
pub(super) fn run(
    place: ProjectLocation,
    run: &CheckRun,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    reports::validate(&run.output.reports, run.output.format)?;
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
    if let Some(PartRequest { part, costs }) = &run.part {
        let costs = costs.as_deref().map(read_costs).transpose()?;
        pipeline.divide(&mut plan, *part, costs.as_ref());
    }
    let is_shown = plan.fixes.as_ref().is_some_and(|fixes| fixes.effect == Effect::Show);
    if run.writing == Writing::Dry {
        pipeline.add_order(&mut plan);
        term.data(&match run.output.format {
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
    let (report, recorded) =
        execute(&run.output, term, |observer| pipeline.run(&plan, &cancel, observer))?;
    drop(interrupts);
    let verdict = conclude(pipeline, run, &report, recorded, term)?;
    // The process ends next, and the system frees thousands of findings at once.
    std::mem::forget(report);
    Ok(verdict)
}

/// Reads the durations of the checks in a report that ran to their end.
fn read_costs(path: &Path) -> Result<Costs, Failure> {
    let report = merge::read_report(path)?;
    let has_run = |check: &&JsonCheck| {
        check.cache != CacheUse::Hit && matches!(check.outcome, Status::Passed | Status::Findings)
    };
    let checks = report.checks.iter().filter(has_run);
    Ok(checks.filter_map(|check| Some((check.name.parse().ok()?, check.duration_ms))).collect())
}

/// Calls `go` to run checks, shows their progress and records their events.
pub(super) fn execute(
    output: &Output,
    term: &mut Term,
    go: impl FnOnce(&mut Recorder) -> Report,
) -> Result<(Report, Recorded), Failure> {
    let observer = match printed(output) {
        Some(Format::Jsonl) => term.observer().with_events(),
        _ => term.observer(),
    };
    let mut recorder = Recorder::begin(&output.reports, observer)?;
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
    let unwritten = write(&pipeline.environment, &run.output, report, recorded);
    let used_containers = report.engine.as_ref().is_some_and(|engine| engine.kind != "venv");
    let recorded = match used_containers && run.request.fixing != Fixing::Withheld(Withheld::Check)
    {
        true => base_lock::record_first_base(pipeline, term),
        false => Ok(()),
    };
    let verdict = present(&pipeline.environment, &run.output, report, &unwritten, term);
    recorded?;
    Ok(verdict)
}

/// Writes the reports of a finished run, and returns the failures to do so.
pub(super) fn write(
    environment: &EnvVars,
    output: &Output,
    report: &Report,
    recorded: Recorded,
) -> Vec<Failure> {
    let mut unwritten = reports::write(&output.reports, recorded, report);
    if output.format == MessageFormat::Github
        && let Some(path) = environment.get("GITHUB_STEP_SUMMARY")
    {
        unwritten.extend(reports::summarize(Path::new(path), report).err());
    }
    unwritten
}

/// Shows a finished run and the reports that could not be written.
pub(super) fn present(
    environment: &EnvVars,
    output: &Output,
    report: &Report,
    unwritten: &[Failure],
    term: &mut Term,
) -> Verdict {
    show(environment, output, report, term);
    if let Some(format) = printed(output) {
        term.data(&format.render(report));
    }
    unwritten.iter().for_each(|failure| term.failure(failure));
    let failed = (!unwritten.is_empty()).then_some(Verdict::Error);
    report.verdict.and(failed)
}

/// The machine-readable format of standard output, if there is one.
fn printed(output: &Output) -> Option<Format> {
    let beside = output.reports.iter().find(|target| target.path.is_none());
    beside.map(|target| target.format).or(match output.format {
        MessageFormat::Human | MessageFormat::Short => None,
        MessageFormat::Json => Some(Format::Json),
        MessageFormat::Jsonl => Some(Format::Jsonl),
        MessageFormat::Github => Some(Format::Github),
        MessageFormat::Gitlab => Some(Format::Gitlab),
    })
}

/// Shows a finished run; on standard error if a report is on standard output.
fn show(environment: &EnvVars, output: &Output, report: &Report, term: &mut Term) {
    let is = |name: &str| environment.get(name) == Some("true");
    let ended = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let sections = match output.format {
        MessageFormat::Github => Sections::Github,
        _ if is("GITHUB_ACTIONS") => Sections::Github,
        _ if is("GITLAB_CI") => Sections::Gitlab { ended },
        _ => Sections::None,
    };
    let complete = output.reports.iter().filter(|target| target.format.is_complete());
    let paths = complete.filter_map(|target| target.path.as_ref());
    let reports: Vec<String> = paths.map(|path| path.display().to_string()).collect();
    let stream = match output.reports.iter().all(|target| target.path.is_some()) {
        true => Stream::Out,
        false => Stream::Error,
    };
    match output.format {
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

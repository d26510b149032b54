//! `baseline`: accepts all current findings, or removes the entries that are obsolete.
//!
//! The file is written only after every check has finished.

use std::collections::BTreeSet;
use std::fs;

use crate::discover;
use crate::gate::BaselineFile;
use crate::gate::baseline::{self, BaselineEntry};
use crate::outcome::Verdict;
use crate::pipeline::Pipeline;
use crate::plan::{GateAsked, Request};
use crate::process::Cancel;
use crate::report::Report;
use crate::report::count::Count;
use crate::run::read_baseline;

use super::{pipeline, reports, run};
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::{Showing, Term};

/// Writes a baseline that accepts all current findings.
pub(super) fn accept(
    place: ProjectLocation,
    output: Option<String>,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place.accepting("--output", output))?;
    let file = find_file(&pipeline)?;
    let report = run_all(&pipeline, GateAsked::Open, term)?;
    if !has_finished(&report) {
        return Ok(show_unfinished(&report, file, term));
    }
    write(&pipeline, file, &baseline::accept_findings(&report.checks, &file.never_accept))?;
    let number: usize = report.checks.iter().map(|check| check.findings.len()).sum();
    let refused = baseline::count_refused(&report.checks, &file.never_accept);
    term.data(&format!("{} accepted in {}\n", Count(number - refused, "finding"), file.path));
    if refused > 0 {
        let refused = Count(refused, "finding");
        term.note(&format!("warning: {refused} not accepted, because of `never-accept`\n"));
    }
    for check in report.checks.iter().filter(|check| run::failed_without_findings(check)) {
        term.note(&format!(
            "warning: `{}` failed without reporting findings, so nothing can be accepted\n",
            check.id
        ));
    }
    Ok(Verdict::Passed)
}

/// Removes the entries that no check finds any more.
pub(super) fn prune(
    place: ProjectLocation,
    output: Option<String>,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place.accepting("--output", output))?;
    let file = find_file(&pipeline)?;
    let baseline = read_baseline(&pipeline.project.root, file)
        .map_err(|reason| Failure::Usage { message: reason.message, hint: reason.hint })?;
    let Some(baseline) = baseline else {
        return Err(Failure::usage(format!("the baseline `{}` does not exist", file.path))
            .with_hint("`cargo pipe baseline` writes it".to_owned()));
    };
    let report = run_all(&pipeline, GateAsked::Configured, term)?;
    if !has_finished(&report) {
        return Ok(show_unfinished(&report, file, term));
    }
    let gone = report.gate.as_ref().and_then(|gate| gate.baseline.as_ref());
    let gone = gone.map(|baseline| baseline.gone.as_slice()).unwrap_or_default();
    let needed = baseline::prune(&baseline, &report.checks, gone);
    let removed = baseline.entries.len() - needed.len();
    if removed > 0 {
        write(&pipeline, file, &needed)?;
    }
    let all = baseline.entries.len();
    term.data(&format!("{removed} of {all} entries removed from {}\n", file.path));
    Ok(Verdict::Passed)
}

/// The file of the baseline.
fn find_file(pipeline: &Pipeline) -> Result<&BaselineFile, Failure> {
    pipeline.config.baseline.as_ref().ok_or_else(|| {
        Failure::usage("the baseline is disabled by `baseline = false`")
            .with_hint("remove that line, or name a file with `--output FILE`".to_owned())
    })
}

/// Runs every check.
fn run_all(pipeline: &Pipeline, gate: GateAsked, term: &mut Term) -> Result<Report, Failure> {
    let plan = pipeline.plan(&Request { gate, ..Request::default() })?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut observer = term.observer();
    let report = pipeline.run(&plan, &cancel, &mut observer);
    term.observed(observer);
    drop(interrupts);
    Ok(report)
}

/// Whether every check finished.
fn has_finished(report: &Report) -> bool {
    matches!(report.verdict, Verdict::Passed | Verdict::Findings)
}

/// Shows the failures of a run because of which the file is not written.
fn show_unfinished(report: &Report, file: &BaselineFile, term: &mut Term) -> Verdict {
    let mut failures = report.clone();
    failures.checks.iter_mut().for_each(|check| check.findings.clear());
    term.report(&failures, &Showing::PLAIN);
    let path = &file.path;
    term.note(&format!("\n`{path}` was not written, because not every check finished\n"));
    report.verdict
}

fn write(
    pipeline: &Pipeline,
    file: &BaselineFile,
    entries: &BTreeSet<BaselineEntry>,
) -> Result<(), Failure> {
    let cannot = |source| Failure::System {
        what: format!("cannot write the baseline `{}`", file.path),
        source,
    };
    let inside = discover::inside(&pipeline.project.root, &file.path)
        .map_err(|outside| Failure::usage(outside.to_string()))?;
    if let Some(folder) = inside.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    reports::replace(&inside, &baseline::render(entries)).map_err(cannot)
}

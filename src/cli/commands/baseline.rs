//! `baseline`: accepts all current findings.
//!
//! The file is written only after every check has finished, without a gate.

use std::fs;

use crate::discover;
use crate::gate::baseline;
use crate::outcome::Verdict;
use crate::plan::{GateAsked, Request};
use crate::process::Cancel;
use crate::report::Report;
use crate::report::count::Count;

use super::{pipeline, reports, run};
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::{Showing, Term};

/// Writes the baseline.
pub(super) fn baseline(
    place: ProjectLocation,
    output: Option<String>,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place.accepting("--output", output))?;
    let Some(file) = &pipeline.config.baseline else {
        return Err(Failure::usage("the baseline is disabled by `baseline = false`")
            .with_hint("remove that line, or name a file with `--output FILE`".to_owned()));
    };
    let cannot = |source| Failure::System {
        what: format!("cannot write the baseline `{}`", file.path),
        source,
    };
    let inside = discover::inside(&pipeline.project.root, &file.path)
        .map_err(|outside| Failure::usage(outside.to_string()))?;
    let plan = pipeline.plan(&Request { gate: GateAsked::Open, ..Request::default() })?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut watcher = term.watcher();
    let report = pipeline.run(&plan, &cancel, &mut watcher);
    term.watched(watcher);
    drop(interrupts);
    if !matches!(report.verdict, Verdict::Passed | Verdict::Findings) {
        term.report(&without_findings(report.clone()), &Showing::PLAIN);
        term.note(&format!(
            "\n`{}` was not written, because not every check finished\n",
            file.path
        ));
        return Ok(report.verdict);
    }
    if let Some(folder) = inside.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    reports::replace(&inside, &baseline::render(&report.checks)).map_err(cannot)?;
    let number = report.checks.iter().map(|check| check.findings.len()).sum();
    term.data(&format!("{} accepted in {}\n", Count(number, "finding"), file.path));
    for check in report.checks.iter().filter(|check| run::failed_without_findings(check)) {
        term.note(&format!(
            "warning: `{}` failed without reporting findings, so nothing can be accepted\n",
            check.id
        ));
    }
    Ok(Verdict::Passed)
}

/// The options of the report that shows only failures.
fn without_findings(mut report: Report) -> Report {
    report.checks.iter_mut().for_each(|check| check.findings.clear());
    report
}

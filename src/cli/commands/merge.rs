//! `merge`: one report from those of the parts of a run.

use std::path::{Path, PathBuf};

use super::{reports, run};
use crate::cli::exit::Failure;
use crate::cli::settings::{Output, ProjectLocation};
use crate::cli::terminal::Term;
use crate::outcome::Verdict;
use crate::read::{self, SizeLimit};
use crate::report::json::{self, JsonReport};
use crate::report::merge;

/// Merges reports, and shows the result like that of a run.
pub(super) fn merge(
    place: &ProjectLocation,
    paths: &[PathBuf],
    output: &Output,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    reports::validate(&output.reports, output.format)?;
    let mut parts = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let report = read_report(path)?.into_report();
        let report = report.map_err(|error| Failure::usage(format!("`{name}`: {error}")))?;
        parts.push((name, report));
    }
    let whole = merge::merge(parts).map_err(|error| {
        let hint =
            "pass the reports of all parts of one run, of the same commit with the same options";
        Failure::usage(error.to_string()).with_hint(hint.to_owned())
    })?;
    let (report, recorded) = run::execute(output, term, |_| whole)?;
    let unwritten = run::write(&place.environment, output, &report, recorded);
    Ok(run::present(&place.environment, output, &report, &unwritten, term))
}

/// Reads a JSON report.
pub(super) fn read_report(path: &Path) -> Result<JsonReport, Failure> {
    let shown = path.display();
    let hint = "run `cargo pipe run-all --report json=FILE` to write one";
    let text = read::read_named_text(path, SizeLimit::Report).map_err(|error| {
        Failure::usage(format!("cannot read the report `{shown}`: {error}"))
            .with_hint(hint.to_owned())
    })?;
    json::from_json(&text).map_err(|error| {
        Failure::usage(format!("`{shown}` is not a report: {error}")).with_hint(hint.to_owned())
    })
}

//! `why` and `compare`: the inputs that differ, by name.

use std::path::Path;

use crate::cli::args::MessageFormat;
use crate::cli::commands::merge::read_report;
use crate::cli::commands::{pipeline, run};
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::Term;
use crate::error::Error;
use crate::event::Silent;
use crate::explanation::{Comparison, Expected, ResolvedBy, Sameness, Why, WorkDone};
use crate::fingerprint::diff::Difference;
use crate::outcome::Verdict;
use crate::plan::Request;
use crate::process::{Cancel, Emitter};
use crate::report::count::Count;
use crate::report::{harmless, json};

/// The number of differences that are listed.
const LISTED: usize = 20;

/// Explains why a check would run.
pub(super) fn why(
    place: ProjectLocation,
    check: String,
    format: MessageFormat,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let plan = pipeline.plan(&Request { checks: vec![check.clone()], ..Request::default() })?;
    plan.refuse_several(&check).map_err(Error::from)?;
    let why = pipeline
        .context(&Cancel::default(), &Emitter::new(&mut Silent))
        .why(&plan)
        .map_err(Error::Check)?;
    term.data(&match format {
        MessageFormat::Json => json::why::to_json(&why),
        _ => shown_differences(&why),
    });
    Ok(Verdict::Passed)
}

/// Compares this machine with a report.
pub(super) fn compare(
    place: ProjectLocation,
    report: &Path,
    format: MessageFormat,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let read = read_report(report)?;
    let pipeline = pipeline(place)?;
    let known = |name: &String| pipeline.config.checks.iter().any(|it| it.id.as_str() == name);
    let names = read.checks.iter().map(|check| check.name.clone());
    let checks: Vec<String> = names.filter(known).collect();
    let plan = pipeline.plan(&Request { checks, ..Request::default() })?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut observer = term.observer();
    let comparison = pipeline.context(&cancel, &Emitter::new(&mut observer)).compare(&plan, &read);
    term.observed(observer);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    let comparison = comparison.map_err(Error::Check)?;
    match format {
        MessageFormat::Json => term.data(&json::comparison::to_json(&comparison)),
        _ => term.text(&render_comparison(&comparison)),
    }
    Ok(if comparison.is_same() { Verdict::Passed } else { Verdict::Findings })
}

fn shown_differences(why: &Why) -> String {
    let Why { check, expected, environment, since_last, nearest, untracked, worked, .. } = why;
    let expected = match expected {
        Expected::Hit => "would not run: its result is cached",
        Expected::Miss => "would run: its result is not cached",
        Expected::Always => "would run: its results are never cached",
        Expected::Unknown => "would run: its environment was not prepared on this machine yet",
    };
    let mut text = format!("{check} {expected}\n");
    if *environment == Some(ResolvedBy::Predicted) {
        text.push_str("its environment is predicted from `.docker/pipe.lock`\n");
    }
    match since_last {
        None => text.push_str("\nit has not run in this folder yet\n"),
        Some(since) if since.is_empty() => {
            text.push_str("\nnothing differs from its last run in this folder\n");
        }
        Some(since) => {
            text.push_str("\ndifferent from its last run in this folder:\n");
            text.push_str(&listed(since));
        }
    }
    if !untracked.is_empty() {
        text.push_str("\ngit does not track this, so no commit and no hook has it:\n");
        for path in untracked.iter().take(LISTED) {
            text.push_str(&format!("  {}\n", harmless::line(path)));
        }
        if untracked.len() > LISTED {
            text.push_str(&format!("  and {} more\n", untracked.len() - LISTED));
        }
    }
    if let Some(worked) = worked {
        text.push_str(&render_work(worked));
    }
    match nearest {
        Some(nearest) if Some(nearest) != since_last.as_ref() => {
            text.push_str("\ndifferent from the most similar cached result:\n");
            text.push_str(&listed(nearest));
        }
        _ => {}
    }
    text
}

/// Renders the work of an incremental tool in its last run.
fn render_work(worked: &WorkDone) -> String {
    let WorkDone { files, cold, hint, checked, .. } = worked;
    if !cold.is_empty() {
        let hint = hint.as_ref().map(|hint| format!("\nhint: {}\n", harmless::line(hint)));
        let hint = hint.unwrap_or_default();
        return format!("\nits last run checked every file: {}\n{hint}", harmless::line(cold));
    }
    let files = Count(*files, "file");
    if checked.is_empty() {
        return format!("\nits last run checked none of {files} again\n");
    }
    let lines = checked
        .iter()
        .take(LISTED)
        .map(|(path, reason)| format!("  {}: {}\n", harmless::line(path), harmless::line(reason)));
    let more = match checked.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!("  and {more} more\n"),
    };
    format!(
        "\nits last run checked {} of {files} again:\n{}{more}",
        checked.len(),
        lines.collect::<String>()
    )
}

fn render_comparison(comparison: &Comparison) -> String {
    let version = &comparison.version;
    let lines = comparison.checks.iter().map(|compared| {
        let check = harmless::line(&compared.check);
        match &compared.sameness {
            Sameness::Same => format!("{check}: nothing differs\n"),
            Sameness::Different(differences) => {
                format!("{check}: different inputs:\n{}", listed(differences))
            }
            Sameness::OnlyTheVerdict => format!(
                "{check}: only the verdict differs, which is a bug in cargo pipe\n\n\
                 please report it: attach that report and one from here (`cargo pipe run {check} \
                 --report json=here.json`),\nand name the versions: {} here, {} there\n",
                env!("CARGO_PKG_VERSION"),
                harmless::line(version),
            ),
            Sameness::OnlyThere => format!("{check}: this project has no such check\n"),
            Sameness::Unknown(why) => format!("{check}: cannot compare: {why}\n"),
        }
    });
    lines.collect()
}

fn listed(differences: &[Difference]) -> String {
    let shown_differences = differences.iter().take(LISTED);
    let mut text: String =
        shown_differences.map(|it| format!("  {}\n", harmless::line(&it.to_string()))).collect();
    if differences.len() > LISTED {
        text.push_str(&format!("  and {} more\n", differences.len() - LISTED));
    }
    text
}

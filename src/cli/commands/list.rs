//! `list`: the checks of the project, one a line.

use crate::config::{Check, Work};
use crate::outcome::Verdict;
use crate::pipeline::Pipeline;
use crate::plan;
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use crate::report::json;
use crate::tools;
use serde::Serialize;

use super::pipeline;
use crate::cli::args::MessageFormat;
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::Term;

/// Prints the checks.
pub(super) fn list(
    place: ProjectLocation,
    format: MessageFormat,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pipeline = pipeline(place)?;
    let checks = &pipeline.config.checks;
    term.data(&match format {
        MessageFormat::Json => json::pretty(&Listing {
            schema: "cargo-pipe/list/1",
            checks: checks.iter().map(ListedCheck::from).collect(),
        }),
        _ => for_person(checks),
    });
    Ok(Verdict::Passed)
}

/// Describes a check in one line.
pub(super) fn about(pipeline: &Pipeline, name: &str) -> String {
    let check = pipeline.config.checks.iter().find(|check| plan::names(name, check));
    check.map(|check| work(&check.work)).unwrap_or_default()
}

/// The output of `list --json`.
#[derive(Serialize)]
struct Listing {
    schema: &'static str,
    checks: Vec<ListedCheck>,
}

/// A check of the project.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ListedCheck {
    /// Its name.
    name: String,
    /// Its tool, or `command` for a command of the project.
    tool: String,
    /// Its description, in one line.
    about: String,
    /// The files and folders that it checks, relative to the project.
    source: Vec<String>,
    /// Whether it can fix findings.
    fixes: bool,
}

impl From<&Check> for ListedCheck {
    fn from(check: &Check) -> Self {
        let tool = match &check.work {
            Work::Tool { tool, .. } | Work::Rust { tool, .. } => tool,
            Work::Command { .. } => "command",
        };
        ListedCheck {
            name: check.id.to_string(),
            tool: tool.to_owned(),
            about: work(&check.work),
            source: check.source.iter().map(ToString::to_string).collect(),
            fixes: plan::can_fix(check),
        }
    }
}

fn for_person(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.id.as_str().len()).max().unwrap_or_default();
    checks
        .iter()
        .map(|check| {
            let name = paint(style::STRONG, format!("{:width$}", check.id.as_str()));
            format!("{name}  {}\n", work(&check.work))
        })
        .collect()
}

fn work(work: &Work) -> String {
    match work {
        Work::Tool { tool, .. } | Work::Rust { tool, .. } => match tools::find(tool) {
            Some(known) => format!("{tool}: {}", known.about()),
            None => tool.clone(),
        },
        Work::Command { run, .. } => format!("runs `{}`", harmless::line(&run.join(" "))),
    }
}

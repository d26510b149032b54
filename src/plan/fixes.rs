//! What a run changes before it checks.
//!
//! Owns who writes when, and in which order: fixers in the order of their checks, formatters last.
//! Must not know how a file is changed; [`crate::run`] does what is planned here. Pure, like all
//! of the plan.

use serde::Serialize;

use super::{PlanError, Step};
use crate::check::{CachePolicy, CheckName, Grant};
use crate::config::{Check, Config, Work};
use crate::tools::command::Command;
use crate::tools::{self, ToolInvocation};

/// Whether files are fixed before they are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fixing {
    /// Nothing is.
    #[default]
    Off,
    /// A formatter writes, because it was called by its own name; nothing else does.
    ByName,
    /// The same, but something keeps it from writing, and it says so.
    Withheld(Withheld),
    /// What would be written is shown; nothing is written, and nothing is checked.
    Show,
    /// Everything writes that can.
    Write,
}

/// What keeps a formatter that was called by its own name from writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Withheld {
    /// Nobody wanted it to.
    Check,
    /// It runs in a job, whose files nobody keeps: one that formats them can never fail.
    Ci,
}

/// What is fixed before anything is checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fixes {
    /// What becomes of files that a fixer changes.
    pub effect: Effect,
    /// Why.
    pub reason: String,
    /// The fixers, in the order they run, one after the other.
    pub steps: Vec<FixStep>,
}

/// What becomes of files that a fixer changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Effect {
    /// They are written back.
    Write,
    /// They are shown.
    Show,
}

/// One fixer to run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FixStep {
    /// Its check's step, with the command that fixes.
    #[serde(flatten)]
    pub step: Step,
    /// Why it has its place in the order.
    pub reason: String,
}

/// The fixes of a plan, and what somebody should be told who may expect others.
pub(super) fn plan(
    config: &Config,
    checks: &[&Check],
    steps: &[Step],
    fixing: Fixing,
) -> Result<(Option<Fixes>, Vec<String>), PlanError> {
    let fixes = |effect, reason: &str| {
        let steps = in_order(checks, steps);
        if steps.is_empty() {
            return Err(PlanError::NothingFixes {
                checks: checks.iter().map(|check| check.name.clone()).collect(),
                fixers: config.checks.iter().filter(|check| can_fix(check)).map(name).collect(),
            });
        }
        Ok((Some(Fixes { effect, reason: reason.to_owned(), steps }), Vec::new()))
    };
    let formatter = checks.iter().find(|check| is_formatter(check));
    match (fixing, formatter) {
        (Fixing::Write, _) => fixes(Effect::Write, "`--fix` was given"),
        (Fixing::Show, _) => fixes(Effect::Show, "`--diff` was given"),
        (Fixing::ByName, Some(formatter)) => fixes(
            Effect::Write,
            &format!("`{}` is a formatter, and was called by its own name", formatter.name),
        ),
        (Fixing::Withheld(why), Some(formatter)) => {
            let why = match why {
                Withheld::Check => "`--check` was given",
                Withheld::Ci => "`CI` is set; `--fix` makes it write",
            };
            let note = format!("`{}` checks and writes nothing, because {why}", formatter.name);
            Ok((None, vec![note]))
        }
        (Fixing::Off | Fixing::ByName | Fixing::Withheld(_), _) => Ok((None, Vec::new())),
    }
}

fn name(check: &Check) -> CheckName {
    check.name.clone()
}

fn is_formatter(check: &Check) -> bool {
    match &check.work {
        Work::Tool { tool, .. } => tools::find(tool).is_some_and(|tool| tool.is_formatter()),
        Work::Command { .. } => false,
    }
}

fn can_fix(check: &Check) -> bool {
    command(check, None).is_some()
}

/// The command that fixes for a check, with its tool's config at this place.
fn command(check: &Check, config: Option<&str>) -> Option<Command> {
    match &check.work {
        Work::Tool { tool, args, .. } => {
            // What repairs looks at one file at a time, and imports nothing.
            let source = &check.source;
            let invocation = ToolInvocation { config, source, args, sees_project: false };
            tools::find(tool)?.fix(&invocation)
        }
        Work::Command { fix, .. } => fix.clone().map(Command::Exec),
    }
}

/// The fixers of some checks, formatters last.
fn in_order(checks: &[&Check], steps: &[Step]) -> Vec<FixStep> {
    let fix_step = |(check, step): (&&Check, &Step)| {
        let place = step.config.as_ref().map(super::ConfigFile::in_container);
        let command = command(check, place.as_deref())?;
        let reason = match is_formatter(check) {
            true => "a formatter has the last word",
            false => "a fixer comes before the formatter, in the order of the checks",
        };
        let mut step = Step { command, cache: CachePolicy::Never, ..step.clone() };
        // It writes to a copy of its own anyway, of which only what is controlled comes back.
        step.grants.remove(&Grant::Writable);
        step.writable = false;
        Some((is_formatter(check), FixStep { step, reason: reason.to_owned() }))
    };
    let mut fixers: Vec<(bool, FixStep)> = checks.iter().zip(steps).filter_map(fix_step).collect();
    fixers.sort_by_key(|(is_formatter, _)| *is_formatter);
    fixers.into_iter().map(|(_, step)| step).collect()
}

//! Plans the fixers that run before the checks: in the order of their checks, formatters last.

use serde::Serialize;

use super::{Known, PlanError, Step, rust};
use crate::check::{CachePolicy, Grant, StepId};
use crate::config::{Check, Config, Work};
use crate::tools::command::Command;
use crate::tools::{self, ToolInvocation};

/// Whether files are fixed before they are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fixing {
    /// Nothing is fixed.
    #[default]
    Off,
    /// Only a formatter that was called by its own name writes.
    ByName,
    /// A formatter that was called by its own name does not write, and notes why.
    Withheld(Withheld),
    /// The changes are shown; nothing is written, and nothing is checked.
    Show,
    /// Every fixer writes.
    Write,
}

/// The reason why a formatter that was called by its own name does not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Withheld {
    /// The user asked it to check only.
    Check,
    /// It runs in a CI job, whose files are discarded: a job that formats them could never fail.
    Ci,
}

/// The fixers that run before anything is checked.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fixes {
    /// The effect of a fixer's changes.
    pub effect: Effect,
    /// Why files are fixed.
    pub reason: String,
    /// The fixers, in the order they run, one after the other.
    pub steps: Vec<FixStep>,
}

/// The effect of a fixer's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Effect {
    /// They are written to the project.
    Write,
    /// The changes are printed.
    Show,
}

/// One fixer to run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FixStep {
    /// Its check's step, with the command that fixes.
    pub step: Step,
    /// Why it has its place in the order.
    pub reason: String,
}

/// Plans the fixes of a request, and notes for a user who may expect others.
pub(super) fn plan_fixes(
    config: &Config,
    known: &Known,
    checks: &[&Check],
    steps: &[Step],
    fixing: Fixing,
) -> Result<(Option<Fixes>, Vec<String>), PlanError> {
    let fixes = |effect, reason: &str| {
        let steps = in_order(known, checks, steps);
        if steps.is_empty() {
            return Err(PlanError::NothingFixes {
                checks: checks.iter().map(|check| check.id.clone()).collect(),
                fixers: config.checks.iter().filter(|check| can_fix(check)).map(id).collect(),
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

fn id(check: &Check) -> StepId {
    check.id.clone()
}

fn is_formatter(check: &Check) -> bool {
    check.work.tool().is_some_and(|tool| tool.is_formatter())
}

/// Whether findings of a check can be fixed.
#[must_use]
pub fn can_fix(check: &Check) -> bool {
    command(&Known::default(), check, None).is_some()
}

/// The command that fixes for a check, with its tool's config at this path.
fn command(known: &Known, check: &Check, config: Option<&str>) -> Option<Command> {
    match &check.work {
        Work::Tool { tool, args, packages, .. } => {
            // A fixer reads one file at a time and imports nothing.
            let source = &check.source.iter().map(|it| it.below(&check.folder)).collect::<Vec<_>>();
            let scripts = &known.scripts_of(check);
            let version = known.versions.get(&packages.lock).map(String::as_str);
            let (sees_project, installs_project) = (false, false);
            let invocation = ToolInvocation {
                config,
                source,
                scripts,
                args,
                sees_project,
                installs_project,
                version,
            };
            tools::find(tool)?.fix(&invocation)
        }
        Work::Rust { tool, args } => tools::find(tool)?.fix(&rust::invocation(args)),
        Work::Command { fix, .. } => fix.clone().map(Command::Exec),
    }
}

/// The fixers of some checks, formatters last.
fn in_order(known: &Known, checks: &[&Check], steps: &[Step]) -> Vec<FixStep> {
    // A fixer writes the same files for every version of Python.
    let is_first = |check: &Check| {
        let same = |it: &&&Check| it.name == check.name && it.id.package() == check.id.package();
        checks.iter().find(same).is_some_and(|first| first.id == check.id)
    };
    let fix_step = |(check, step): (&&Check, &Step)| {
        let place = step.config.as_ref().map(super::ConfigFile::in_container);
        let command = command(known, check, place.as_deref())?;
        let reason = if is_formatter(check) {
            "formatters run last"
        } else {
            "fixers run before the formatter, in the order of the checks"
        };
        let mut step = Step { command, cache: CachePolicy::Never, ..step.clone() };
        // A fixer always writes to a private copy, and its changes are inspected before they are used.
        step.grants.remove(&Grant::Writable);
        // It could write a secret into the project.
        step.withhold_secrets();
        step.writable = false;
        // Neither the files that an installation leaves nor the output of a compiler are changes of a fixer.
        step.installation = None;
        if let Work::Rust { .. } = check.work {
            rust::build_outside(&mut step);
        }
        Some((is_formatter(check), FixStep { step, reason: reason.to_owned() }))
    };
    let firsts = checks.iter().zip(steps).filter(|(check, _)| is_first(check));
    let mut fixers: Vec<(bool, FixStep)> = firsts.filter_map(fix_step).collect();
    fixers.sort_by_key(|(is_formatter, _)| *is_formatter);
    fixers.into_iter().map(|(_, step)| step).collect()
}

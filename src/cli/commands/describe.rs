//! Descriptions of a plan, for `--dry-run` and the help of a check.

use crate::check::{CachePolicy, StepId};
use crate::limits::Limits;
use crate::plan::{Effect, EnvironmentSpec, FixStep, Fixes, Plan, ReachedBy, Step};
use crate::project::ProjectPath;
use crate::report::count::Count;
use crate::report::harmless;
use crate::report::human::style::{self, paint};
use crate::tools::command::Command;

/// Describes a plan.
pub(super) fn plan(plan: &Plan) -> String {
    let steps = plan.steps.iter().map(|step| {
        let name = paint(style::STRONG, &step.id);
        let mut facts = facts(step);
        let reached = plan.affected.as_ref().and_then(|it| it.reached.get(step.id.as_str()));
        facts.extend(reached.map(because));
        let lines: String = facts.into_iter().map(|fact| format!("  {fact}\n")).collect();
        format!("{name}: {}\n{lines}\n", harmless::line(&step.tool))
    });
    let steps: String = steps.collect();
    let checks = Count(plan.steps.len(), "check");
    let at_once = match plan.jobs.min(plan.steps.len()) {
        0 | 1 => String::new(),
        jobs => format!(", {jobs} at once"),
    };
    let starts = plan.starts.as_ref().filter(|starts| starts.len() > plan.jobs);
    let starts = starts.map(|starts| {
        let names: Vec<&str> = starts.iter().map(StepId::as_str).collect();
        format!("; they start in this order: {}", names.join(", "))
    });
    let starts = starts.unwrap_or_default();
    let ending = if plan.fail_fast { ", until one does not pass" } else { "" };
    let notes: String = plan.notes.iter().map(|note| format!("{note}\n\n")).collect();
    let fixes = plan.fixes.as_ref().map(fixes).unwrap_or_default();
    format!("{fixes}{notes}{steps}{checks}{at_once}{ending}{starts}\n")
}

/// Describes the fixes of a plan.
fn fixes(fixes: &Fixes) -> String {
    let effect = match fixes.effect {
        Effect::Show => "shows what would change",
        _ => "writes what changes",
    };
    let steps: String = fixes
        .steps
        .iter()
        .map(|fix| {
            let name = paint(style::STRONG, &fix.step.id);
            format!(
                "{name}: {}\n  {}\n  {}\n",
                harmless::line(&fix.step.tool),
                fixer(fix),
                fix.reason
            )
        })
        .collect();
    format!("fixing {effect}, because {}\n\n{steps}\n", fixes.reason)
}

/// Describes the fixer of a check.
pub(super) fn fixer(fix: &FixStep) -> String {
    format!("fixes   {}", command(&fix.step.command))
}

/// Describes a step: its command, files and environment.
pub(super) fn facts(step: &Step) -> Vec<String> {
    let mut facts = vec![
        format!("runs    {}", command(&step.command)),
        format!("on      {}", sources(step)),
        format!("sees    {}", paths(&step.file_set.paths)),
    ];
    if !step.file_set.exclude.is_empty() {
        let globs = step.file_set.exclude.join(", ");
        facts.push(format!("but not {}", harmless::line(&globs)));
    }
    if let Some(config) = &step.config {
        facts.push(format!("config  {}", harmless::line(config.path.as_str())));
    }
    facts.push(format!("in      {}", environment(&step.environment)));
    facts.push(format!("within  {}", limits(step)));
    if !step.grants.is_empty() {
        let grants: Vec<String> = step.grants.iter().map(ToString::to_string).collect();
        facts.push(format!("needs   {}", grants.join(", ")));
    }
    match step.cache {
        CachePolicy::Always => {}
        CachePolicy::Passed => facts.push("cached  only when it passed".to_owned()),
        CachePolicy::Never => facts.push("cached  never".to_owned()),
    }
    facts
}

/// The change that reaches a step.
fn because(reached: &ReachedBy) -> String {
    let ReachedBy { file, package } = reached;
    let package = package.as_ref().map(|name| format!(" of `{name}`")).unwrap_or_default();
    format!("because `{}`{package} changed", harmless::line(file))
}

fn limits(step: &Step) -> String {
    let Limits { memory, disk, output } = step.limits;
    let disk = if step.writable { format!("disk {disk}, ") } else { String::new() };
    let time = humantime::format_duration(step.timeout);
    format!("{time}, memory {memory}, {disk}output {output}")
}

fn sources(step: &Step) -> String {
    let endings: Vec<String> = step.endings.iter().map(|ending| format!("*{ending}")).collect();
    match endings.as_slice() {
        [] => paths(&step.source),
        _ => format!("{} in {}", harmless::line(&endings.join(", ")), paths(&step.source)),
    }
}

fn paths(paths: &[ProjectPath]) -> String {
    let paths: Vec<&str> = paths.iter().map(ProjectPath::as_str).collect();
    harmless::line(&paths.join(", "))
}

fn command(command: &Command) -> String {
    match command {
        Command::Exec(words) | Command::Report { argv: words, .. } => typed(words),
        Command::Module { module, args, .. } => {
            format!("{} {}", harmless::line(module), typed(args))
        }
    }
}

fn environment(environment: &EnvironmentSpec) -> String {
    let place = match environment {
        EnvironmentSpec::Tool { lock, .. } => {
            format!("the locked environment of `{}`", harmless::line(lock))
        }
        EnvironmentSpec::Base { .. } => "the project's base image".to_owned(),
        EnvironmentSpec::Rust { .. } => {
            "the Rust toolchain with the packages of `Cargo.lock`".to_owned()
        }
        EnvironmentSpec::Image(image) => format!("the image `{}`", harmless::line(image)),
    };
    let place = match environment.python() {
        Some(python) => format!("{place} on Python {python}"),
        None => place,
    };
    match (environment.sees_project(), environment.builds_project()) {
        (true, true) => format!("{place}, with the project and its dependencies"),
        (true, false) => format!("{place}, with the project's dependencies"),
        (false, true) => format!("{place}, with the project"),
        (false, false) => place,
    }
}

/// Quotes words for a shell.
pub(super) fn typed(words: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    let word = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", harmless::text(word).replace('\'', r"'\''"))
        }
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

//! A check's name as a command: runs or explains the check.

use crate::check::Grant;
use crate::config::nearest::nearest;
use crate::outcome::Verdict;
use crate::pipeline::Pipeline;
use crate::plan::{Fixing, Plan, Request};

use super::{completions, describe, list, pipeline, reports, run};
use crate::cli::args::{self, CheckArgs, CheckAsked, HelpLength};
use crate::cli::exit::Failure;
use crate::cli::settings::{self, ProjectLocation, Unsaid};
use crate::cli::terminal::Term;

/// Runs or explains a check.
pub(super) fn check(
    place: ProjectLocation,
    check: CheckArgs,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let CheckArgs { name, asked } = check;
    let baseline = match &asked {
        Ok(CheckAsked::Run(args)) => args.baseline.clone(),
        _ => None,
    };
    let place = place.accepting("--baseline", baseline);
    let mut pipeline = pipeline(place).map_err(|failure| mistyped(&name).unwrap_or(failure))?;
    match asked {
        Ok(CheckAsked::Run(args)) => {
            let is_ci = pipeline.environment.is_ci();
            let run = settings::run(vec![name], args, Unsaid::ByName { is_ci });
            reports::validate(&run.output.reports, run.output.format)?;
            run::run_in(&pipeline, &run, term)
        }
        Ok(CheckAsked::Help(length)) => explain(&mut pipeline, name, length, term),
        // An unknown name is reported before errors in the arguments after it.
        Err(failure) => plan(&mut pipeline, &name, Fixing::Off).and(Err(failure)),
    }
}

/// Plans one check to explain it, which needs no grants.
fn plan(pipeline: &mut Pipeline, name: &str, fixing: Fixing) -> Result<Plan, Failure> {
    let config = &mut pipeline.config;
    config.allow.insert(Grant::Dockerfile);
    config.allow.extend(config.checks.iter().flat_map(|check| &check.asks).cloned());
    let checks = vec![name.to_owned()];
    Ok(pipeline.plan(&Request { checks, fixing, ..Request::default() })?)
}

/// Suggests a command for a misspelled name, which needs no project.
fn mistyped(name: &str) -> Option<Failure> {
    let commands = args::command_names();
    let commands = commands.iter().map(String::as_str);
    let built_in = completions::built_in_checks();
    let names: Vec<&str> = built_in.iter().copied().chain(commands).collect();
    let near = nearest(name, &names).filter(|near| !built_in.contains(near))?;
    let failure = Failure::usage(format!("unknown command or check `{name}`"));
    Some(failure.with_hint(format!("did you mean `cargo pipe {near}`?")))
}

/// Prints the help of a check: its command, files and environment.
fn explain(
    pipeline: &mut Pipeline,
    name: String,
    length: HelpLength,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let steps = plan(pipeline, &name, Fixing::Off)?.steps;
    // Planning a fix fails for a check without a fixer.
    let fixes = plan(pipeline, &name, Fixing::Write).ok().and_then(|plan| plan.fixes);
    let about = list::about(pipeline, &name);
    let fixes = fixes.as_ref().map(|fixes| fixes.steps.as_slice()).unwrap_or_default();
    let mut facts = Vec::new();
    for step in &steps {
        let mut of_step = describe::facts(step);
        let fixer = fixes.iter().find(|fix| fix.step.id == step.id);
        of_step.splice(1..1, fixer.map(describe::fixer));
        if steps.len() > 1 {
            of_step.insert(0, format!("{}:", step.id));
        }
        facts.extend(of_step);
    }
    let facts: String = facts.iter().map(|fact| format!("\n  {fact}")).collect();
    let check = args::check_command(&name).about(format!("{about}\n{facts}"));
    let mut command = args::command(term.program()).subcommand(check);
    command.build();
    if let Some(command) = command.find_subcommand_mut(&name) {
        let help = match length {
            HelpLength::Short => command.render_help(),
            HelpLength::Long => command.render_long_help(),
        };
        term.text(&help.ansi().to_string());
    }
    Ok(Verdict::Passed)
}

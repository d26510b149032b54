//! A check by its name.
//!
//! Owns what becomes of a word that is no command: the check of that name is run or explained. It
//! must not run anything itself, and does not know which checks there are: the plan refuses a name
//! that is none.

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
            reports::validate(&run.reports, run.format)?;
            run::run_in(&pipeline, &run, term)
        }
        Ok(CheckAsked::Help(length)) => explain(&mut pipeline, name, length, term),
        // A name that is none is told first, whatever is wrong with the words behind it.
        Err(failure) => plan(&mut pipeline, &name, Fixing::Off).and(Err(failure)),
    }
}

/// The plan of one check, for reading: nobody has to grant anything for that.
fn plan(pipeline: &mut Pipeline, name: &str, fixing: Fixing) -> Result<Plan, Failure> {
    // No check asks for `host` itself: an engine without a sandbox does.
    pipeline.config.allow.extend(Grant::ALL.into_iter().filter(|grant| *grant != Grant::Host));
    let checks = vec![name.to_owned()];
    Ok(pipeline.plan(&Request { checks, fixing, ..Request::default() })?)
}

/// A slip in the name of a command, which needs no project to be recognised.
fn mistyped(name: &str) -> Option<Failure> {
    let commands = args::command_names();
    let commands = commands.iter().map(String::as_str);
    let names: Vec<&str> = completions::BUILT_IN.into_iter().chain(commands).collect();
    let near = nearest(name, &names).filter(|near| !completions::BUILT_IN.contains(near))?;
    let failure = Failure::usage(format!("`{name}` is neither a command nor a check"));
    Some(failure.with_hint(format!("did you mean `cargo pipe {near}`?")))
}

/// The check's own help: what it runs, on what, in which environment.
fn explain(
    pipeline: &mut Pipeline,
    name: String,
    length: HelpLength,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let steps = plan(pipeline, &name, Fixing::Off)?.steps;
    // A check that cannot fix has no such plan.
    let fixes = plan(pipeline, &name, Fixing::Write).ok().and_then(|plan| plan.fixes);
    let about = list::about(pipeline, &name);
    let mut facts: Vec<String> = steps.iter().flat_map(describe::facts).collect();
    let fixes = fixes.iter().flat_map(|fixes| &fixes.steps).map(describe::fixer);
    facts.splice(1..1, fixes);
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

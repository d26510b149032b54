//! `completions`: shell completion scripts.
//!
//! They complete commands, topics, and the checks of the current project, after `cargo-pipe` as after
//! `cargo pipe`.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, Id};
use clap_complete::Shell;

use crate::outcome::Verdict;

use super::pipeline;
use crate::cli::args;
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::cli::terminal::Term;
use crate::program::Program;
use crate::tools;

/// The names of the checks that a project has by default.
pub(super) fn built_in_checks() -> Vec<&'static str> {
    tools::default_checks().into_iter().map(|(name, _)| name).collect()
}

/// Prints the script of a shell.
pub(super) fn completions(
    place: ProjectLocation,
    shell: Shell,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    // A script is wanted whatever is wrong with a project.
    let checks: Vec<String> = match pipeline(place) {
        Ok(pipeline) => {
            let checks = pipeline.config.checks.iter();
            let names = checks.flat_map(|check| [check.name.to_string(), check.id.to_string()]);
            names.collect::<BTreeSet<_>>().into_iter().collect()
        }
        Err(_) => built_in_checks().into_iter().map(str::to_owned).collect(),
    };
    let command = args::command(Program::CargoPipe);
    let command = command.mut_subcommands(|command| with_checks(command, &checks));
    let command = checks.iter().fold(command, |command, check| {
        command.subcommand(args::check_command(check).about(format!("Run the check `{check}`")))
    });
    term.data(&script(shell, command));
    Ok(Verdict::Passed)
}

/// A command whose arguments that name checks are completed with these.
fn with_checks(command: Command, checks: &[String]) -> Command {
    let is_check = |argument: &&Arg| {
        argument.get_value_names().is_some_and(|names| names.iter().any(|name| *name == "CHECK"))
    };
    let named: Vec<Id> = command
        .get_positionals()
        .filter(is_check)
        .map(|argument| argument.get_id().clone())
        .collect();
    named.into_iter().fold(command, |command, id| {
        let values = PossibleValuesParser::new(checks.to_vec());
        command.mut_arg(id, |argument| argument.value_parser(values))
    })
}

/// Completes `cargo pipe` in bash, where cargo's own script asks no other.
const CARGO_IN_BASH: &str = include_str!("../../../templates/completions/bash.sh");

/// The same in fish.
const CARGO_IN_FISH: &str = include_str!("../../../templates/completions/fish.fish");

fn script(shell: Shell, mut command: Command) -> String {
    // In bash clap_complete 4.6 completes no option of a command whose program has a hyphen in its name:
    // https://github.com/clap-rs/clap/issues/6421
    let name = if shell == Shell::Bash { "cargo_pipe" } else { "cargo-pipe" };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    let script = String::from_utf8_lossy(&script);
    match shell {
        Shell::Bash => {
            script.replace("default cargo_pipe\n", "default cargo-pipe\n") + CARGO_IN_BASH
        }
        Shell::Fish => script.into_owned() + CARGO_IN_FISH,
        // In zsh the completion of cargo calls `_cargo-pipe`, which the script defines.
        _ => script.into_owned(),
    }
}

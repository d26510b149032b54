//! `completions`: shell completion scripts.
//!
//! They complete commands, topics, and the checks of the current project, after `cargo-pipe` as after
//! `cargo pipe`.

use clap::Command;
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
        Ok(pipeline) => pipeline.config.checks.iter().map(|check| check.id.to_string()).collect(),
        Err(_) => built_in_checks().into_iter().map(str::to_owned).collect(),
    };
    let command = checks.iter().fold(args::command(Program::CargoPipe), |command, check| {
        command.subcommand(args::check_command(check).about(format!("Run the check `{check}`")))
    });
    term.data(&script(shell, command));
    Ok(Verdict::Passed)
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

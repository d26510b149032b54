//! `completions`: shell completion scripts.
//!
//! They complete commands, topics, and the checks of the current project.

use crate::outcome::Verdict;
use clap_complete::Shell;

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
        Ok(pipeline) => pipeline.config.checks.iter().map(|check| check.name.to_string()).collect(),
        Err(_) => built_in_checks().into_iter().map(str::to_owned).collect(),
    };
    let mut command = checks.iter().fold(args::command(Program::CargoPipe), |command, check| {
        command.subcommand(args::check_command(check).about(format!("Run the check `{check}`")))
    });
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "cargo-pipe", &mut script);
    term.data(&String::from_utf8_lossy(&script));
    Ok(Verdict::Passed)
}

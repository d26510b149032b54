//! The command line of cargo pipe: parse, run, exit status.
//!
//! `args` parses the arguments, `settings` gives them a meaning, `commands` runs a command, and
//! `exit` turns its result into an exit status.

mod args;
mod commands;
mod exit;
mod interrupt;
mod markdown;
#[cfg(feature = "mcp")]
mod mcp;
mod pager;
mod settings;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::env_vars::EnvVars;
use crate::outcome::Verdict;
use crate::program::Program;
use exit::{Ending, Failure};
use settings::{Action, CommandLine, Sync};
use terminal::Term;

/// Runs the command in the arguments of the process, and returns its exit status.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut term = Term::of(Program::CargoPipe);
    let ended = begin()
        .and_then(|()| read(Program::CargoPipe, arguments))
        .and_then(|settings| commands::dispatch(settings, &mut term));
    exit::code(ended, term)
}

/// The long help of cargo pipe without colours, at most `width` columns wide.
#[must_use]
pub fn long_help(width: usize) -> String {
    let command = args::command(Program::CargoPipe).term_width(width);
    anstream::adapter::strip_str(&commands::overview(command)).to_string()
}

/// Runs the command in the arguments of a task.
pub(crate) fn task(words: impl Iterator<Item = OsString>) -> ExitCode {
    let mut term = Term::of(Program::Xtask);
    let words = std::iter::once(OsString::from("xtask")).chain(words);
    let ended = begin()
        .and_then(|()| read(Program::Xtask, words))
        .and_then(|settings| commands::dispatch(settings, &mut term));
    exit::code(ended, term)
}

/// Checks the generated files, then runs all checks, as a task. `words` are options of `run-all`.
pub(crate) fn ci(words: impl Iterator<Item = OsString>) -> ExitCode {
    let mut term = Term::of(Program::Xtask);
    let words = ["xtask", "run-all"].map(OsString::from).into_iter().chain(words);
    let ended = begin()
        .and_then(|()| read(Program::Xtask, words))
        .and_then(|settings| both(settings, &mut term));
    exit::code(ended, term)
}

/// Sets up the process.
fn begin() -> Result<(), Failure> {
    interrupt::survive_file_limit().map_err(|source| Failure::System {
        what: "cannot handle the signal XFSZ".to_owned(),
        source,
    })
}

fn read(
    program: Program,
    arguments: impl Iterator<Item = OsString>,
) -> Result<CommandLine, Failure> {
    settings::settings(args::parse(program, arguments)?, EnvVars::of_process())
}

/// Checks the generated files, then runs the command. Returns the worse verdict.
fn both(settings: CommandLine, term: &mut Term) -> Result<Ending, Failure> {
    let (place, verbosity) = (settings.place.clone(), settings.verbosity);
    let sync = CommandLine { place, verbosity, action: Action::Sync(Sync::Check) };
    let verdicts = [commands::dispatch(sync, term)?, commands::dispatch(settings, term)?];
    let verdicts = verdicts.into_iter().filter_map(|ending| match ending {
        Ending::Verdict(verdict) => Some(verdict),
        Ending::Status(_) => None,
    });
    Ok(Ending::Verdict(Verdict::worst(verdicts).unwrap_or(Verdict::Passed)))
}

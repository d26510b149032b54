//! The command line of cargo pipe.
//!
//! Owns nothing but the way from arguments to an exit status: what was typed becomes settings, a
//! command does its work, its verdict becomes the status. What the words mean is known elsewhere.

mod args;
mod commands;
mod exit;
mod interrupt;
mod markdown;
mod pager;
mod settings;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::config::load::EnvVars;
use crate::outcome::Verdict;
use crate::program::Program;
use exit::{Ending, Failure};
use settings::{Action, CommandLine, Sync};
use terminal::Term;

/// Does what a process is asked for with these arguments, its own name included, and says how it
/// ends.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut term = Term::of(Program::CargoPipe);
    let ended = read(Program::CargoPipe, arguments)
        .and_then(|settings| commands::dispatch(settings, &mut term));
    exit::code(ended, term)
}

/// The same for the words of a task.
pub(crate) fn task(words: impl Iterator<Item = OsString>) -> ExitCode {
    let mut term = Term::of(Program::Xtask);
    let words = std::iter::once(OsString::from("xtask")).chain(words);
    let ended =
        read(Program::Xtask, words).and_then(|settings| commands::dispatch(settings, &mut term));
    exit::code(ended, term)
}

/// Checks the generated files and then everything else, as a task; `words` are options of
/// `run-all`.
pub(crate) fn ci(words: impl Iterator<Item = OsString>) -> ExitCode {
    let mut term = Term::of(Program::Xtask);
    let words = ["xtask", "run-all"].map(OsString::from).into_iter().chain(words);
    let ended = read(Program::Xtask, words).and_then(|settings| both(settings, &mut term));
    exit::code(ended, term)
}

fn read(
    program: Program,
    arguments: impl Iterator<Item = OsString>,
) -> Result<CommandLine, Failure> {
    settings::settings(args::parse(program, arguments)?, EnvVars::of_process())
}

/// The generated files, and then what is asked for; the worse of both verdicts.
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

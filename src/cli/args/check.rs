//! A check as a command.
//!
//! Owns the second reading of arguments whose command is no command of ours: with a command of
//! that name which takes what `run` takes, so that options mean the same in front of the name and
//! behind it. It must not know which checks there are; the command finds out and complains.

use std::ffi::OsString;

use clap::{Args as _, Command, FromArgMatches};

use super::help::RUN_STATUS;
use super::{Args, CommandArgs, GlobalArgs, RunArgs, augment_with_run, command, command_names};
use crate::cli::exit::Failure;
use crate::program::Program;

/// A check that was named as a command.
#[derive(Debug)]
pub(crate) struct CheckArgs {
    /// What was named; not yet known to be a check.
    pub(crate) name: String,
    /// What to do with it, or why that cannot be understood.
    pub(crate) asked: Result<CheckAsked, Failure>,
}

/// What to do with a check.
#[derive(Debug)]
pub(crate) enum CheckAsked {
    /// Say what it does.
    Help,
    /// Run it.
    Run(RunArgs),
}

/// Reads the arguments again, now that a name is known. `first` is what could be read before.
pub(super) fn parse(
    program: Program,
    arguments: &[OsString],
    name: &str,
    first: GlobalArgs,
) -> Args {
    let check = Wanted::augment_args(Command::new(name.to_owned()).disable_help_flag(true));
    let command = command(program).subcommand(check);
    let read = command.try_get_matches_from(arguments).and_then(|matches| {
        let global = GlobalArgs::from_arg_matches(&matches)?;
        let wanted = match matches.subcommand() {
            Some((_, matches)) => Wanted::from_arg_matches(matches)?,
            None => return Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand)),
        };
        Ok((global, wanted))
    });
    let (global, asked) = match read {
        Ok((global, wanted)) if wanted.help => (global, Ok(CheckAsked::Help)),
        Ok((global, wanted)) => (global, Ok(CheckAsked::Run(wanted.run))),
        Err(error) => (first, Err(Failure::from(error))),
    };
    let name = name.to_owned();
    Args { global, command: CommandArgs::Check(CheckArgs { name, asked }) }
}

/// `help CHECK` is `CHECK --help`; clap knows no checks.
pub(super) fn help_last(arguments: &mut [OsString]) {
    let [_, help, name] = arguments else { return };
    let text = name.to_string_lossy().into_owned();
    if help == "help" && !text.starts_with('-') && !command_names().contains(&text) {
        *help = std::mem::take(name);
        *name = OsString::from("--help");
    }
}

/// The options of a check, on a command that has its name.
pub(crate) fn clap_command(name: &str) -> Command {
    augment_with_run(Command::new(name.to_owned())).after_help(RUN_STATUS)
}

/// What a check takes. The help flag is ours, because the help needs the project.
#[derive(Debug, clap::Args)]
struct Wanted {
    /// Print what the check does
    #[arg(short, long)]
    help: bool,
    #[command(flatten)]
    run: RunArgs,
}

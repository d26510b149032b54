//! A check as a command, such as `cargo pipe lint`.
//!
//! clap knows no checks, so the arguments are parsed twice: the first pass finds an unknown command,
//! the second one adds a command of that name with the options of `run`. Options then mean the same
//! before and behind the name. Whether the check exists is decided later, by the plan.

use std::ffi::OsString;

use clap::{Args as _, Command, FromArgMatches};

use super::help::RUN_STATUS;
use super::{Args, CommandArgs, GlobalArgs, RunArgs, augment_with_run, command};
use crate::cli::exit::Failure;
use crate::program::Program;

/// The name of a check, used as a command.
#[derive(Debug)]
pub(crate) struct CheckArgs {
    /// The name; the check may not exist.
    pub(crate) name: String,
    /// What to do with it, or why the arguments are invalid.
    pub(crate) asked: Result<CheckAsked, Failure>,
}

/// What to do with a check.
#[derive(Debug)]
pub(crate) enum CheckAsked {
    /// Print its help.
    Help(HelpLength),
    /// Run it.
    Run(RunArgs),
}

/// Whether help was requested by `-h` or by `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HelpLength {
    /// One line per option.
    Short,
    /// Everything.
    Long,
}

/// Parses the arguments again with a command called `name`. `first` holds the global options of the
/// first pass, for when this one fails.
pub(super) fn parse(
    program: Program,
    arguments: &[OsString],
    name: &str,
    first: GlobalArgs,
) -> Args {
    let check = NamedCheckArgs::augment_args(Command::new(name.to_owned()).disable_help_flag(true));
    let command = command(program).subcommand(check);
    let read = command.try_get_matches_from(arguments).and_then(|matches| {
        let global = GlobalArgs::from_arg_matches(&matches)?;
        let wanted = match matches.subcommand() {
            Some((_, matches)) => NamedCheckArgs::from_arg_matches(matches)?,
            None => return Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand)),
        };
        Ok((global, wanted))
    });
    let (global, asked) = match read {
        Ok((global, wanted)) if wanted.help => (global, Ok(CheckAsked::Help(HelpLength::Long))),
        Ok((global, wanted)) if wanted.short_help => {
            (global, Ok(CheckAsked::Help(HelpLength::Short)))
        }
        Ok((global, wanted)) => (global, Ok(CheckAsked::Run(wanted.run))),
        Err(error) => (first, Err(Failure::from(error))),
    };
    let name = name.to_owned();
    Args { global, command: CommandArgs::Check(CheckArgs { name, asked }) }
}

/// The command of a check, for its help and for completions.
pub(crate) fn clap_command(name: &str) -> Command {
    augment_with_run(Command::new(name.to_owned())).after_help(RUN_STATUS)
}

/// Arguments of a check. The help flags are not clap's, because the help needs the project.
#[derive(Debug, clap::Args)]
struct NamedCheckArgs {
    /// Print a summary of the help
    #[arg(short = 'h')]
    short_help: bool,
    /// Print the help
    #[arg(long)]
    help: bool,
    #[command(flatten)]
    run: RunArgs,
}

//! Command line arguments, parsed with clap.
//!
//! This module only defines the syntax and the help texts. It reads no file and no variable;
//! [`crate::cli::settings`] turns the arguments into a request.

#[cfg(feature = "remote")]
mod cache;
mod check;
mod explain;
mod global;
mod help;
mod help_args;
mod hook;
mod init;
mod merge;
mod run;
mod sandbox;

use std::ffi::{OsStr, OsString};

use clap::builder::{Resettable, StyledStr};
use clap::{Args as _, Command, CommandFactory, FromArgMatches, Parser};

#[cfg(feature = "remote")]
pub(crate) use cache::{CacheArgs, CacheCommandArgs};
pub(crate) use check::{CheckArgs, CheckAsked, HelpLength, clap_command as check_command};
pub(crate) use explain::{CompareArgs, DoctorArgs, WhyArgs};
pub(crate) use global::{EngineArg, GlobalArgs};
pub(crate) use help_args::HelpArgs;
pub(crate) use hook::{
    HookArg, HookArgs, HookCommandArgs, HookInstallArgs, HookRunArgs, HookUninstallArgs,
};
pub(crate) use init::{CiArg, GitlabArg, InitArgs, RemoveArgs, SyncArgs, UpdateArgs};
pub(crate) use merge::MergeArgs;
pub(crate) use run::{CacheArg, MessageFormat, ReportTarget, RunArgs, RunSomeArgs, WatchArgs};
pub(crate) use sandbox::{BashArgs, TrustArgs};

use crate::cli::exit::Failure;
use crate::program::Program;

/// Run your CI checks on your own machine, and get the result that CI gets
#[derive(Debug, Parser)]
#[command(
    name = "cargo-pipe",
    bin_name = "cargo pipe",
    version,
    long_about = help::ABOUT,
    after_help = help::AFTER,
    after_long_help = help::AFTER_LONG,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_value_name = "COMMAND | CHECK",
    infer_long_args = false,
    disable_help_subcommand = true
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: CommandArgs,
}

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CommandArgs {
    /// Set up a project: pipe.toml, Dockerfile, locks, tool configs
    #[command(after_help = help::INIT)]
    Init(InitArgs),

    /// Update the generated files to match pipe.toml
    #[command(after_help = help::SYNC)]
    Sync(SyncArgs),

    /// Run all checks
    #[command(after_help = help::RUN_STATUS, after_long_help = help::RUN_ALL)]
    RunAll(RunArgs),

    /// Run the named checks
    #[command(after_help = help::RUN_STATUS, after_long_help = help::RUN)]
    Run(RunSomeArgs),

    /// Run checks again whenever a file changes
    #[command(after_help = help::WATCH)]
    Watch(WatchArgs),

    /// Accept all current findings, so that only new ones count
    #[command(after_help = help::BASELINE)]
    Baseline(BaselineArgs),

    /// List the checks of the project
    List(ListArgs),

    /// Build the environments of checks in advance
    #[command(after_help = help::BUILD)]
    Build(BuildArgs),

    /// Make keys for a remote cache, and show the size of the local one
    #[cfg(feature = "remote")]
    #[command(after_help = help::CACHE)]
    Cache(CacheArgs),

    /// Open a shell, or run a command, in the container of a check
    #[command(after_help = help::BASH)]
    Bash(BashArgs),

    /// Grant the permissions that this project asks for
    #[command(after_help = help::TRUST)]
    Trust(TrustArgs),

    /// Check what is staged before each commit, with a git hook
    Hook(HookArgs),

    /// Serve editors and agents with the Model Context Protocol
    #[cfg(feature = "mcp")]
    Mcp,

    /// Explain why a check would run instead of using its cached result
    #[command(after_help = help::WHY)]
    Why(WhyArgs),

    /// Compare the inputs on this machine with those of a report
    #[command(after_help = help::COMPARE)]
    Compare(CompareArgs),

    /// Merge the reports of a run that several machines share
    #[command(after_help = help::MERGE)]
    Merge(MergeArgs),

    /// Check that everything cargo pipe needs is installed and working
    #[command(after_help = help::DOCTOR)]
    Doctor(DoctorArgs),

    /// Update locked tool and dependency versions
    #[command(after_help = help::UPDATE)]
    Update(UpdateArgs),

    /// Remove the containers, volumes and images of this project
    #[command(long_about = help::REMOVE)]
    Remove(RemoveArgs),

    /// Print a shell completion script
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),

    /// Print the JSON schema of pipe.toml, or of a JSON output
    #[command(after_help = help::SCHEMA)]
    Schema(SchemaArgs),

    /// Print a manual page
    #[command(after_help = help::MAN)]
    Man(ManArgs),

    /// Print help for a command, a check or a topic
    #[command(after_help = help::HELP)]
    Help(HelpArgs),

    /// The name of a check and its arguments, not parsed yet.
    #[command(external_subcommand)]
    External(Vec<OsString>),

    /// A check by its name; made by [`parse`].
    #[command(skip)]
    Check(CheckArgs),
}

/// Arguments of `baseline`.
#[derive(Debug, clap::Args)]
pub(crate) struct BaselineArgs {
    /// File to write, relative to the project
    ///
    /// Defaults to `baseline` in pipe.toml, or else to `baseline.jsonl` in the config folder.
    ///
    /// [env: CARGO_PIPE_BASELINE]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<String>,

    /// Remove the entries that are obsolete, and accept nothing new
    #[arg(long)]
    pub(crate) prune: bool,
}

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `build`.
#[derive(Debug, clap::Args)]
pub(crate) struct BuildArgs {
    /// The checks to build for [default: all]
    #[arg(value_name = "CHECK")]
    pub(crate) checks: Vec<String>,

    /// Build the image for CI jobs, with all environments and this program
    ///
    /// Its name is `[image] registry` in pipe.toml, with a tag that depends on its content. The
    /// generated GitLab pipeline has a job that runs this.
    #[arg(long, conflicts_with = "checks")]
    pub(crate) ci_image: bool,

    /// Push that image, unless its registry already has it
    #[arg(long, requires = "ci_image")]
    pub(crate) push: bool,
}

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// The document
    #[arg(value_enum, default_value_t)]
    pub(crate) document: Document,
}

/// A document with a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Document {
    /// The configuration of a project
    #[default]
    #[value(name = "pipe.toml")]
    PipeToml,
    /// `--report json` and `--message-format json`
    Report,
    /// `--dry-run` with `--message-format json`
    Plan,
    /// `why --json`
    Why,
    /// `compare --json`
    Compare,
}

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The command to document [default: cargo pipe itself]
    pub(crate) command: Option<String>,
}

/// Parses the arguments of a process, including its own name.
///
/// `cargo pipe X` starts `cargo-pipe pipe X`, so one leading `pipe` is dropped.
pub(crate) fn parse(
    program: Program,
    arguments: impl Iterator<Item = OsString>,
) -> Result<Args, Failure> {
    let mut arguments: Vec<OsString> = arguments.collect();
    if arguments.get(1).is_some_and(|word| word == "pipe") {
        arguments.remove(1);
    }
    set_color(&arguments);
    let matches = match command(program).try_get_matches_from(&arguments) {
        Err(error) if help_args::is_long_help(&error) => {
            return Ok(Args::try_parse_from(["cargo-pipe", "help", help_args::INLINE])?);
        }
        parsed => parsed?,
    };
    let args = Args::from_arg_matches(&matches)?;
    let CommandArgs::External(words) = &args.command else {
        return Ok(args);
    };
    match words.first().and_then(|name| name.to_str()) {
        Some(name) => Ok(check::parse(program, &arguments, name, args.global)),
        None => Err(Failure::usage("the name of the command or check is not valid Unicode")),
    }
}

/// The whole command line for clap. Its texts are respelled for `program` before clap wraps them.
pub(crate) fn command(program: Program) -> Command {
    let command = Args::command().mut_subcommand("watch", without_dry_runs);
    match program {
        Program::CargoPipe => command,
        Program::Xtask => spelled(command, program).bin_name(program.name()),
    }
}

/// Hides the options of a run that `watch` refuses.
fn without_dry_runs(watch: Command) -> Command {
    let refused = ["diff", "dry_run", "partition", "costs"];
    refused.into_iter().fold(watch, |watch, name| watch.mut_arg(name, |option| option.hide(true)))
}

fn spelled(command: Command, program: Program) -> Command {
    let spell = |text: Option<&StyledStr>| {
        text.map(|text| StyledStr::from(program.spell(&text.ansi().to_string()).into_owned()))
    };
    let (about, long_about) = (spell(command.get_about()), spell(command.get_long_about()));
    let (after, long_after) =
        (spell(command.get_after_help()), spell(command.get_after_long_help()));
    command
        .about(Resettable::from(about))
        .long_about(Resettable::from(long_about))
        .after_help(Resettable::from(after))
        .after_long_help(Resettable::from(long_after))
        .mut_args(|arg| {
            let (help, long_help) = (spell(arg.get_help()), spell(arg.get_long_help()));
            arg.help(Resettable::from(help)).long_help(Resettable::from(long_help))
        })
        .mut_subcommands(|command| spelled(command, program))
}

/// The names of the commands.
pub(crate) fn command_names() -> Vec<String> {
    let command = Args::command();
    command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect()
}

/// Adds the run options to the command of a check.
pub(crate) fn augment_with_run(command: Command) -> Command {
    RunArgs::augment_args(command)
}

/// Applies `--color` before clap runs, so that its own errors respect it.
fn set_color(arguments: &[OsString]) {
    let flag = OsStr::new("--color");
    let separate = arguments.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].to_str());
    let joined = arguments.iter().map(|word| word.to_str()?.strip_prefix("--color="));
    let choice = match separate.chain(joined).flatten().next() {
        Some("always") => anstream::ColorChoice::Always,
        Some("never") => anstream::ColorChoice::Never,
        _ => anstream::ColorChoice::Auto,
    };
    choice.write_global();
}

#[cfg(test)]
mod tests {
    use crate::check::COMMANDS;

    use super::*;

    #[test]
    fn the_library_knows_every_command_and_no_other() {
        let mut names = command_names();
        names.sort();
        assert_eq!(names, COMMANDS);
    }
}

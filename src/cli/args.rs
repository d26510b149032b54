//! What can be typed.
//!
//! Owns the words of the command line and their help. It must not know what they mean: it reads no
//! file and no variable. [`crate::cli::settings`] takes it from here.

mod check;
mod help;
mod inside;
mod run;
mod upkeep;

use std::ffi::{OsStr, OsString};
use std::num::NonZeroU16;
use std::path::PathBuf;

use crate::check::Grant;
use clap::builder::{Resettable, StyledStr};
use clap::{Args as _, Command, CommandFactory, FromArgMatches, Parser};

pub(crate) use check::{CheckArgs, CheckAsked, clap_command as check_command};
pub(crate) use inside::{BashArgs, TrustArgs};
pub(crate) use run::{AuditArg, CacheArg, MessageFormat, ReportTarget, RunArgs};
pub(crate) use upkeep::{CompareArgs, DoctorArgs, SyncArgs, UpdateArgs, WhyArgs};

use crate::cli::exit::Failure;
use crate::program::Program;

/// Run a project's code-quality checks exactly as CI runs them
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
    infer_long_args = false
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: CommandArgs,
}

/// The options that every command takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// The project's folder, or one below it [default: .]
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub(crate) project: Option<PathBuf>,

    /// What is checked, relative to the project; may be repeated [env: CARGO_PIPE_SOURCE]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) source: Vec<String>,

    /// Where the tools' configs are, relative to the project [env: CARGO_PIPE_CONFIG]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) config: Option<String>,

    /// Where checks run [env: CARGO_PIPE_ENGINE]
    #[arg(long, value_name = "ENGINE", global = true)]
    pub(crate) engine: Option<EngineArg>,

    /// How many checks run at once [env: CARGO_PIPE_JOBS]
    #[arg(long, value_name = "N", global = true)]
    pub(crate) jobs: Option<NonZeroU16>,

    /// How many processors each check has [env: CARGO_PIPE_CPUS]
    #[arg(long, value_name = "N", global = true)]
    pub(crate) cpus: Option<NonZeroU16>,

    /// Ask the network for nothing [env: CARGO_PIPE_OFFLINE]
    #[arg(long, global = true)]
    pub(crate) offline: bool,

    /// Grant what the project asks for beyond the sandbox; may be repeated [env: CARGO_PIPE_ALLOW]
    ///
    /// A check has no network, no docker socket and cannot write, whatever `pipe.toml` says. Only
    /// you can grant more, by its name: `network`, `docker-socket`, `writable`, `dockerfile` for
    /// images that are built from a Dockerfile of the project's own, or `host` for code of the
    /// project's own where there is neither a container nor another sandbox.
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) allow: Vec<Grant>,

    /// Show every program that is started, as it could be typed
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Show the verdict's line only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// When to use colours [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub(crate) color: clap::ColorChoice,
}

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EngineArg {
    /// The first that is there
    Auto,
    /// Containers of the docker CLI
    Docker,
    /// Containers of podman
    Podman,
    /// Virtual environments, without a container
    Venv,
}

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CommandArgs {
    /// Scaffold a project: `pipe.toml`, Dockerfile, locks, the tools' configs
    #[command(after_help = help::INIT)]
    Init(InitArgs),

    /// Bring the generated files up to date with `pipe.toml`
    #[command(after_help = help::SYNC)]
    Sync(SyncArgs),

    /// Run all checks, in parallel
    #[command(after_help = help::RUN_ALL)]
    RunAll(RunArgs),

    /// Run some checks, in parallel
    #[command(after_help = help::RUN)]
    Run(RunSomeArgs),

    /// Accept what the checks find now, so that only new findings count
    #[command(after_help = help::BASELINE)]
    Baseline(BaselineArgs),

    /// List the checks
    List(ListArgs),

    /// Build the environments of checks ahead of time
    #[command(after_help = help::BUILD)]
    Build(BuildArgs),

    /// Open a shell in exactly the container that a check gets, or run a command there
    #[command(after_help = help::BASH)]
    Bash(BashArgs),

    /// Grant what this project asks for beyond the sandbox, until that changes
    #[command(after_help = help::TRUST)]
    Trust(TrustArgs),

    /// Say why a check would run or be replayed: which input differs from last time
    #[command(after_help = help::WHY)]
    Why(WhyArgs),

    /// Say what differs between this machine's inputs and a report's
    #[command(after_help = help::COMPARE)]
    Compare(CompareArgs),

    /// Look whether everything is there that checks need, and say what to do
    #[command(after_help = help::DOCTOR)]
    Doctor(DoctorArgs),

    /// Bring newer versions of tools and dependencies into the locks
    #[command(after_help = help::UPDATE)]
    Update(UpdateArgs),

    /// Remove this project's containers, volumes and images
    #[command(long_about = help::REMOVE)]
    Remove(RemoveArgs),

    /// Print a script that completes commands, checks and options in a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),

    /// Print the manual page
    #[command(after_help = help::MAN)]
    Man(ManArgs),

    /// The name of a check, and what was typed behind it.
    #[command(external_subcommand)]
    External(Vec<OsString>),

    /// A check by its name; made by [`parse`].
    #[command(skip)]
    Check(CheckArgs),
}

/// What `init` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The folder to scaffold; made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// The pipelines to write, `none` for no pipeline
    ///
    /// Without it there is one for GitLab or GitHub where a remote of the repository is called so,
    /// and for GitLab where a `.gitlab-ci.yml` is there. That one is not touched: it gets a file to
    /// include beside it.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) ci: Vec<CiArg>,

    /// Where the jobs in GitLab run their checks
    #[arg(long, value_name = "KIND")]
    pub(crate) gitlab: Option<GitlabArg>,

    /// Give the Cargo workspace in the folder the task `cargo xtask pipe`
    ///
    /// A task runner that is there gets the dependency; the call in its `main` is yours to add.
    #[arg(long)]
    pub(crate) xtask: bool,

    /// Comment out options of the tools' configs that the locked tools refuse
    #[arg(long)]
    pub(crate) fix_configs: bool,

    /// Show what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// A pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CiArg {
    /// `.gitlab-ci.yml`
    Gitlab,
    /// `.github/workflows/pipe.yml`
    Github,
    /// None
    None,
}

/// Where the jobs in GitLab run their checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum GitlabArg {
    /// In the job itself, whose image is Python's: no docker is needed
    Image,
    /// In containers of the runner's engine, whose socket is bound into jobs
    Socket,
    /// In containers of an engine beside the job, on a privileged runner
    Dind,
}

/// What `remove` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    /// Remove the files that `init` wrote as well, as far as nobody edited them
    #[arg(long)]
    pub(crate) files: bool,
}

/// What `run` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RunSomeArgs {
    /// The checks to run
    #[arg(value_name = "NAME", required = true)]
    pub(crate) checks: Vec<String>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// What `baseline` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct BaselineArgs {
    /// The file to write, relative to the project [env: CARGO_PIPE_BASELINE]
    ///
    /// Without it, the one of `baseline` in pipe.toml, or `baseline.jsonl` in the config folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<String>,
}

/// What `list` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `build` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct BuildArgs {
    /// The checks to build for; all if none is named
    #[arg(value_name = "NAME")]
    pub(crate) checks: Vec<String>,

    /// Make the image that jobs of CI run in: all environments, and this program
    ///
    /// It is called as `[image] registry` in pipe.toml says, with a tag for what is in it. The job
    /// that does this in GitLab is generated.
    #[arg(long, conflicts_with = "checks")]
    pub(crate) ci_image: bool,

    /// Push that image, unless its registry has it already
    #[arg(long, requires = "ci_image")]
    pub(crate) push: bool,
}

/// What `completions` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// What `man` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The command whose page to print; cargo pipe's own if none is named
    pub(crate) command: Option<String>,
}

/// Reads the arguments of a process, its own name included.
///
/// `cargo pipe X` starts `cargo-pipe pipe X`, so one leading `pipe` is no word of ours.
pub(crate) fn parse(
    program: Program,
    arguments: impl Iterator<Item = OsString>,
) -> Result<Args, Failure> {
    let mut arguments: Vec<OsString> = arguments.collect();
    if arguments.get(1).is_some_and(|word| word == "pipe") {
        arguments.remove(1);
    }
    set_color(&arguments);
    check::help_last(&mut arguments);
    let matches = command(program).try_get_matches_from(&arguments)?;
    let args = Args::from_arg_matches(&matches)?;
    let CommandArgs::External(words) = &args.command else {
        return Ok(args);
    };
    match words.first().and_then(|name| name.to_str()) {
        Some(name) => Ok(check::parse(program, &arguments, name, args.global)),
        None => Err(Failure::usage("the name of a command or check is not Unicode")),
    }
}

/// The whole command line as clap sees it. Its texts offer what can be typed, before they are folded
/// to the width of a terminal.
pub(crate) fn command(program: Program) -> Command {
    match program {
        Program::CargoPipe => Args::command(),
        Program::Xtask => spelled(Args::command(), program).bin_name(program.name()),
    }
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
    let names = command.get_subcommands().map(|sub| sub.get_name().to_owned());
    names.chain(["help".to_owned()]).collect()
}

/// The options of a check, on a command that stands for it.
pub(crate) fn augment_with_run(command: Command) -> Command {
    RunArgs::augment_args(command)
}

/// Colours are settled before anything is said, complaints about the arguments included.
fn set_color(arguments: &[OsString]) {
    let flag = OsStr::new("--color");
    let behind = arguments.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].to_str());
    let joined = arguments.iter().map(|word| word.to_str()?.strip_prefix("--color="));
    let choice = match behind.chain(joined).flatten().next() {
        Some("always") => anstream::ColorChoice::Always,
        Some("never") => anstream::ColorChoice::Never,
        _ => anstream::ColorChoice::Auto,
    };
    choice.write_global();
}

#[cfg(test)]
mod tests {
    use crate::check::{COMMANDS, RESERVED_NAMES};

    use super::*;

    #[test]
    fn the_library_knows_every_command_and_no_other() {
        let mut names = command_names();
        names.sort();
        assert_eq!(names, COMMANDS);
        assert!(COMMANDS.iter().all(|name| RESERVED_NAMES.contains(name)));
    }
}

//! The commands. Each calls the library, and shows the result through the terminal.

mod base_lock;
mod baseline;
mod bash;
mod build;
#[cfg(feature = "remote")]
mod cache;
mod check;
mod completions;
mod describe;
mod doctor;
mod help;
mod hook;
mod init;
mod list;
mod man;
#[cfg(feature = "mcp")]
mod mcp;
mod merge;
mod remove;
mod reports;
mod run;
mod schema;
mod sync;
mod trust;
mod update;
mod watch;
mod why;

use std::io;
use std::sync::OnceLock;

use crate::pipeline::Pipeline;

use crate::cli::exit::{Ending, Failure};
use crate::cli::settings::{Action, CommandLine, ProjectLocation};
use crate::cli::terminal::Term;

pub(crate) use help::overview;
#[cfg(feature = "mcp")]
pub(crate) use list::ListedCheck;
pub(crate) use trust::Asking;

/// Runs a command.
pub(crate) fn dispatch(settings: CommandLine, term: &mut Term) -> Result<Ending, Failure> {
    let CommandLine { place, verbosity, action } = settings;
    term.set_verbosity(verbosity);
    term.set_typed(place.typed.clone());
    if uses_global_threads(&action) {
        start_global_threads()?;
    }
    let verdict = match action {
        Action::Init(wanted) => init::init(&place, &wanted, term),
        Action::Sync(sync) => sync::sync(&place, sync, term),
        Action::Run(run) => run::run(place, &run, term),
        Action::Watch(wanted) => watch::watch(place, wanted, term),
        Action::Check(check) => check::check(place, check, term),
        Action::Baseline { output, prune: false } => baseline::accept(place, output, term),
        Action::Baseline { output, prune: true } => baseline::prune(place, output, term),
        Action::List { format } => list::list(place, format, term),
        Action::Build { checks } => build::build(place, checks, term),
        Action::Ship(then) => build::ship(place, then, term),
        Action::Bash(look) => return bash::bash(place, look, term),
        Action::Trust(trust) => trust::trust(place, trust, term),
        Action::Why { check, format } => why::why(place, check, format, term),
        Action::Compare { report, format } => why::compare(place, &report, format, term),
        #[cfg(feature = "remote")]
        Action::GenerateKey(file) => cache::generate_key(&file, term),
        #[cfg(feature = "remote")]
        Action::CacheStats => cache::show_stats(place, term),
        Action::Merge { reports, output } => merge::merge(&place, &reports, &output, term),
        Action::Doctor(doctor) => doctor::doctor(&place, &doctor, term),
        Action::Update { request, writing } => update::update(place, &request, writing, term),
        Action::Remove { removal, files } => remove::remove(place, removal, files, term),
        Action::Completions(shell) => completions::completions(place, shell, term),
        Action::Hook(wanted) => hook::hook(place, wanted, term),
        #[cfg(feature = "mcp")]
        Action::Mcp => mcp::mcp(place, term),
        Action::Help(wanted) => help::help(place, wanted, term),
        Action::Schema(document) => Ok(schema::schema(document, term)),
        Action::Man { command } => man::man(command.as_deref(), term),
    };
    verdict.map(Ending::Verdict)
}

/// Whether a command reads or removes files in rayon's global pool. Runs have a pool of their own, and
/// a command that only prints starts none.
fn uses_global_threads(action: &Action) -> bool {
    match action {
        Action::Init(_)
        | Action::Sync(_)
        | Action::Watch(_)
        | Action::Baseline { .. }
        | Action::Build { .. }
        | Action::Ship(_)
        | Action::Bash(_)
        | Action::Doctor(_)
        | Action::Update { .. }
        | Action::Remove { .. }
        | Action::Hook(_) => true,
        #[cfg(feature = "mcp")]
        Action::Mcp => true,
        #[cfg(feature = "remote")]
        Action::GenerateKey(_) | Action::CacheStats => false,
        Action::Run(_)
        | Action::Check(_)
        | Action::List { .. }
        | Action::Trust(_)
        | Action::Why { .. }
        | Action::Compare { .. }
        | Action::Merge { .. }
        | Action::Completions(_)
        | Action::Help(_)
        | Action::Schema(_)
        | Action::Man { .. } => false,
    }
}

/// Starts the global pool, which panics at its first use where the system refuses threads.
fn start_global_threads() -> Result<(), Failure> {
    // The pool may be started already: an xtask runs several commands.
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    let started = STARTED.get_or_init(|| {
        let built = rayon::ThreadPoolBuilder::new().build_global();
        built.map_err(|error| error.to_string())
    });
    started.clone().map_err(|error| Failure::System {
        what: "cannot start threads".to_owned(),
        source: io::Error::other(error),
    })
}

/// Discovers and configures the project of a command.
fn pipeline(place: ProjectLocation) -> Result<Pipeline, Failure> {
    let ProjectLocation { folder, environment, flags, typed: _ } = place;
    Ok(Pipeline::discover(&folder, environment, flags)?)
}

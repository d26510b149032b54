//! What the commands do.
//!
//! Owns the list of them. Each asks the library for its work and the printer to show it; none knows
//! how arguments are spelled or what a stream is. Its verdict becomes the exit status.

mod build;
mod check;
mod completions;
mod describe;
mod init;
mod list;
mod man;
mod remove;
mod reports;
mod run;

use cargo_pipe::outcome::Verdict;
use cargo_pipe::pipeline::Pipeline;

use crate::exit::Failure;
use crate::settings::{Action, Place, Settings};
use crate::term::Term;

/// Does what was asked for.
pub(crate) fn dispatch(settings: Settings, term: &mut Term) -> Result<Verdict, Failure> {
    let Settings { place, verbosity, action } = settings;
    term.set_verbosity(verbosity);
    match action {
        Action::Init { folder, asked } => init::init(&place, &folder, &asked, term),
        Action::Run(run) => run::run(place, &run, term),
        Action::Check(check) => check::check(place, check, term),
        Action::List { format } => list::list(place, format, term),
        Action::Build { checks } => build::build(place, checks, term),
        Action::Remove { files } => remove::remove(place, files, term),
        Action::Completions(shell) => completions::completions(place, shell, term),
        Action::Man { command } => man::man(command.as_deref(), term),
    }
}

/// The configured project that a command works on.
fn pipeline(place: Place) -> Result<Pipeline, Failure> {
    let Place { folder, environment, flags } = place;
    Ok(Pipeline::discover(&folder, environment, flags)?)
}

//! `man`: the manual pages, generated from the help.

use clap_mangen::Man;

use crate::cli::args;
use crate::cli::exit::Failure;
use crate::cli::terminal::Term;
use crate::config::nearest::advise;
use crate::outcome::Verdict;
use crate::program::Program;

/// Prints the page of a command, or of cargo pipe.
pub(super) fn man(name: Option<&str>, term: &mut Term) -> Result<Verdict, Failure> {
    let mut command = args::command(Program::CargoPipe);
    command.build();
    let page = match name {
        None => command,
        Some(name) => command.find_subcommand(name).cloned().ok_or_else(|| unknown_page(name))?,
    };
    let mut text = Vec::new();
    Man::new(page).render(&mut text).map_err(|source| Failure::System {
        what: "cannot render the manual page".to_owned(),
        source,
    })?;
    term.data(&String::from_utf8_lossy(&text));
    Ok(Verdict::Passed)
}

fn unknown_page(name: &str) -> Failure {
    let commands = args::command_names();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    Failure::usage(format!("no manual page for `{name}`")).with_hint(advise(name, &commands))
}

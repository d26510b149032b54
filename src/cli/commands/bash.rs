//! `bash`: a shell or a command in the container of a check.

use std::io::{self, IsTerminal};

use crate::container::{APP, LAUNCH};
use crate::error::Error;
use crate::outcome::Verdict;
use crate::plan::{Shell, ShellFiles, ShellRequest, Streams};
use crate::process::{Cancel, Emitter};
use crate::report::harmless;
use crate::tools::command::Command;

use super::{describe, pipeline, run};
use crate::cli::exit::{Ending, Failure};
use crate::cli::settings::{BashCommand, ProjectLocation};
use crate::cli::terminal::Term;

/// Opens a shell in a check's container, or runs a command there.
pub(super) fn bash(
    place: ProjectLocation,
    look: BashCommand,
    term: &mut Term,
) -> Result<Ending, Failure> {
    let BashCommand { check, docker_socket, files, command } = look;
    let streams = match io::stdin().is_terminal() && io::stdout().is_terminal() {
        true => Streams::Terminal,
        false => Streams::Plain,
    };
    let is_shell = command.is_empty();
    if is_shell && streams == Streams::Plain {
        return Err(no_terminal(check.as_deref()));
    }
    let pipeline = pipeline(place)?;
    let request = ShellRequest { check, command, docker_socket, files, streams };
    let visit = pipeline.plan_shell(&request)?;
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    if is_shell {
        term.note(&about(&visit));
    }
    term.note(&describe_withheld(&visit));
    let mut observer = term.observer();
    let status = pipeline.context(&cancel, &Emitter::new(&mut observer)).open_shell(&visit);
    term.observed(observer);
    if interrupts.happened() {
        return Ok(Ending::Verdict(Verdict::Interrupted));
    }
    Ok(Ending::of_status(status.map_err(Error::Check)?))
}

/// The error without a terminal.
fn no_terminal(check: Option<&str>) -> Failure {
    let check = check.map(|check| format!(" {}", harmless::line(check))).unwrap_or_default();
    Failure::usage("a shell needs a terminal").with_hint(format!(
        "add a command: `cargo pipe bash{check} -- ls -l`, or `cargo pipe bash{check} -- sh` to run a \
         script from standard input"
    ))
}

/// Names the secrets that the check gets and the shell does not.
fn describe_withheld(visit: &Shell) -> String {
    let withheld: Vec<String> = visit.withheld.iter().map(|name| format!("`{name}`")).collect();
    match withheld.as_slice() {
        [] => String::new(),
        [name] => format!("{name} is not set here, because the output of a shell is not masked\n"),
        names => format!(
            "{} are not set here, because the output of a shell is not masked\n",
            names.join(", ")
        ),
    }
}

/// The introduction: what the container shows, and what the check runs.
fn about(visit: &Shell) -> String {
    let command = match &visit.step.command {
        Command::Exec(words) | Command::Report { argv: words, .. } => words.clone(),
        command @ Command::Module { .. } => {
            LAUNCH.map(str::to_owned).into_iter().chain(command.operands()).collect()
        }
    };
    let client = match visit.has_client {
        true => " with the docker socket and Debian's `docker-cli`, in an image of its own",
        false => "",
    };
    let project = match visit.files {
        ShellFiles::Project => "the project itself, read-only,",
        ShellFiles::WritableProject => "the project itself, writable,",
        _ => "the project",
    };
    format!(
        "in the container of `{}`{client}: {project} is in {APP}, `exit` leaves\n\
         the check runs: {}\n",
        visit.step.id,
        describe::typed(&command)
    )
}

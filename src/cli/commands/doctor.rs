//! `doctor`: checks that everything is installed and works.

use std::path::Path;

use serde::Serialize;

use crate::cli::args::MessageFormat;
use crate::cli::commands::run;
use crate::cli::exit::Failure;
use crate::cli::settings::{Doctor, ProjectLocation};
use crate::cli::terminal::{Stream, Term};
use crate::doctor::runner::{self, Runner, RunnerConfig, Socket};
use crate::doctor::{self, Diagnosis, Examined, Health};
use crate::outcome::Verdict;
use crate::process::Cancel;
use crate::read::{self, SizeLimit};
use crate::report::harmless;
use crate::report::human::fold::labelled;
use crate::report::human::style::{self, paint};
use crate::scaffold::ScaffoldError;

/// The remark on a changed runner configuration.
const CHANGE_HINT: &str =
    "the runner reloads the file automatically; possible secrets are hidden here";

/// The consequences of binding the socket, and the alternative.
const SOCKET_HINT: &str = "every job of that runner then has root access to its machine, so use it only for trusted \
    projects. A pipeline with `gitlab = \"image\"` in `pipe.toml` needs no socket";

/// Checks the project and the machine, or a runner's configuration.
pub(super) fn doctor(
    place: &ProjectLocation,
    doctor: &Doctor,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    match &doctor.runner_config {
        Some(file) => runner_config(&place.folder, file, doctor.format, term),
        None => examine(place, doctor.format, term),
    }
}

fn examine(
    place: &ProjectLocation,
    format: MessageFormat,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let cancel = Cancel::default();
    let interrupts = run::interrupts(&cancel)?;
    let mut observer = term.observer();
    let ProjectLocation { folder, environment, flags, typed: _ } = place;
    let diagnosis = doctor::examine(folder, environment, flags, &cancel, &mut observer);
    term.observed(observer);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    match format {
        MessageFormat::Json => term.data(&json(&diagnosis)),
        _ => term.text(&state(&diagnosis, Stream::Out.width())),
    }
    Ok(diagnosis.verdict())
}

fn state(diagnosis: &Diagnosis, width: Option<usize>) -> String {
    diagnosis.examined.iter().map(|examined| line(examined, width)).collect()
}

fn line(examined: &Examined, width: Option<usize>) -> String {
    let (style, word) = match examined.state {
        Health::Good => (style::GOOD, "good   "),
        Health::Warning => (style::WARNING, "warning"),
        _ => (style::ERROR, "wrong  "),
    };
    let found = format!("{:<8}  {}", examined.subject, examined.found);
    let mut text = labelled((style, word), &found, width);
    if let Some(next) = examined.next.as_deref().filter(|_| examined.state != Health::Good) {
        text += &labelled((style::INFO, "    hint:"), next, width);
    }
    text
}

fn runner_config(
    folder: &Path,
    file: &Path,
    format: MessageFormat,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let place = folder.join(file);
    let text = read::read_named_text(&place, SizeLimit::Config).map_err(|error| {
        Failure::System { what: format!("cannot read `{}`", file.display()), source: error.into() }
    })?;
    let name = file.display().to_string();
    let read = runner::examine(&name, &text).map_err(ScaffoldError::from)?;
    let missing = read.runners.iter().filter(|runner| runner.socket == Socket::Missing).count();
    match format {
        MessageFormat::Json => term.data(&json(&read)),
        _ => tell(&read, missing, term),
    }
    Ok(if missing == 0 { Verdict::Passed } else { Verdict::Findings })
}

fn tell(read: &RunnerConfig, missing: usize, term: &mut Term) {
    let lines: String = read.runners.iter().map(runner_line).collect();
    term.note(if lines.is_empty() { "this file contains no runner\n" } else { &lines });
    term.patch(read.change.as_bytes());
    if missing > 0 {
        term.hint(CHANGE_HINT);
        term.hint(SOCKET_HINT);
    }
}

fn runner_line(runner: &Runner) -> String {
    let (style, word, state) = match runner.socket {
        Socket::Bound => (style::GOOD, "good   ", "binds the docker socket into jobs"),
        Socket::Missing => (style::ERROR, "wrong  ", "does not bind the docker socket into jobs"),
        Socket::Beside => (style::GOOD, "good   ", "is set up for `gitlab = \"dind\"`"),
        Socket::Foreign => (style::GOOD, "good   ", "runs jobs without docker"),
    };
    let Runner { name, line, executor, .. } = runner;
    let text = harmless::line(&format!("line {line}: `{name}` ({executor}) {state}"));
    format!("{} {text}\n", paint(style, word))
}

fn json(value: &impl Serialize) -> String {
    // Structs of strings and numbers can always be serialized.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

//! `doctor`: checks that everything is installed and works.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::cli::args::MessageFormat;
use crate::cli::commands::run;
use crate::cli::exit::Failure;
use crate::cli::settings::{Doctor, ProjectLocation};
use crate::cli::terminal::{Stream, Term};
use crate::doctor::runner::{self, JobNeeds, Runner, RunnerConfig};
use crate::doctor::runner_user::RunnerUser;
use crate::doctor::{self, Examined, Health};
use crate::outcome::Verdict;
use crate::pipeline::Pipeline;
use crate::process::{Cancel, Emitter};
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
        Some(file) => runner_config(place, file, doctor.format, term),
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
    let mut show = |examined: &[Examined]| {
        if format != MessageFormat::Json {
            term.text(&lines(examined, Stream::Out.width()));
        }
    };
    let diagnosis = doctor::examine(folder, environment, flags, &cancel, &mut observer, &mut show);
    term.observed(observer);
    if interrupts.happened() {
        return Ok(Verdict::Interrupted);
    }
    if format == MessageFormat::Json {
        term.data(&json(&diagnosis));
    }
    Ok(diagnosis.verdict())
}

/// Renders results. Neighbours with the same suggestion have it once, below the last of them.
fn lines(examined: &[Examined], width: Option<usize>) -> String {
    let same_hint = |a: &Examined, b: &Examined| hint(a).is_some() && hint(a) == hint(b);
    let mut text = String::new();
    for group in examined.chunk_by(same_hint) {
        text.extend(group.iter().map(|examined| line(examined, width)));
        if let Some(hint) = group.last().and_then(hint) {
            text += &labelled((style::INFO, "    hint:"), hint, width);
        }
    }
    text
}

fn hint(examined: &Examined) -> Option<&str> {
    examined.next.as_deref().filter(|_| examined.state != Health::Good)
}

/// The label of a state, and its style.
fn state_label(state: Health) -> (anstyle::Style, &'static str) {
    match state {
        Health::Good => (style::GOOD, "good   "),
        Health::Warning => (style::WARNING, "warning"),
        _ => (style::ERROR, "wrong  "),
    }
}

fn line(examined: &Examined, width: Option<usize>) -> String {
    let (style, word) = state_label(examined.state);
    let found = format!("{:<8}  {}", examined.subject, examined.found);
    labelled((style, word), &found, width)
}

fn runner_config(
    place: &ProjectLocation,
    file: &Path,
    format: MessageFormat,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let ProjectLocation { folder, environment, flags, typed: _ } = place;
    let path = folder.join(file);
    let cannot_read =
        |source| Failure::System { what: format!("cannot read `{}`", file.display()), source };
    let text = read::read_named_text(&path, SizeLimit::Config)
        .map_err(|error| cannot_read(error.into()))?;
    let cancel = Cancel::default();
    let mut observer = term.observer();
    let user = RunnerUser::of_config(&path, environment, &cancel, &Emitter::new(&mut observer));
    term.observed(observer);
    let user = user.map_err(cannot_read)?;
    // A runner is examined anywhere: without a project, its jobs may need the socket.
    let pipeline = Pipeline::discover(folder, environment.clone(), flags.clone()).ok();
    let needs = JobNeeds::of(pipeline.as_ref().map(|pipeline| &pipeline.config));
    let name = file.display().to_string();
    let read = runner::examine(&name, &text, needs, &user).map_err(ScaffoldError::from)?;
    match format {
        MessageFormat::Json => term.data(&json(&read)),
        _ => describe_runners(&read, term),
    }
    let is_wrong = read.runners.iter().any(|runner| runner.state > Health::Warning);
    Ok(if is_wrong { Verdict::Findings } else { Verdict::Passed })
}

fn describe_runners(read: &RunnerConfig, term: &mut Term) {
    let lines: String = read.runners.iter().map(runner_line).collect();
    term.note(if lines.is_empty() { "this file contains no runner\n" } else { &lines });
    term.patch(read.change.as_bytes());
    if !read.change.is_empty() {
        term.hint(CHANGE_HINT);
        term.hint(SOCKET_HINT);
    }
    let hints: BTreeSet<&String> =
        read.runners.iter().filter_map(|runner| runner.next.as_ref()).collect();
    hints.into_iter().for_each(|hint| term.hint(&harmless::line(hint)));
}

fn runner_line(runner: &Runner) -> String {
    let Runner { name, line, executor, state, found, .. } = runner;
    let (style, word) = state_label(*state);
    let text = harmless::line(&format!("line {line}: `{name}` ({executor}) {found}"));
    format!("{} {text}\n", paint(style, word))
}

fn json(value: &impl Serialize) -> String {
    // Structs of strings and numbers can always be serialized.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

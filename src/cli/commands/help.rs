//! `help`: commands, checks and topics of the guide.
//!
//! A name is looked up among the commands, then among the checks of the project, then among the
//! topics, so that a topic never hides a command or a check.

use crate::check::COMMANDS;
use crate::config::nearest::nearest;
use crate::discover;
use crate::guide::{self, TOPICS, Topic};
use crate::outcome::Verdict;
use crate::plan;
use crate::report::human::style::{self, paint};

use super::{check, completions, pipeline};
use crate::cli::args::{self, CheckArgs, CheckAsked, HelpLength};
use crate::cli::exit::Failure;
use crate::cli::pager::Pager;
use crate::cli::settings::{Help, HelpSubject, Paging, ProjectLocation};
use crate::cli::terminal::Term;

/// Prints the help of something.
pub(super) fn help(
    place: ProjectLocation,
    wanted: Help,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    let pager = match wanted.paging {
        Paging::Terminal => Pager::find(&place.environment),
        Paging::Off => None,
    };
    match wanted.subject {
        HelpSubject::Overview => {
            let help = overview(args::command(term.program()));
            term.page(&help, pager.as_ref());
        }
        HelpSubject::Topic(name) => {
            let topic = guide::find(&name).ok_or_else(|| unknown_topic(&name))?;
            term.page_markdown(topic.text, pager.as_ref());
        }
        HelpSubject::Name(name) => return named(place, name, pager.as_ref(), term),
    }
    Ok(Verdict::Passed)
}

fn named(
    place: ProjectLocation,
    name: String,
    pager: Option<&Pager>,
    term: &mut Term,
) -> Result<Verdict, Failure> {
    if COMMANDS.contains(&name.as_str()) {
        term.page(&command_help(&name, term), pager);
        return Ok(Verdict::Passed);
    }
    if is_check(&place, &name) {
        let asked = Ok(CheckAsked::Help(HelpLength::Long));
        return check::check(place, CheckArgs { name, asked }, term);
    }
    let topic = guide::find(&name).ok_or_else(|| unknown_name(&name))?;
    term.page_markdown(topic.text, pager);
    Ok(Verdict::Passed)
}

/// Whether to treat a name as a check. If the configuration is invalid, its error is more helpful than
/// one about the name.
fn is_check(place: &ProjectLocation, name: &str) -> bool {
    match pipeline(place.clone()) {
        Ok(pipeline) => pipeline.config.checks.iter().any(|check| plan::names(name, check)),
        Err(_) if guide::find(name).is_some() => false,
        Err(_) => {
            completions::built_in_checks().contains(&name) || discover::find(&place.folder).is_ok()
        }
    }
}

/// The long help of a command, with the topics below its commands.
pub(crate) fn overview(mut command: clap::Command) -> String {
    let text = command.render_long_help().ansi().to_string();
    let is_options = |line: &str| anstream::adapter::strip_str(line).to_string() == "Options:";
    let mut with_topics = String::new();
    for line in text.split_inclusive('\n') {
        if is_options(line.trim_end()) {
            with_topics += &line.replace("Options:", "Topics:");
            with_topics += &topic_lines();
            with_topics += "\n";
        }
        with_topics += line;
    }
    with_topics
}

fn topic_lines() -> String {
    let width = TOPICS.iter().map(|topic| topic.name.len()).max().unwrap_or_default();
    let line = |topic: &Topic| {
        let name = paint(style::STRONG, format!("{:width$}", topic.name));
        format!("  {name}  {}\n", topic.summary)
    };
    TOPICS.iter().map(line).collect()
}

fn command_help(name: &str, term: &Term) -> String {
    let mut command = args::command(term.program());
    command.build();
    let help = command.find_subcommand_mut(name).map(clap::Command::render_long_help);
    help.map(|help| help.ansi().to_string()).unwrap_or_default()
}

fn unknown_topic(name: &str) -> Failure {
    let names: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
    let hint = match nearest(name, &names) {
        Some(near) => format!("did you mean `cargo pipe help -k {near}`?"),
        None => format!("topics are {}", names.join(", ")),
    };
    Failure::usage(format!("unknown topic `{name}`")).with_hint(hint)
}

fn unknown_name(name: &str) -> Failure {
    let failure = Failure::usage(format!("`{name}` is not a command, a check or a topic"));
    failure.with_hint(match nearest_name(name) {
        Some(near) => format!("did you mean `cargo pipe help {near}`?"),
        None => "`cargo pipe help` lists the commands and topics".to_owned(),
    })
}

/// The command or topic that was probably meant.
fn nearest_name(name: &str) -> Option<&'static str> {
    let topics = TOPICS.iter().map(|topic| topic.name);
    let names: Vec<&str> = COMMANDS.iter().copied().chain(topics).collect();
    nearest(name, &names)
}
